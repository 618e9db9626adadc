"""Monitoring of a declared centre: what must hold, what it comes to, and what a plan says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.catalogue import Catalogue
from infra.config.clouds import PublicCloud
from infra.config.issues import Issue, unknown
from infra.config.models import Center
from infra.plan import capabilities, figures
from infra.plan.model import PoolPlan
from infra.plan.monitoring import meter
from infra.plan.monitoring.model import MonitoringPlan

METER = "meter"
"""The image."""
_SCRAPE_SECONDS, _LOCAL_SCRAPE_SECONDS = 30, 15
_EVALUATIONS_PER_SCRAPE = 2
"""Rules are evaluated at every second scrape."""
_WHOLE_MONTHS_DAYS = 62
"""Last month's days are all there until this one has ended."""


def check(center: Center, catalogue: Catalogue) -> Iterator[Issue]:
    """Grids and profiles exist, what stands in for a feed is known, and the meter's image is one that can run."""
    yield from _image(center)
    green = center.green
    if green.grid is not None and green.grid not in catalogue.grids:
        yield unknown("green.grid", green.grid, catalogue.grids, "is not in the catalogue")
        return
    if green.profile is not None and green.profile not in catalogue.profiles:
        yield unknown("green.profile", green.profile, catalogue.profiles, "is not a usual day of the catalogue")
    if green.feed and figures.intensity(green, center.cloud, catalogue).gco2e_per_kwh is None:
        yield Issue(
            "green.feed",
            "is declared, and the grid's own figure is not known",
            allowed="green.grid: a grid of the catalogue",
            consequence="nothing would stand in where the feed is missing, and nothing would tell an absurd figure",
        )


def _image(center: Center) -> Iterator[Issue]:
    image, path = center.images.get(METER), f"images.{METER}"
    if image is None:
        return
    if center.cloud.kind == "local":
        yield Issue(
            path,
            "is not for local stacks, where the meter is a process of this machine",
            image,
            allowed="nothing",
            consequence="it would be ignored",
        )
    elif "@" not in image:
        yield Issue(
            path,
            "is not pinned by digest",
            image,
            allowed="repository:tag@sha256:…",
            consequence="the admission policy would refuse its pods",
        )


def resolved(center: Center, pools: Sequence[PoolPlan], catalogue: Catalogue) -> MonitoringPlan | None:
    """Return it; None where it is turned off."""
    declared, local = center.monitoring, center.cloud.kind == "local"
    if not declared.enabled:
        return None
    scrape = declared.scrape_seconds or (_LOCAL_SCRAPE_SECONDS if local else _SCRAPE_SECONDS)
    return MonitoringPlan(
        as_processes=local,
        sees_control_plane=not isinstance(center.cloud, PublicCloud),
        image=None if local else center.images.get(METER),
        retention_days=declared.retention_days,
        scrape_seconds=scrape,
        rules_seconds=_EVALUATIONS_PER_SCRAPE * scrape,
        storage=declared.storage,
        alerts=declared.alerts,
        feed=center.green.feed,
        meter=meter.configuration(center, pools, catalogue),
    )


def notes(center: Center, pools: Sequence[PoolPlan], catalogue: Catalogue) -> Iterator[str]:
    """What will not be seen, and why."""
    declared, cloud = center.monitoring, center.cloud
    if not declared.enabled:
        yield "monitoring: enabled is false; nothing is alerted on, and no energy is accounted for"
        return
    if cloud.kind != "local":
        if METER not in center.images:
            yield (
                "monitoring: no meter, as images.meter is not declared; build images/meter, push it, and name it by "
                "digest. Until then power, energy, carbon and budgets are not accounted for"
            )
        if not capabilities.has(cloud, "prometheus-operator"):
            yield (
                "monitoring: no Prometheus, as the cluster has no prometheus-operator. Rules and dashboards are made "
                "as ConfigMaps, for a Prometheus of your own to read"
            )
        if not declared.alerts.receivers:
            yield "monitoring: alerts.receivers is empty; alerts are shown, and nobody is told"
    if declared.retention_days < _WHOLE_MONTHS_DAYS:
        yield (
            f"monitoring: retentionDays is {declared.retention_days}; last month's statement is incomplete once its "
            f"first days are gone; {_WHOLE_MONTHS_DAYS} keeps it until this month has ended"
        )
    yield from _unknown(center, pools, catalogue)


def _unknown(center: Center, pools: Sequence[PoolPlan], catalogue: Catalogue) -> Iterator[str]:
    """Figures that the meter will be without."""
    if figures.intensity(center.green, center.cloud, catalogue).gco2e_per_kwh is None:
        yield "monitoring: the carbon intensity of the grid is unknown; energy is accounted for, carbon is not"
    if figures.pue(center.green, center.cloud, catalogue).value is None:
        yield "monitoring: the PUE is unknown; what is accounted for is the machines' energy alone"
    for pool in pools:
        if pool.accelerator and figures.accelerator_watts(catalogue.accelerators[pool.accelerator]) is None:
            yield (
                f"pool {pool.name}: the power of {catalogue.accelerators[pool.accelerator].name} is unknown; what its "
                "exporter does not measure is counted as unknown, not estimated"
            )

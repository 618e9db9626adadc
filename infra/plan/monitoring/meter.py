"""The meter's configuration: the catalogue's figures of every pool and of the place, as plain data.

A figure that nobody published is left out, and the meter then exports no series for it: never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from infra.catalogue import Catalogue
from infra.config.clouds import Cloud, PublicCloud
from infra.config.models import Center
from infra.config.monitoring import Feed
from infra.names import POOL, ROLE, tenant_namespace
from infra.plan import figures, shifting
from infra.plan.model import PoolPlan
from infra.plan.monitoring import objectives

VERSION = 1
"""Of the configuration's form; the meter refuses another."""
SYSTEM_POOL = "system"
"""The pool of nodes that a public cloud makes for the platform itself."""
_HOURS_PER_YEAR = 8_760
_GRAMS = 1_000


def configuration(center: Center, pools: Sequence[PoolPlan], catalogue: Catalogue) -> dict[str, Any]:
    """What `meter.yaml` holds."""
    return {
        "version": VERSION,
        "center": center.name,
        "assumedUtilizationRatio": center.green.utilization,
        **_place(center, catalogue),
        "pools": [*(_pool(pool, center.cloud, catalogue) for pool in pools), *_system(center.cloud)],
        "tenants": list(_tenants(center)),
        "models": [
            {"name": model.name, "tenant": model.tenant, "slo": objectives.of(model)} for model in center.models
        ],
        **({"shifting": True} if shifting.runs(center, pools) else {}),
    }


def _place(center: Center, catalogue: Catalogue) -> Mapping[str, Any]:
    """PUE and grid, where they are known."""
    pue = figures.pue(center.green, center.cloud, catalogue)
    known: dict[str, Any] = {}
    if pue.value is not None:
        known["pue"] = {"value": pue.value, "source": f"{pue.source}, {pue.period}" if pue.period else "declared"}
    grid = figures.intensity(center.green, center.cloud, catalogue)
    if grid.grid is not None and grid.gco2e_per_kwh is not None:
        known["grid"] = {"id": grid.grid, "gco2ePerKwh": grid.gco2e_per_kwh, "year": grid.year}
        profile = center.green.profile or catalogue.grids[grid.grid].profile
        if profile:
            shape = catalogue.profiles[profile]
            known["grid"]["profile"] = {"timeZone": shape.time_zone, "hourly": list(shape.hourly)}
        if center.green.feed:
            known["grid"]["feed"] = _feed(center.green.feed)
    return known


def _feed(feed: Feed) -> Mapping[str, Any]:
    """Without the token: it is the meter's own argument, a file."""
    return {
        "url": feed.url,
        "format": feed.format,
        "pollSeconds": feed.poll_seconds,
        "staleSeconds": feed.stale_seconds,
    }


def _pool(pool: PoolPlan, cloud: Cloud, catalogue: Catalogue) -> Mapping[str, Any]:
    accelerator = catalogue.accelerators[pool.accelerator] if pool.accelerator else None
    piece = figures.accelerator_watts(accelerator, pool.power_cap_watts) if accelerator else None
    host = figures.host_watts(pool, catalogue)
    made = figures.embodied(pool, catalogue)
    listed = figures.price(pool, cloud, catalogue)
    price = {"perHour": listed.value, "currency": listed.currency} if listed and listed.value is not None else None
    return {
        "name": pool.name,
        "nodeLabels": dict(pool.labels) if cloud.kind == "existing" else {POOL: pool.name},
        "instance": pool.instance or "",
        "nodes": pool.nodes,
        **(
            {
                "accelerator": accelerator.id,
                "vendor": accelerator.vendor,
                "resource": accelerator.kubernetes.resource,
                "acceleratorsPerNode": pool.accelerators_per_node,
            }
            if accelerator
            else {}
        ),
        "hostIdleWatts": round(host.at(0), 3),
        "hostPeakWatts": round(host.at(1), 3),
        **({"acceleratorIdleWatts": round(piece.idle, 3), "acceleratorPeakWatts": piece.peak} if piece else {}),
        "embodiedGco2ePerHour": round(made.kgco2e * _GRAMS / _HOURS_PER_YEAR, 6),
        "embodiedComplete": made.complete,
        **({"price": price} if price else {}),
    }


def _system(cloud: Cloud) -> Iterable[Mapping[str, Any]]:
    """Nodes that are no pool's of the stack: they are seen, and what they draw is said to be unknown."""
    if isinstance(cloud, PublicCloud):
        yield {"name": SYSTEM_POOL, "nodeLabels": {ROLE: "system"}, "instance": ""}


def _tenants(center: Center) -> Iterable[Mapping[str, Any]]:
    for tenant in center.tenants:
        budget = tenant.budget.model_dump(exclude_none=True) if tenant.budget else {}
        named = {"kwh_per_month": "kwhPerMonth", "kgco2e_per_month": "kgco2ePerMonth"}
        yield {
            "name": tenant.name,
            "kind": tenant.kind,
            "namespace": tenant_namespace(tenant.name),
            **({"budget": {named[key]: value for key, value in budget.items()}} if budget else {}),
        }

"""What the shifter knows and runs: its image, the grid's usual day, and what cannot be had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra import images
from infra.catalogue import Catalogue
from infra.config.clouds import Cloud, LocalCloud
from infra.config.issues import Issue
from infra.config.models import Center
from infra.plan import figures
from infra.plan.model import PoolPlan, ShifterPlan

SHIFTER = "shifter"
"""The image."""


def check(center: Center) -> Iterator[Issue]:
    """There is an image to run, by digest outside local stacks."""
    image = center.images.get(SHIFTER)
    if center.saving.shifting is None or isinstance(center.cloud, LocalCloud) or (image and "@sha256:" in image):
        return
    yield Issue(
        f"images.{SHIFTER}",
        "is not pinned by digest" if image else "is required where deferrable jobs wait",
        image,
        allowed=f"the image of images/{SHIFTER} in your registry, by digest",
        consequence="nobody would let the jobs run",
    )


def resolved(center: Center, catalogue: Catalogue) -> ShifterPlan | None:
    """The shifter, where jobs may wait."""
    shifting = center.saving.shifting
    if shifting is None:
        return None
    hours, time_zone = _usual_day(center, catalogue)
    return ShifterPlan(
        image=center.images.get(SHIFTER) or images.local_image(SHIFTER),
        forecast=shifting.forecast,
        profile_gco2e_per_kwh=hours,
        profile_time_zone=time_zone,
        budgets=shifting.budgets,
    )


def _usual_day(center: Center, catalogue: Catalogue) -> tuple[tuple[float, ...] | None, str | None]:
    """The grid's usual day in gCO2e/kWh by the hour, and the hours' time zone; None where none is known."""
    grid = figures.intensity(center.green, center.cloud, catalogue)
    if grid.grid is None or grid.gco2e_per_kwh is None:
        return None, None
    name = center.green.profile or catalogue.grids[grid.grid].profile
    if name is None:
        return None, None
    shape = catalogue.profiles[name]
    return tuple(round(grid.gco2e_per_kwh * hour, 3) for hour in shape.hourly), shape.time_zone


def runs(center: Center, pools: Sequence[PoolPlan]) -> bool:
    """Whether jobs may wait and the shifter is in a pod that really runs."""
    on_a_node = not isinstance(center.cloud, LocalCloud) or any(pool.real for pool in pools)
    return center.saving.shifting is not None and on_a_node


def notes(center: Center, plan: ShifterPlan | None, pools: tuple[PoolPlan, ...]) -> Iterator[str]:
    """What will not happen though it is declared."""
    if plan and plan.forecast is None and plan.profile_gco2e_per_kwh is None:
        yield (
            "saving.shifting: nothing is known of how the grid varies by the hour, neither a forecast nor a usual day: "
            "deferrable jobs run at once"
        )
    if plan and not runs(center, pools):
        yield "saving.shifting: without a real node the shifter is simulated, and lets no deferrable job run"
    if center.saving.bin_packing and (lacking := packing_note(center.cloud)):
        yield f"saving.binPacking: {lacking}"


def packing_note(cloud: Cloud) -> str | None:
    """What becomes of packing where the centre does not configure the scheduler; None where it does."""
    return _PACKING.get(cloud.kind)


def packs_already(cloud: Cloud) -> bool:
    """Whether nodes in use are filled first without the centre's doing."""
    return cloud.kind == "gcp"


_PACKING = {
    "existing": "the scheduler is the cluster's own, and stays as it is",
    "alicloud": "ACK's scheduler packs where its console says so (add-on kube-scheduler: binpackPluginWeight, and "
    "binpackResourceWeight with the accelerator's resource); no published name of that switch was found to declare",
    "aws": "EKS takes a scoring strategy (nodeResourcesFit) for its scheduler, and the pinned SDK does not know it yet",
    "gcp": "GKE packs already: its autoscaling profile is OPTIMIZE_UTILIZATION",
    "azure": "AKS' scheduler profiles are a preview, which a cluster must be enrolled in",
}
"""What becomes of packing where the centre does not configure the scheduler."""

"""Power caps of accelerators: which can be set, between which figures, and what each is expected to save."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra import images
from infra.catalogue import Accelerator, Catalogue
from infra.catalogue.schema import Vendor
from infra.config.clouds import Cloud, ExistingCloud, LocalCloud
from infra.config.issues import Issue
from infra.config.models import Center, Pool
from infra.names import POOL
from infra.plan import figures
from infra.plan.model import PoolPlan

TOOLS: Mapping[Vendor, str] = {"nvidia": "nvidia-smi -pl"}
"""How a cap is set, by vendor; those that are missing have no published tool that a program could use."""


POWER_CAP = "power-cap"
"""The image."""


def check(center: Center, catalogue: Catalogue) -> Iterator[Issue]:
    """A cap is of accelerators whose vendor's tool sets one, above what they draw idle and below their limit."""
    for name, image in images_of(center).items():
        if not isinstance(center.cloud, LocalCloud) and "@sha256:" not in image:
            yield Issue(
                f"images.{name}",
                "is not pinned by digest" if name in center.images else "is required where pools have a power cap",
                center.images.get(name),
                allowed=f"the image of images/{name} in your registry, by digest",
                consequence="nothing would set the caps",
            )
    for index, pool in enumerate(center.pools):
        path, cap = f"pools[{index}].powerCapWatts", pool.power_cap_watts
        if cap is None:
            continue
        accelerator = _accelerator(pool, center, catalogue)
        if accelerator is None:
            yield Issue(
                path,
                "is not for a pool without accelerators",
                cap,
                allowed="nothing: no cap of a host's processors is set",
                consequence="it would be ignored",
            )
        elif accelerator.vendor not in TOOLS:
            yield Issue(
                path,
                f"cannot be set on {accelerator.name}: no published tool of {accelerator.vendor} for it is known here",
                cap,
                allowed=f"nothing; or an accelerator of {', '.join(TOOLS)}",
                consequence="the accelerators would draw what they always draw, and every figure would be too low",
            )
        else:
            yield from _range(path, cap, accelerator)


def images_of(center: Center) -> dict[str, str]:
    """The image that caps are set with, where there are any."""
    capped = any(pool.power_cap_watts is not None for pool in center.pools)
    return {POWER_CAP: center.images.get(POWER_CAP) or images.local_image(POWER_CAP)} if capped else {}


def nodes_of(pool: PoolPlan, cloud: Cloud) -> Mapping[str, str]:
    """The labels of a pool's nodes and of no others."""
    return pool.labels if isinstance(cloud, ExistingCloud) else {POOL: pool.name}


def notes(center: Center) -> Iterator[str]:
    """What will not happen though it is declared."""
    if isinstance(center.cloud, LocalCloud) and images_of(center):
        yield "powerCapWatts: accelerators are simulated here; the cap is in the estimate and the meter alone"


def _range(path: str, cap: int, accelerator: Accelerator) -> Iterator[Issue]:
    piece = figures.accelerator_watts(accelerator)
    if piece is None:
        yield Issue(
            path,
            f"cannot be checked: the power limit of {accelerator.name} is unknown",
            cap,
            allowed="nothing, until the catalogue has it",
            consequence="the driver might refuse it on every node",
        )
    elif not piece.idle < cap <= piece.peak:
        assumed = ", assumed" if piece.idle_is_assumed else ""
        yield Issue(
            path,
            f"is not above the idle power of {accelerator.name} ({piece.idle:g} W{assumed}) and up to its limit "
            f"({piece.peak:g} W)",
            cap,
            allowed=f"{int(piece.idle) + 1} to {piece.peak:g}; the driver's own least is checked on the node",
            consequence="the driver would refuse it",
        )


def _accelerator(pool: Pool, center: Center, catalogue: Catalogue) -> Accelerator | None:
    if pool.node:
        name = pool.node.accelerator
    else:
        name = catalogue.instances[center.cloud.kind][str(pool.instance)].accelerator
    return catalogue.accelerators[name] if name else None

"""What nodes and the work on them draw, from the catalogue; and what a cap makes of it.

An accelerator at load u is busy for the part u of the time and idle for the rest, as in the estimate. Under a cap it
draws at most the cap while busy, and is busy for longer, by what its speed lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from infra.catalogue import Catalogue
from infra.catalogue.schema import Capping
from infra.plan import figures
from infra.plan.model import CenterPlan, PoolPlan


class Slowdown(StrEnum):
    """What is presumed of work under a cap."""

    MEASURED = "measured"
    """As the catalogue's source measured it, on another chip."""
    WORST = "worst"
    """In proportion to what the cap leaves above idle: the bound that every measured point is above."""


@dataclass(frozen=True)
class PoolPower:
    """Of one pool, at the machines; PUE is not in it."""

    node_idle_watts: float
    """One node that does nothing, its accelerators included as far as their power is known."""
    piece_busy_watts: float
    """What one accelerator draws more while busy, with its share of the host."""
    speed: float
    """Of work, under the pool's cap; 1 without."""
    unknown: str | None
    """Accelerators whose power nobody published."""

    @property
    def piece_work_watts(self) -> float:
        """What an accelerator draws more, averaged over work that takes as long as it does at full speed."""
        return self.piece_busy_watts / self.speed


def of(plan: CenterPlan, catalogue: Catalogue, caps: Mapping[str, int], slowdown: Slowdown) -> dict[str, PoolPower]:
    """By pool, under caps in watts by pool."""
    return {pool.name: _pool(pool, catalogue, caps.get(pool.name), slowdown) for pool in plan.pools}


def measured_from(capping: Capping) -> float:
    """The lowest cap, in shares of the limit, of which a measurement is known."""
    return capping.speed[0].cap


def speed(cap: float, idle: float, capping: Capping, slowdown: Slowdown) -> float:
    """Of work that needs all that the limit gives; cap and idle power in shares of the limit."""
    if cap >= 1:
        return 1.0
    worst = (cap - idle) / (1 - idle)
    if slowdown is Slowdown.WORST or cap < measured_from(capping):
        return worst
    for below, above in pairwise(capping.speed):
        if below.cap <= cap <= above.cap:
            part = (cap - below.cap) / (above.cap - below.cap)
            # A chip that idles at little has a bound above what another one was measured at.
            return max(below.speed + part * (above.speed - below.speed), worst)
    return 1.0


def _pool(pool: PoolPlan, catalogue: Catalogue, cap_watts: int | None, slowdown: Slowdown) -> PoolPower:
    host = figures.host_watts(pool, catalogue)
    if pool.accelerator is None:
        return PoolPower(host.at(0), 0.0, 1.0, None)
    host_share = (host.at(1) - host.at(0)) / pool.accelerators_per_node
    free = figures.accelerator_watts(catalogue.accelerators[pool.accelerator])
    if free is None:
        unknown = f"power of {catalogue.accelerators[pool.accelerator].name}"
        return PoolPower(host.at(0), host_share, 1.0, unknown)
    node = host.at(0) + pool.accelerators_per_node * free.idle
    if cap_watts is None or cap_watts >= free.peak:
        return PoolPower(node, free.peak - free.idle + host_share, 1.0, None)
    pace = speed(cap_watts / free.peak, free.idle / free.peak, catalogue.capping, slowdown)
    # The host's work is the same, over a longer time.
    return PoolPower(node, cap_watts - free.idle + host_share * pace, pace, None)

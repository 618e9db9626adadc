"""What of a host goes with its accelerators."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from infra.plan.model import PoolPlan


def host_share(accelerator: str, pools: Iterable[PoolPlan]) -> tuple[Fraction, Fraction]:
    """Cores and bytes of host per accelerator, on the pool that has least."""
    hosts = [pool for pool in pools if pool.accelerator == accelerator]
    cores = min(pool.cpu_cores / pool.accelerators_per_node for pool in hosts)
    memory = min(pool.memory_bytes / pool.accelerators_per_node for pool in hosts)
    return cores, memory

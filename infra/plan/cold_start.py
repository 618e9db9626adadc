"""How long a model takes from nothing to serving: the download of its weights, then loading them.

Each part says how it was come by. What is unknown makes the whole unknown, never shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from infra.plan.model import ModelPlan, PoolPlan

NETWORK_SHARE = Fraction(1, 2)
"""Of a node's bandwidth that one download is taken to get: the store, the volume and other pods share it."""
ASSUMED_GBPS = Fraction(1)
"""Where the catalogue does not know the node's bandwidth."""
LOAD_BYTES_PER_SECOND = Fraction(500 * 10**6)
"""From the cache into memory: assumed of a shared file system, and on the safe side of a disk."""


@dataclass(frozen=True)
class ColdStart:
    """Seconds until the first replica of a model that nothing holds yet, and until one whose weights are cached."""

    download_seconds: float | None
    load_seconds: float | None
    method: str

    @property
    def total_seconds(self) -> float | None:
        """None where a part is unknown."""
        if self.download_seconds is None or self.load_seconds is None:
            return None
        return self.download_seconds + self.load_seconds


def of(model: ModelPlan, pools: Sequence[PoolPlan]) -> ColdStart:
    """The model's cold start on the slowest pool that it may run on."""
    size = model.weights.size_bytes if model.weights else None
    if size is None:
        return ColdStart(None, None, "unknown: the size of its weights is not declared")
    known = [pool.network_gbps for pool in pools if pool.accelerator == model.accelerator]
    if known and all(known):
        gbps = min(Fraction(found) for found in known if found) * NETWORK_SHARE
        network = f"half of the node's {float(gbps / NETWORK_SHARE):g} Gbit/s"
    else:
        gbps, network = ASSUMED_GBPS, f"an assumed {float(ASSUMED_GBPS):g} Gbit/s"
    download = Fraction(size * 8) / (gbps * 10**9)
    load = Fraction(size) / LOAD_BYTES_PER_SECOND
    shown = f"{size / 10**9:,.2f} GB at {network}, then at an assumed {float(LOAD_BYTES_PER_SECOND / 10**6):g} MB/s"
    return ColdStart(float(download), float(load), shown)

"""How busy, warm and hungry a simulated device is: pure functions of a seed and the time.

The same seed gives the same curve, in any process. Serving follows the day, with a peak in the Chinese afternoon;
a Job runs flat out, with pauses for its checkpoints.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache

DAY_SECONDS = 86_400
PEAK_SECONDS = 7 * 3_600
"""Of the UTC day, when serving is busiest: 15 o'clock in Shanghai."""
CHECKPOINT_SECONDS, CHECKPOINT_EVERY_SECONDS = 60, 1_800
_SLOW_SECONDS, _FAST_SECONDS = 900, 60
"""Between the knots of the two noises."""
_IDLE_CELSIUS, _WARM_CELSIUS = 32.0, 46.0
"""At rest, and how much is added at full power."""
_MIB_OF_THE_DRIVER = 512


@dataclass(frozen=True)
class Rating:
    """What a device can do."""

    idle_watts: float | None
    peak_watts: float | None
    memory_mib: int | None


@dataclass(frozen=True)
class Load:
    """What holds a device."""

    holder: str
    """The pod, as `namespace/name`: its devices work together, so their curves are alike."""
    job: bool
    """Whether it is a Job's, which computes without looking at the clock."""


def utilization(seed: str, device: str, load: Load | None, at: float) -> float:
    """Return 0 to 1; 0 for a free device."""
    if load is None:
        return 0.0
    level = _uniform(f"{seed}/{load.holder}/level")
    together = _noise(f"{seed}/{load.holder}", at, _SLOW_SECONDS)
    alone = _noise(f"{seed}/{device}/{load.holder}", at, _FAST_SECONDS)
    if load.job:
        pausing = (at + CHECKPOINT_EVERY_SECONDS * level) % CHECKPOINT_EVERY_SECONDS < CHECKPOINT_SECONDS
        busy = 0.1 if pausing else 0.85 + 0.1 * level
        return _between(busy + 0.03 * alone, 0.0, 1.0)
    day = 0.5 + 0.5 * math.cos(2 * math.pi * (at - PEAK_SECONDS) / DAY_SECONDS)
    busy = (0.25 + 0.35 * level) * (0.35 + 0.65 * day)
    return _between(busy + 0.12 * together + 0.06 * alone, 0.02, 1.0)


def watts(rating: Rating, seed: str, device: str, load: Load | None, at: float) -> float | None:
    """Return what it draws, from a little below idle to its limit; None where its rating is unknown."""
    if rating.idle_watts is None or rating.peak_watts is None:
        return None
    busy = utilization(seed, device, load, at)
    drawn = rating.idle_watts + (rating.peak_watts - rating.idle_watts) * busy
    noise = 1 + 0.02 * _noise(f"{seed}/{device}/watts", at, _FAST_SECONDS)
    return _between(drawn * noise, 0.95 * rating.idle_watts, rating.peak_watts)


def celsius(seed: str, device: str, load: Load | None, at: float) -> float:
    """Return its temperature, which follows its use."""
    busy = utilization(seed, device, load, at)
    return _IDLE_CELSIUS + _WARM_CELSIUS * busy + 1.5 * _noise(f"{seed}/{device}/celsius", at, _SLOW_SECONDS)


def memory_mib(rating: Rating, seed: str, load: Load | None) -> int | None:
    """Return what is in use: the driver's, or most of it, as engines take what there is and keep it."""
    if rating.memory_mib is None:
        return None
    if load is None:
        return min(_MIB_OF_THE_DRIVER, rating.memory_mib)
    return round(rating.memory_mib * (0.82 + 0.12 * _uniform(f"{seed}/{load.holder}/memory")))


def _noise(key: str, at: float, seconds: int) -> float:
    """Return -1 to 1, smooth: between knots that are drawn from the key."""
    knot, rest = divmod(at, seconds)
    share = rest / seconds
    smooth = share * share * (3 - 2 * share)
    before, after = (2 * _uniform(f"{key}/{int(knot) + step}") - 1 for step in (0, 1))
    return before + (after - before) * smooth


@lru_cache(maxsize=1 << 16)
def _uniform(key: str) -> float:
    """Return 0 to 1, the same for the same key."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) / (1 << 64)


def _between(value: float, least: float, most: float) -> float:
    return max(least, min(most, value))

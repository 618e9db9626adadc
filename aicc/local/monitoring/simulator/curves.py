"""How busy, warm and hungry a simulated device is: pure functions of a seed and the time.

The same seed gives the same curve, in any process. Serving follows the day, with a peak in the Chinese afternoon;
a Job runs flat out, with pauses for its checkpoints.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

DAY_SECONDS = 86_400
PEAK_SECONDS = 7 * 3_600
"""Of the UTC day, when serving is busiest: 15 o'clock in Shanghai."""
CHECKPOINT_SECONDS, CHECKPOINT_EVERY_SECONDS = 60, 1_800
_SLOW_SECONDS, _FAST_SECONDS = 900, 60
"""Between the knots of the two noises."""
_IDLE_CELSIUS, _WARM_CELSIUS = 32.0, 46.0
"""At rest, and how much is added at full power."""
_MIB_OF_THE_DRIVER = 512
_MASK = (1 << 64) - 1


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


@dataclass(frozen=True, slots=True)
class Curve:
    """A device under a load: where its figures start from, drawn once from the seed."""

    free: bool
    job: bool
    level: float
    memory: float
    together: int
    alone: int
    watts: int
    celsius: int


def curve(seed: str, device: str, load: Load | None) -> Curve:
    """Return the curve of a device; the same for the same seed, device and load."""
    holder = load.holder if load else ""
    return Curve(
        free=load is None,
        job=load is not None and load.job,
        level=_draw(_stream(f"{seed}/{holder}/level"), 0),
        memory=_draw(_stream(f"{seed}/{holder}/memory"), 0),
        together=_stream(f"{seed}/{holder}"),
        alone=_stream(f"{seed}/{device}/{holder}"),
        watts=_stream(f"{seed}/{device}/watts"),
        celsius=_stream(f"{seed}/{device}/celsius"),
    )


def utilization(of: Curve, at: float) -> float:
    """Return 0 to 1; 0 for a free device."""
    if of.free:
        return 0.0
    alone = _noise(of.alone, at, _FAST_SECONDS)
    if of.job:
        pausing = (at + CHECKPOINT_EVERY_SECONDS * of.level) % CHECKPOINT_EVERY_SECONDS < CHECKPOINT_SECONDS
        busy = 0.1 if pausing else 0.85 + 0.1 * of.level
        return _between(busy + 0.03 * alone, 0.0, 1.0)
    day = 0.5 + 0.5 * math.cos(2 * math.pi * (at - PEAK_SECONDS) / DAY_SECONDS)
    busy = (0.25 + 0.35 * of.level) * (0.35 + 0.65 * day)
    return _between(busy + 0.12 * _noise(of.together, at, _SLOW_SECONDS) + 0.06 * alone, 0.02, 1.0)


def watts(rating: Rating, of: Curve, busy: float, at: float) -> float | None:
    """Return what it draws at a utilisation, about idle to its limit; None where its rating is unknown."""
    if rating.idle_watts is None or rating.peak_watts is None:
        return None
    drawn = rating.idle_watts + (rating.peak_watts - rating.idle_watts) * busy
    noise = 1 + 0.02 * _noise(of.watts, at, _FAST_SECONDS)
    return _between(drawn * noise, 0.95 * rating.idle_watts, rating.peak_watts)


def celsius(of: Curve, busy: float, at: float) -> float:
    """Return its temperature, which follows its use."""
    return _IDLE_CELSIUS + _WARM_CELSIUS * busy + 1.5 * _noise(of.celsius, at, _SLOW_SECONDS)


def memory_mib(rating: Rating, of: Curve) -> int | None:
    """Return what is in use: the driver's, or most of it, as engines take what there is and keep it."""
    if rating.memory_mib is None:
        return None
    if of.free:
        return min(_MIB_OF_THE_DRIVER, rating.memory_mib)
    return round(rating.memory_mib * (0.82 + 0.12 * of.memory))


def _noise(stream: int, at: float, seconds: int) -> float:
    """Return -1 to 1, smooth: between knots that are drawn from the stream."""
    knot, rest = divmod(at, seconds)
    share = rest / seconds
    before, after = _draw(stream, int(knot)), _draw(stream, int(knot) + 1)
    return 2 * (before + (after - before) * share * share * (3 - 2 * share)) - 1


def _stream(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest())


def _draw(stream: int, index: int) -> float:
    """Return 0 to 1, the same for the same stream and index (SplitMix64)."""
    mixed = (stream + index * 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return (mixed ^ (mixed >> 31)) / (1 << 64)


def _between(value: float, least: float, most: float) -> float:
    return max(least, min(most, value))

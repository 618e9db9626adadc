"""What the grid will emit, hour by hour; and what is believed of a feed that may be wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

HOUR = 3_600
DAY_HOURS = 24
HIGHEST_GCO2E_PER_KWH = 2_000.0
"""More than any grid emits, as `aicc.accounting.factors` has it."""


@dataclass(frozen=True)
class Forecast:
    """Grid intensity by the hour, as far as it is known."""

    start: int
    """Of the first hour: seconds since 1970 (UTC), a whole hour."""
    gco2e_per_kwh: tuple[float, ...]

    @property
    def end(self) -> int:
        """Where knowledge ends, seconds since 1970."""
        return self.start + HOUR * len(self.gco2e_per_kwh)

    def mean(self, start: float, seconds: float) -> float:
        """The mean of a span of time that is longer than none.

        Beyond the known hours the last known day repeats; before them the first hour holds.
        """
        return (self._sum(start + seconds) - self._sum(start)) * HOUR / seconds

    @cached_property
    def _sums(self) -> tuple[float, ...]:
        """Of the first 0, 1, 2, … hours."""
        return tuple(accumulate(self.gco2e_per_kwh, initial=0.0))

    def _sum(self, moment: float) -> float:
        """Intensity × hours from the start to a moment."""
        hours, known = (moment - self.start) / HOUR, len(self.gco2e_per_kwh)
        if hours < 0:
            return hours * self.gco2e_per_kwh[0]
        if hours < known:
            return self._within(hours)
        span = min(DAY_HOURS, known)
        days, rest = divmod(hours - known, span)
        return self._within(known - span + rest) + (days + 1) * (self._sums[known] - self._sums[known - span])

    def _within(self, hours: float) -> float:
        """Intensity × hours from the start, as far as it is known."""
        whole = min(int(hours), len(self.gco2e_per_kwh) - 1)
        return self._sums[whole] + (hours - whole) * self.gco2e_per_kwh[whole]


def from_profile(hours: Sequence[float], now: float, count: int) -> Forecast:
    """Repeat the 24 hours of a typical day (UTC), from the hour of `now` on."""
    first = math.floor(now / HOUR)
    return Forecast(first * HOUR, tuple(hours[(first + step) % DAY_HOURS] for step in range(count)))


def believable(value: float) -> bool:
    """Whether a grid can emit so much: a number above 0, and not more than any grid's."""
    return math.isfinite(value) and 0 < value <= HIGHEST_GCO2E_PER_KWH


def from_feed(hours: Mapping[int, float], now: float, *, least_hours: int = 2) -> Forecast | None:
    """What a feed says from the hour of `now` on, by the hour's start (seconds since 1970).

    It ends at the first hour that is missing or absurd. None where less than `least_hours` are left: it is stale.
    """
    first = math.floor(now / HOUR) * HOUR
    known: list[float] = []
    while believable(hours.get(first + HOUR * len(known), math.nan)):
        known.append(hours[first + HOUR * len(known)])
    return Forecast(first, tuple(known)) if len(known) >= least_hours else None

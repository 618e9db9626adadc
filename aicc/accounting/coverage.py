"""Which share of each hour was watched, and what stands for the rest.

The stated rule: the unwatched share of a watched hour is taken to be like the watched one. An hour that nothing watched
is taken to be like the mean of its nearest watched hours, where the gap is not longer than FILL_LIMIT_HOURS. What is
filled is estimated. A longer gap stays unknown: its hours are counted and named, and every figure that lacks them is a
lower bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median
from typing import Literal

from aicc.accounting.months import HOUR_SECONDS, Hour, Period, hour_of

FILL_LIMIT_HOURS = 6
"""The longest gap that is filled from its neighbours."""
MISSED_EVALUATIONS = 2.5
"""Heartbeats further apart than this many evaluations have a gap between them."""
LONGEST_STEP_SECONDS = 300.0
"""What one heartbeat can stand for: Prometheus itself takes a sample for current no longer."""
MOST_PER_HOUR = 1e12
"""What no centre draws (a terawatt), emits, costs or answers in an hour: more is a fault of what was recorded."""
FIRST_STEP_SECONDS = 60.0
"""What a heartbeat stands for where there is no other to tell the interval by."""
_DAY_SECONDS = 86_400

Method = Literal["measured", "estimated"]
METHODS: tuple[Method, ...] = ("measured", "estimated")
Hours = Mapping[Hour, float]
"""A series by hour: its mean over the hour's evaluations. A watched hour that is absent is 0."""


@dataclass(frozen=True)
class Coverage:
    """How each hour of a period is known."""

    period: Period
    share: Mapping[Hour, float]
    """Above 0 up to 1, of watched hours only; also of some hours around the period, which fill gaps at its ends."""
    neighbours: Mapping[Hour, tuple[Hour, ...]]
    """Of hours of the period that nothing watched: the watched hours that stand for them; none: unknown."""

    @property
    def watched_hours(self) -> float:
        """Time that was watched."""
        return sum(self._length(hour) * self.share.get(hour, 0.0) for hour in self.period.hours)

    @property
    def filled_hours(self) -> float:
        """Time that is estimated from other time."""
        total = sum(self._length(hour) for hour in self.period.hours)
        return max(0.0, total - self.watched_hours - self.unknown_hours)

    @property
    def unknown_hours(self) -> float:
        """Time of which nothing is known."""
        return sum(self._length(hour) for hour in self.unknown)

    @property
    def unknown(self) -> list[Hour]:
        """The hours of which nothing is known."""
        return [hour for hour, sources in self.neighbours.items() if not sources]

    def spread(self, rate: Hours, method: str) -> Iterator[tuple[Hour, Method, float | None]]:
        """Multiply a rate per hour out over the period: the hour, the method, and rate × hours.

        Nothing comes of hours that are unknown altogether. Where the rate of a watched hour is no possible one
        (negative, NaN, infinite), the quantity is None: unknown.
        """
        for hour in self.period.hours:
            yield from self._of_hour(hour, rate, method)

    def _of_hour(self, hour: Hour, rate: Hours, method: str) -> Iterator[tuple[Hour, Method, float | None]]:
        share, length = self.share.get(hour, 0.0), self._length(hour)
        if share:
            value = rate.get(hour, 0.0)
            if not possible(value):
                yield hour, "estimated", None
            elif value:
                watched = share if method == "measured" else 0.0
                if watched:
                    yield hour, "measured", value * length * watched
                if watched < 1:
                    yield hour, "estimated", value * length * (1 - watched)
            return
        if sources := self.neighbours.get(hour):
            values = [value for source in sources if possible(value := rate.get(source, 0.0))]
            if not values:
                yield hour, "estimated", None
            elif any(values):
                yield hour, "estimated", sum(values) / len(values) * length

    def _length(self, hour: Hour) -> float:
        return self.period.seconds(hour) / HOUR_SECONDS


def possible(value: float) -> bool:
    """Whether a recorded figure can be true: a number that is not negative, and not beyond any centre."""
    return 0 <= value <= MOST_PER_HOUR


def coverage(heartbeats: Iterable[float], period: Period, searched: Period) -> Coverage:
    """See how a period was watched: from the moments at which the rules were evaluated and the meter was there.

    Heartbeats may be in any order, twice, and outside the period. `searched` is where they would be if there were any:
    the period, and around it as many hours as a gap may have, as far as the centre existed and the clock has come.
    """
    seconds: dict[Hour, float] = defaultdict(float)
    for begin, end in _watched(sorted(set(heartbeats))):
        for hour in range(hour_of(begin), int(end) + 1, HOUR_SECONDS):
            seconds[hour] += max(0.0, min(end, hour + HOUR_SECONDS) - max(begin, hour))
    share = {
        hour: min(1.0, found / (searched.seconds(hour) or HOUR_SECONDS)) for hour, found in seconds.items() if found
    }
    neighbours = {hour: sources for hour, sources in _neighbours(searched, share) if period.seconds(hour)}
    return Coverage(period, share, neighbours)


def _watched(heartbeats: Sequence[float]) -> Iterator[tuple[float, float]]:
    """The stretches that heartbeats stand for: each for the time since the one before it, or for one evaluation."""
    before, step = float("-inf"), FIRST_STEP_SECONDS
    for _, of_day in groupby(heartbeats, key=lambda moment: int(moment // _DAY_SECONDS)):
        day = list(of_day)
        gaps = [later - earlier for earlier, later in pairwise(day)]
        step = min(median(gaps), LONGEST_STEP_SECONDS) if gaps else step
        for moment in day:
            yield (before if moment - before <= MISSED_EVALUATIONS * step else moment - step), moment
            before = moment


def _neighbours(searched: Period, share: Mapping[Hour, float]) -> Iterator[tuple[Hour, tuple[Hour, ...]]]:
    for watched, run in groupby(searched.hours, key=lambda hour: hour in share):
        if watched:
            continue
        gap = list(run)
        ends = (gap[0] - HOUR_SECONDS, gap[-1] + HOUR_SECONDS)
        sources = tuple(hour for hour in ends if hour in share)
        yield from ((hour, sources if len(gap) <= FILL_LIMIT_HOURS else ()) for hour in gap)

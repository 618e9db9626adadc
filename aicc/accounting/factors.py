"""What a kilowatt-hour is multiplied with, hour by hour: PUE and the grid's carbon intensity.

The recorded value of the hour counts, of its samples within bounds. Where there is none (the feed, the meter or
Prometheus was gone, or what they said is absurd), the nearest recorded hour within FILL_LIMIT_HOURS does, else the
stack's own figure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aicc.accounting.coverage import FILL_LIMIT_HOURS
from aicc.accounting.months import HOUR_SECONDS, Hour
from aicc.accounting.recorded import Samples

LEAST_PUE, MOST_PUE = 1.0, 5.0
"""As a stack may declare it."""
HIGHEST_GCO2E_PER_KWH = 2_000.0
"""More than any grid emits: one of old lignite plants alone emits about 1,200.

The meter and the shifter, programs of their own, have the same bound.
"""
NEIGHBOUR, DECLARED = "nearest recorded hour", "stack's own figure"


@dataclass(frozen=True)
class Factor:
    """One factor, over hours of which energy is known."""

    by_hour: Mapping[Hour, float]
    """Hours that are absent: unknown."""
    origins: Mapping[str, int]
    """How many hours are from where: the recorded labels, NEIGHBOUR or DECLARED."""
    rejected_hours: int
    """Hours with samples out of bounds, whichever figure took their place."""
    mean: float | None
    """Over the hours that are known."""

    @property
    def assumed_hours(self) -> int:
        """Hours in which nothing was recorded for the hour itself."""
        return self.origins.get(NEIGHBOUR, 0) + self.origins.get(DECLARED, 0)


def factor(samples: Samples, hours: Collection[Hour], declared: float | None) -> Factor:
    """Choose the value of each of `hours`. `declared` is the stack's own figure; None where it has none."""
    recorded, said, rejected = _recorded(samples)
    by_hour: dict[Hour, float] = {}
    origins: Counter[str] = Counter()
    for hour in hours:
        value, origin = _value(hour, recorded, said, declared)
        if value is not None:
            by_hour[hour] = value
            origins[origin] += 1
    mean = sum(by_hour.values()) / len(by_hour) if by_hour else None
    return Factor(by_hour, dict(origins), len(rejected.intersection(hours)), mean)


def _value(
    hour: Hour, recorded: Mapping[Hour, float], said: Mapping[Hour, str], declared: float | None
) -> tuple[float | None, str]:
    if hour in recorded:
        return recorded[hour], said[hour]
    for apart in range(HOUR_SECONDS, (FILL_LIMIT_HOURS + 1) * HOUR_SECONDS, HOUR_SECONDS):
        near = [recorded[other] for other in (hour - apart, hour + apart) if other in recorded]
        if near:
            return sum(near) / len(near), NEIGHBOUR
    return declared, DECLARED


def _recorded(samples: Samples) -> tuple[dict[Hour, float], dict[Hour, str], set[Hour]]:
    """By hour: the mean of all samples within bounds, the label that most of them have; hours with others."""
    totals: dict[Hour, float] = defaultdict(float)
    counts: dict[Hour, float] = defaultdict(float)
    labels: dict[Hour, tuple[float, str]] = {}
    rejected: set[Hour] = set()
    for key, by_hour in samples.items():
        for hour, sampled in by_hour.items():
            if sampled.seen > sampled.count:
                rejected.add(hour)
            if sampled.count > 0:
                totals[hour] += sampled.total
                counts[hour] += sampled.count
                labels[hour] = max(labels.get(hour, (0.0, "")), (sampled.count, " ".join(filter(None, key))))
    recorded = {hour: totals[hour] / counts[hour] for hour in totals}
    return recorded, {hour: label for hour, (_, label) in labels.items()}, rejected

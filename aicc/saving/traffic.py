"""Requests of a week, by model and minute: drawn from rates that a user recorded, or from presumed ones."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aicc.saving.week import SECONDS, STEP_SECONDS, Week
from infra.config.fields import TenantKind
from infra.plan.model import ModelPlan

SYNTHETIC = "a synthetic week"
_ANY_WEEK = Week()
_KNUTH_BELOW = 30
"""Requests a minute; above, a normal distribution is as good, and quick."""


@dataclass(frozen=True)
class Shape:
    """How much of its busiest hour's requests a model gets in each hour of a day."""

    weekday: tuple[float, ...]
    weekend: float
    """Of a weekday's."""
    level: float
    """Of what the utilisation asks for at the busiest hour."""


_OFFICE = (*[0.0002] * 7, 0.1, 0.4, 1, 1, 1, 0.7, 1, 1, 1, 1, 0.7, 0.4, 0.2, 0.1, 0.05, 0.01, 0.001)
SHAPES: Mapping[TenantKind, Shape] = {
    # Presumed: the public never sleeps, an enterprise does, and researchers try things out, also in the evening.
    "cloud-service": Shape(tuple(0.65 - 0.35 * math.cos(math.tau * (hour - 3) / 24) for hour in range(24)), 0.8, 1.0),
    "enterprise": Shape(_OFFICE, 0.01, 1.0),
    "research": Shape((*[0.002] * 8, 0.2, 0.6, *[1.0] * 9, 0.6, 0.6, 0.4, 0.2, 0.05), 0.2, 0.02),
}


@dataclass(frozen=True)
class Traffic:
    """A week's requests. The same seed gives the same requests, whatever is simulated with them."""

    counts: Mapping[str, Sequence[int]]
    """By model: requests of each of the week's minutes."""
    seed: int
    week: Week = _ANY_WEEK
    source: str = SYNTHETIC

    @property
    def total(self) -> int:
        """All of them."""
        return sum(map(sum, self.counts.values()))

    def times(self, model: str, step: int) -> list[float]:
        """When the requests of a minute come, ascending; seconds since the week's start."""
        chance = random.Random(f"{self.seed}/{model}/{step}")  # noqa: S311  a simulation
        first = step * STEP_SECONDS
        return sorted(first + STEP_SECONDS * chance.random() for _ in range(self.counts[model][step]))


def synthetic(
    models: Sequence[ModelPlan],
    kinds: Mapping[str, TenantKind],
    busiest: Mapping[str, float],
    seed: int,
) -> Traffic:
    """Requests by the kind of each model's tenant; `busiest`: each model's requests/s at its busiest hour."""
    rates = {
        model.name: [busiest[model.name] * share for share in _week(SHAPES[kinds[model.tenant]])] for model in models
    }
    return drawn(rates, seed)


def drawn(rates: Mapping[str, Sequence[float]], seed: int, week: Week = _ANY_WEEK, source: str = SYNTHETIC) -> Traffic:
    """Poisson arrivals at rates in requests/s, of equal parts of a week each."""
    counts = {}
    for model, parts in rates.items():
        chance = random.Random(f"{seed}/{model}")  # noqa: S311  a simulation
        steps = SECONDS // STEP_SECONDS // len(parts)
        counts[model] = [_poisson(chance, rate * STEP_SECONDS) for rate in parts for _ in range(steps)]
    return Traffic(counts, seed, week, source)


def _week(shape: Shape) -> list[float]:
    """By the hour."""
    days = [shape.level] * 5 + [shape.level * shape.weekend] * 2
    return [day * hour for day in days for hour in shape.weekday]


def _poisson(chance: random.Random, mean: float) -> int:
    if mean <= 0:
        return 0
    if mean >= _KNUTH_BELOW:
        return max(round(chance.gauss(mean, math.sqrt(mean))), 0)
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count

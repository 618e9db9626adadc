"""Quantities of an account, and the rows that they are kept in: a day, a model, a method."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from aicc.accounting.coverage import Method

PROMPT, COMPLETION = "prompt", "completion"
COUNTED = (PROMPT, COMPLETION)
"""Types of tokens that add up to what a model handled; `cached` ones are prompt tokens, too."""


@dataclass
class Amounts:
    """What was used, emitted and cost. Parts of different methods and days add up."""

    it_kwh: float = 0.0
    """At the machines."""
    facility_kwh: float = 0.0
    """At the centre's meter: × PUE."""
    operational_gco2e: float = 0.0
    embodied_gco2e: float = 0.0
    cost: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """By currency, at list prices; currencies are never added."""
    tokens: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """By type."""

    def add(self, other: Amounts) -> None:
        """Add another part."""
        self.it_kwh += other.it_kwh
        self.facility_kwh += other.facility_kwh
        self.operational_gco2e += other.operational_gco2e
        self.embodied_gco2e += other.embodied_gco2e
        for currency, money in other.cost.items():
            self.cost[currency] += money
        for kind, count in other.tokens.items():
            self.tokens[kind] += count

    @property
    def gco2e(self) -> float:
        """Operational and embodied."""
        return self.operational_gco2e + self.embodied_gco2e

    @property
    def counted_tokens(self) -> float:
        """Prompt and completion."""
        return sum(self.tokens.get(kind, 0.0) for kind in COUNTED)

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it."""
        return not any(
            [self.facility_kwh, self.embodied_gco2e, any(self.cost.values()), any(self.tokens.values()), self.it_kwh]
        )


def total(parts: Iterable[Amounts]) -> Amounts:
    """The sum."""
    result = Amounts()
    for part in parts:
        result.add(part)
    return result


@dataclass(frozen=True, order=True)
class RowKey:
    """What a row of an account is of."""

    day: date
    """UTC."""
    model: str
    """Empty: what belongs to no model, such as jobs and notebooks."""
    method: Method


Rows = Mapping[RowKey, Amounts]


def by_model(rows: Rows) -> dict[str, Amounts]:
    """A total for each model, largest first; what belongs to none is last."""
    found: dict[str, Amounts] = {}
    for key, amounts in rows.items():
        found.setdefault(key.model, Amounts()).add(amounts)
    return dict(sorted(found.items(), key=lambda item: (not item[0], -item[1].facility_kwh, item[0])))


def by_method(rows: Rows) -> dict[Method, Amounts]:
    """A total for each method."""
    return {method: total(amounts for key, amounts in rows.items() if key.method == method) for method in _METHODS}


_METHODS: tuple[Method, ...] = ("measured", "estimated")

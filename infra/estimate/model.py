"""Sums that know what they lack, and the estimate made of them. An unknown part is named, never counted as zero."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

HOURS_PER_MONTH = 730
HOURS_PER_YEAR = 8_760


@dataclass(frozen=True)
class Amount:
    """A quantity of which parts may be unknown: it is at least `value`."""

    value: float = 0.0
    unknown: tuple[str, ...] = ()
    """What is not in `value`, in words."""

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.value + other.value, _distinct([*self.unknown, *other.unknown]))

    @property
    def known(self) -> float | None:
        """`value`, or None where no part of it is known."""
        return None if self.value == 0 and self.unknown else self.value

    def times(self, factor: float) -> Amount:
        """The same parts, each `factor` (0 or more) times as large."""
        return Amount(self.value * factor, self.unknown)


@dataclass(frozen=True)
class Cost:
    """Money per hour by currency, at list prices; amounts of different currencies are never added."""

    by_currency: Mapping[str, float] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    def __add__(self, other: Cost) -> Cost:
        currencies = sorted({*self.by_currency, *other.by_currency})
        total = {name: self.by_currency.get(name, 0.0) + other.by_currency.get(name, 0.0) for name in currencies}
        return Cost(total, _distinct([*self.unknown, *other.unknown]))

    def times(self, factor: float) -> Cost:
        """The same, for `factor` times as many machines or hours."""
        return Cost({name: value * factor for name, value in self.by_currency.items()}, self.unknown)


@dataclass(frozen=True)
class Line:
    """One step of the arithmetic."""

    what: str
    arithmetic: str
    value: float | None
    """None where a figure is unknown."""
    unit: str
    method: str
    """Where its figures are from, and how sure they are."""


@dataclass(frozen=True)
class Footprint:
    """What machines cost, draw and emit. Watts are at the meter, PUE included, of all machines together."""

    cost: Cost = Cost()
    """Per hour, with as many nodes as are declared."""
    max_cost: Cost = Cost()
    """Per hour, with as many nodes as automatic scaling may add."""
    idle_watts: Amount = Amount()
    typical_watts: Amount = Amount()
    peak_watts: Amount = Amount()
    annual_kwh: Amount = Amount()
    operational_kgco2e: Amount = Amount()
    """Per year."""
    embodied_kgco2e: Amount = Amount()
    """Making the machines, shared out over their life; per year."""

    def __add__(self, other: Footprint) -> Footprint:
        return Footprint(
            self.cost + other.cost,
            self.max_cost + other.max_cost,
            self.idle_watts + other.idle_watts,
            self.typical_watts + other.typical_watts,
            self.peak_watts + other.peak_watts,
            self.annual_kwh + other.annual_kwh,
            self.operational_kgco2e + other.operational_kgco2e,
            self.embodied_kgco2e + other.embodied_kgco2e,
        )

    @property
    def annual_kgco2e(self) -> Amount:
        """Operational and embodied."""
        return self.operational_kgco2e + self.embodied_kgco2e

    @property
    def unknown(self) -> tuple[str, ...]:
        """Everything that is missing in any of it."""
        amounts = (self.peak_watts, self.idle_watts, self.annual_kwh, self.operational_kgco2e, self.embodied_kgco2e)
        return _distinct([*self.cost.unknown, *(item for amount in amounts for item in amount.unknown)])

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON: money per hour and month, whole watts and kWh, tonnes to the kilogram.

        A quantity of which nothing is known is null, money of which nothing is known has no currency; one of which a
        part is unknown is a lower bound, named in `atLeast`.
        """
        return {
            "costPerHour": _money(self.cost),
            "costPerMonth": _money(self.cost.times(HOURS_PER_MONTH)),
            "maxCostPerMonth": _money(self.max_cost.times(HOURS_PER_MONTH)),
            "watts": {
                "idle": _rounded(self.idle_watts),
                "typical": _rounded(self.typical_watts),
                "peak": _rounded(self.peak_watts),
            },
            "kwhPerYear": _rounded(self.annual_kwh),
            "tco2ePerYear": {
                "operational": _rounded(self.operational_kgco2e.times(0.001), 3),
                "embodied": _rounded(self.embodied_kgco2e.times(0.001), 3),
            },
            "atLeast": list(self._lower_bounds()),
            "unknown": list(self.unknown),
        }

    def _lower_bounds(self) -> Iterator[str]:
        """The keys of `as_dict` whose figures lack a part."""
        yield from ("costPerHour", "costPerMonth", "maxCostPerMonth") if self.cost.unknown else ()
        amounts = {
            "watts.idle": self.idle_watts,
            "watts.typical": self.typical_watts,
            "watts.peak": self.peak_watts,
            "kwhPerYear": self.annual_kwh,
            "tco2ePerYear.operational": self.operational_kgco2e,
            "tco2ePerYear.embodied": self.embodied_kgco2e,
        }
        yield from (name for name, amount in amounts.items() if amount.unknown)


@dataclass(frozen=True)
class PoolEstimate:
    """One pool's part."""

    name: str
    nodes: int
    footprint: Footprint
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Estimate:
    """The whole centre's."""

    pools: tuple[PoolEstimate, ...]
    presumed: tuple[Line, ...]
    """What holds for every pool: utilisation, PUE, grid."""
    not_covered: tuple[str, ...]

    @property
    def total(self) -> Footprint:
        """The sum of the pools."""
        return total(pool.footprint for pool in self.pools)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON, stack exports and comparisons."""
        return {
            "total": self.total.as_dict(),
            "pools": {pool.name: {"nodes": pool.nodes, **pool.footprint.as_dict()} for pool in self.pools},
            "notCovered": list(self.not_covered),
        }


def total(parts: Iterable[Footprint]) -> Footprint:
    """The sum of footprints."""
    return sum(parts, Footprint())


def _money(cost: Cost) -> dict[str, float]:
    return {currency: round(value, 2) for currency, value in cost.by_currency.items()}


def _rounded(amount: Amount, digits: int = 0) -> float | None:
    if amount.known is None:
        return None
    return round(amount.known, digits) if digits else round(amount.known)


def _distinct(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))

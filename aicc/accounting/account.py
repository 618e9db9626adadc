"""One account: everything that a tenant, the platform or the idle hardware used in a period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from aicc.accounting.amounts import Amounts, RowKey, Rows, by_model, total
from aicc.accounting.coverage import METHODS, Coverage, Hours, possible
from aicc.accounting.factors import Factor
from aicc.accounting.months import HOUR_SECONDS, Hour, day_of
from aicc.accounting.recorded import Key, Recorded, Series
from infra.estimate.model import Amount

PLATFORM, IDLE = "platform", "idle"
"""Accounts of no tenant: the centre's own services, and what nobody reserves."""
WATTS_PER_KILOWATT = 1_000
ROUNDING = 1e-9
"""What is left of a tenant beside its models is nothing below this share of it."""
OVERRUN_TOLERANCE = 0.001
"""Models may add up to this much more than their tenant before it is said."""


@dataclass(frozen=True)
class Lacks:
    """What is not in an account's figures, in words, by quantity; a figure that lacks something is a lower bound."""

    energy: tuple[str, ...] = ()
    facility: tuple[str, ...] = ()
    operational: tuple[str, ...] = ()
    embodied: tuple[str, ...] = ()
    cost: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """What one name used."""

    name: str
    kind: str
    """A tenant's kind; empty for the platform, idle hardware, and tenants of which it is not recorded."""
    rows: Rows
    jobs: Mapping[str, Amounts]
    """By the owning Job's name; part of the rows without a model."""
    nodes: Mapping[str, Amounts]
    """Energy and operational carbon by node; only where it was asked for."""
    served: Mapping[str, float]
    """Prompt and completion tokens that its models handled, whoever asked: by model."""
    lacks: Lacks
    unknown_hours: float
    """Hours of which nothing is known while it was there."""
    unknown_node_hours: float
    """Hours × nodes of unknown power that it shared."""
    absurd_hours: int
    """Hours in which a recorded figure cannot be true, and was not used."""
    overrun: bool
    """Whether its models add up to more than it."""
    first: Hour | None
    """The first and the last hour in which it is seen."""
    last: Hour | None
    budget_kwh: float | None
    budget_kgco2e: float | None

    @property
    def total(self) -> Amounts:
        """The sum of its rows."""
        return total(self.rows.values())

    @property
    def models(self) -> dict[str, Amounts]:
        """A total for each model."""
        return by_model(self.rows)

    def amount(self, quantity: str, part: Amounts | None = None) -> Amount:
        """The total, or a part of it, with what it lacks; by the name of a field of `Amounts`."""
        lacking = {
            "it_kwh": self.lacks.energy,
            "facility_kwh": self.lacks.facility,
            "operational_gco2e": self.lacks.operational,
            "embodied_gco2e": self.lacks.embodied,
            "gco2e": tuple(dict.fromkeys([*self.lacks.operational, *self.lacks.embodied])),
            "counted_tokens": self.lacks.tokens,
        }
        return Amount(getattr(part or self.total, quantity), lacking[quantity])

    def per_1k_tokens(self, quantity: str, model: str) -> Amount | None:
        """A quantity of one of its models for each 1,000 tokens that the model handled; None where it handled none."""
        if not self.served.get(model):
            return None
        return self.amount(quantity, self.models[model]).times(1_000 / self.served[model])


@dataclass
class _Book:
    """An account being written."""

    rows: dict[RowKey, Amounts] = field(default_factory=lambda: defaultdict(Amounts))
    jobs: dict[str, Amounts] = field(default_factory=lambda: defaultdict(Amounts))
    nodes: dict[str, Amounts] = field(default_factory=lambda: defaultdict(Amounts))
    absurd: set[Hour] = field(default_factory=set)
    without_pue: bool = False
    without_intensity: float = 0.0
    """kWh"""


class Bookkeeper:
    """Writes accounts of one period."""

    def __init__(self, recorded: Recorded, coverage: Coverage, pue: Factor, intensity: Factor) -> None:
        self._recorded = recorded
        self._coverage = coverage
        self._pue = pue
        self._intensity = intensity

    def account(self, name: str) -> Account:
        """The account of a tenant, of the platform, or of idle hardware."""
        recorded, book = self._recorded, _Book()
        overrun = self._energy(name, book)
        whole, models = recorded.tenant_embodied.get((name,), {}), _of(recorded.model_embodied, name)
        parts, _ = _parts(whole, {key[1]: hours for key, hours in models.items()})
        self._book(book, parts, "estimated", _add_embodied)
        for _, currency in _of(recorded.tenant_price, name):
            models = {key: hours for key, hours in _of(recorded.model_price, name).items() if key[2] == currency}
            parts, _ = _parts(recorded.tenant_price[name, currency], {key[1]: hours for key, hours in models.items()})
            self._book(book, parts, "measured", partial(_add_cost, currency))
        for (_, model, kind), hours in _of(recorded.tokens, name).items():
            self._book(book, {model: hours}, "measured", partial(_add_tokens, kind))
        self._apart(book, book.jobs, _of(recorded.job_watts, name))
        self._apart(book, book.nodes, _of(recorded.node_watts, name))
        for (_, job), hours in _of(recorded.job_embodied, name).items():
            for hour, _, value in self._coverage.spread(hours, "estimated"):
                _add_embodied(book.jobs[job], hour, value or 0.0)
        seen = self._seen(name)
        unknown = self._unknown_hours(name, seen)
        nodes = self._unknown_node_hours(name)
        return Account(
            name=name,
            kind=next((key[1] for key in _of(recorded.tenants, name)), ""),
            rows={key: amounts for key, amounts in sorted(book.rows.items()) if not amounts.empty},
            jobs=_largest_first(book.jobs),
            nodes=_largest_first(book.nodes),
            served={key[1]: self._served(key[1]) for key in _of(recorded.model_watts, name) if key[1]},
            lacks=self._lacks(name, book, unknown, nodes),
            unknown_hours=unknown,
            unknown_node_hours=nodes,
            absurd_hours=len(book.absurd),
            overrun=overrun,
            first=min(seen, default=None),
            last=max(seen, default=None),
            budget_kwh=_latest(recorded.budget_kwh, name),
            budget_kgco2e=_latest(recorded.budget_kgco2e, name),
        )

    def _energy(self, name: str, book: _Book) -> bool:
        """Write the rows' energy and operational carbon; whether models add up to more than there is."""
        overrun = False
        for method in METHODS:
            whole = self._recorded.tenant_watts.get((name, method), {})
            models = {key[1]: hours for key, hours in _of(self._recorded.model_watts, name).items() if key[2] == method}
            parts, over = _parts(whole, models)
            overrun = overrun or over
            self._book(book, parts, method, partial(self._add_energy, book))
        return overrun

    def _served(self, model: str) -> float:
        rate = self._recorded.served.get((model,), {})
        return HOUR_SECONDS * sum(value or 0.0 for _, _, value in self._coverage.spread(rate, "measured"))

    def _apart(self, book: _Book, into: dict[str, Amounts], series: Mapping[Key, Hours]) -> None:
        """Write energy that is a part of the rows, by its name: of tenant, name, method."""
        for (_, name, method), hours in series.items():
            for hour, _, value in self._coverage.spread(hours, method):
                self._add_energy(book, into[name], hour, value or 0.0)

    def _book(
        self, book: _Book, parts: Mapping[str, Hours], method: str, add: Callable[[Amounts, Hour, float], None]
    ) -> None:
        for model, hours in parts.items():
            for hour, known_by, value in self._coverage.spread(hours, method):
                if value is None:
                    book.absurd.add(hour)
                else:
                    add(book.rows[RowKey(day_of(hour), model, known_by)], hour, value)

    def _add_energy(self, book: _Book, amounts: Amounts, hour: Hour, watt_hours: float) -> None:
        kwh = watt_hours / WATTS_PER_KILOWATT
        pue, intensity = self._pue.by_hour.get(hour), self._intensity.by_hour.get(hour)
        book.without_pue |= pue is None
        book.without_intensity += kwh if intensity is None else 0.0
        amounts.it_kwh += kwh
        amounts.facility_kwh += kwh * (pue or 1.0)
        amounts.operational_gco2e += kwh * (pue or 1.0) * (intensity or 0.0)

    def _seen(self, name: str) -> set[Hour]:
        """Hours of the period in which it is seen."""
        series = [*_of(self._recorded.tenants, name).values(), *_of(self._recorded.tenant_watts, name).values()]
        return {hour for hours in series for hour in hours if self._coverage.period.seconds(hour)}

    def _unknown_hours(self, name: str, seen: set[Hour]) -> float:
        """Hours of which nothing is known, unless the tenant was not there on either side of the gap."""
        coverage = self._coverage
        always = name in {PLATFORM, IDLE} or not self._recorded.tenants
        watched = sorted(hour for hour in coverage.share if coverage.period.seconds(hour))
        unknown = 0.0
        for hour in coverage.unknown:
            before = next((other for other in reversed(watched) if other < hour), None)
            after = next((other for other in watched if other > hour), None)
            if always or before is None or after is None or before in seen or after in seen:
                unknown += coverage.period.seconds(hour) / HOUR_SECONDS
        return unknown

    def _unknown_node_hours(self, name: str) -> float:
        hours = self._recorded.unknown_nodes.get((name,), {})
        return sum(value or 0.0 for _, _, value in self._coverage.spread(hours, "measured"))

    def _lacks(self, name: str, book: _Book, unknown_hours: float, unknown_node_hours: float) -> Lacks:
        time = (f"{unknown_hours:,.4g} hours without any record",) if unknown_hours else ()
        energy = list(time)
        if unknown_node_hours:
            energy.append(f"{unknown_node_hours:,.4g} node hours of unknown power")
        if book.absurd:
            energy.append(f"{len(book.absurd)} hours whose record cannot be true")
        facility = [*energy, *(["PUE: energy is the machines' alone"] if book.without_pue else [])]
        operational = list(facility)
        if book.without_intensity:
            operational.append(f"the grid's carbon intensity for {book.without_intensity:,.4g} kWh")
        pools = self._pools(name)
        incomplete = [pool for pool in pools if not _complete(self._recorded, pool)]
        unpriced = [pool for pool in pools if (pool,) not in self._recorded.pool_priced]
        embodied = [*time, *(f"embodied carbon of accelerators in pool {pool}" for pool in incomplete)]
        cost = [*time, *(f"price of pool {pool}" for pool in unpriced)]
        return Lacks(tuple(energy), tuple(facility), tuple(operational), tuple(embodied), tuple(cost), time)

    def _pools(self, name: str) -> list[str]:
        """The pools that it used; of idle hardware, and of a tenant of which it is not recorded, all of them."""
        used = {key[1] for key in _of(self._recorded.tenant_pools, name)}
        if used and name != IDLE:
            return sorted(used)
        series = (self._recorded.pool_watts, self._recorded.pool_embodied_complete)
        return sorted({key[0] for each in series for key in each} if name == IDLE or self._seen(name) else ())


def _largest_first(parts: Mapping[str, Amounts]) -> dict[str, Amounts]:
    named = ((name, part) for name, part in parts.items() if name)
    return dict(sorted(named, key=lambda item: (-item[1].facility_kwh, item[0])))


def _parts(whole: Hours, models: Mapping[str, Hours]) -> tuple[dict[str, Hours], bool]:
    """Each model's share and, under the empty name, the rest; whether models add up to more than the whole."""
    named = {model: hours for model, hours in models.items() if model}
    rest: dict[Hour, float] = {}
    overrun = False
    for hour in {*whole, *(hour for hours in named.values() for hour in hours)}:
        value = whole.get(hour, 0.0)
        left = value - sum(hours.get(hour, 0.0) for hours in named.values())
        if possible(value) and left <= ROUNDING * value:
            overrun = overrun or -left > OVERRUN_TOLERANCE * value
            continue
        rest[hour] = left
    return {**named, "": rest}, overrun


def _add_embodied(amounts: Amounts, _hour: Hour, gco2e: float) -> None:
    amounts.embodied_gco2e += gco2e


def _add_cost(currency: str, amounts: Amounts, _hour: Hour, money: float) -> None:
    amounts.cost[currency] += money


def _add_tokens(kind: str, amounts: Amounts, _hour: Hour, per_second: float) -> None:
    amounts.tokens[kind] += per_second * HOUR_SECONDS


def _of(series: Series, name: str) -> dict[Key, Hours]:
    return {key: hours for key, hours in series.items() if key[0] == name}


def _complete(recorded: Recorded, pool: str) -> bool:
    """Whether a pool's embodied figure was complete in every hour."""
    hours = recorded.pool_embodied_complete.get((pool,), {})
    return bool(hours) and all(value >= 1 for value in hours.values())


def _latest(series: Series, name: str) -> float | None:
    hours = series.get((name,), {})
    return hours[max(hours)] if hours else None


def names(recorded: Recorded) -> Iterator[str]:
    """Everyone who has an account: tenants first, by name, then the platform and idle hardware."""
    found = {key[0] for series in (recorded.tenant_watts, recorded.tenants, recorded.tokens) for key in series}
    yield from sorted(found - {PLATFORM, IDLE})
    yield from (PLATFORM, IDLE)

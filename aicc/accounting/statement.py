"""A month's statement: the accounts that were asked for, what they reconcile with, and what a reader must know."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from aicc.accounting.account import IDLE, PLATFORM, WATTS_PER_KILOWATT, Account, Bookkeeper, names
from aicc.accounting.coverage import FILL_LIMIT_HOURS, METHODS, Coverage, Method, coverage
from aicc.accounting.factors import DECLARED, NEIGHBOUR, Factor, factor
from aicc.accounting.months import HOUR_SECONDS, Month, Period, moment
from aicc.accounting.recorded import Recorded, Series

TOLERANCE = 0.001
"""By how much the accounts may differ from the centre's total, as a share of it."""
SILENT_FILL_SHARE = 0.0001
"""Below this, filled time is not worth a line."""

Level = Literal["error", "warning", "note"]
ByMethod = Mapping[Method, float]


@dataclass(frozen=True)
class Flag:
    """Something that a reader of the figures must know."""

    level: Level
    text: str
    account: str | None = None
    """Whom it is about; None: everyone."""


@dataclass(frozen=True)
class Reconciliation:
    """The sum of all accounts beside the centre's own total, at the machines."""

    accounts_kwh: Mapping[str, float]
    """Of every tenant, the platform and idle hardware."""
    center_kwh: float | None
    """From the nodes' power, without regard to who used it; None where it was not recorded."""

    @property
    def sum_kwh(self) -> float:
        """Of all accounts."""
        return sum(self.accounts_kwh.values())

    @property
    def difference(self) -> float | None:
        """Of the accounts to the centre's total, as a share of it; None where no total was recorded."""
        if not self.center_kwh:
            return None if self.sum_kwh else 0.0
        return (self.sum_kwh - self.center_kwh) / self.center_kwh

    @property
    def holds(self) -> bool:
        """Whether the accounts add up to the total."""
        return self.difference is not None and abs(self.difference) <= TOLERANCE


@dataclass(frozen=True)
class Statement:
    """A month of a centre."""

    center: str
    month: Month
    period: Period
    coverage: Coverage
    accounts: tuple[Account, ...]
    pools: Mapping[str, ByMethod]
    """kWh at the machines, by pool."""
    center_kwh: ByMethod
    """kWh at the machines."""
    reconciliation: Reconciliation
    pue: Factor
    intensity: Factor
    flags: tuple[Flag, ...]

    @property
    def in_progress(self) -> bool:
        """Whether the month goes on."""
        return self.period.until < self.month.end

    def flags_of(self, account: str) -> list[Flag]:
        """What a reader of one account must know."""
        return [flag for flag in self.flags if flag.account in {None, account}]


@dataclass(frozen=True)
class Site:
    """The stack's own figures, for hours in which nothing was recorded; None where it has none."""

    pue: float | None = None
    gco2e_per_kwh: float | None = None


def statement(  # noqa: PLR0917  told apart by their types
    center: str,
    month: Month,
    period: Period,
    searched: Period,
    recorded: Recorded,
    site: Site = Site(),
    wanted: Collection[str] | None = None,
) -> Statement:
    """Work the month out, for the accounts that are wanted (None: all); `searched` is as for `coverage`."""
    covered = coverage(recorded.heartbeats, period, searched)
    unknown = set(covered.unknown)
    known = [hour for hour in period.hours if hour not in unknown]
    pue, intensity = factor(recorded.pue, known, site.pue), factor(recorded.intensity, known, site.gco2e_per_kwh)
    keeper = Bookkeeper(recorded, covered, pue, intensity)
    everyone = list(dict.fromkeys([*names(recorded), *(wanted or ())]))
    accounts = tuple(keeper.account(name) for name in everyone if wanted is None or name in wanted)
    reconciliation = Reconciliation(
        {name: sum(_kwh(recorded.tenant_watts, covered, name).values()) for name in everyone},
        sum(_kwh(recorded.center_watts, covered).values()) if recorded.center_watts else None,
    )
    found = Statement(
        center=center,
        month=month,
        period=period,
        coverage=covered,
        accounts=accounts,
        pools={
            pool: _kwh(recorded.pool_watts, covered, pool) for pool in sorted({key[0] for key in recorded.pool_watts})
        },
        center_kwh=_kwh(recorded.center_watts, covered),
        reconciliation=reconciliation,
        pue=pue,
        intensity=intensity,
        flags=(),
    )
    flags = [*_of_time(found, recorded), *_of_factors(found), *_of_sums(found)]
    flags += [flag for account in accounts for flag in _of_account(account, found)]
    return Statement(**{**vars(found), "flags": tuple(sorted(flags, key=lambda flag: _ORDER[flag.level]))})


_ORDER: dict[Level, int] = {"error": 0, "warning": 1, "note": 2}


def _kwh(series: Series, covered: Coverage, *prefix: str) -> dict[Method, float]:
    """Energy at the machines by method, of the series whose labels begin so and end with the method."""
    result: dict[Method, float] = dict.fromkeys(METHODS, 0.0)
    for key, hours in series.items():
        if key[: len(prefix)] == prefix:
            for _, method, watt_hours in covered.spread(hours, key[-1]):
                result[method] += (watt_hours or 0.0) / WATTS_PER_KILOWATT
    return result


def _of_time(found: Statement, recorded: Recorded) -> Iterator[Flag]:
    covered, period = found.coverage, found.period
    if found.in_progress:
        yield Flag("note", f"{found.month} is not over: figures are until {moment(period.until)}")
    if period.start > found.month.start:
        yield Flag("note", f"the cluster was made on {moment(period.start)}: figures begin there")
    if not recorded.heartbeats:
        yield Flag("error", f"nothing was recorded in {found.month}: every figure is unknown")
    elif unknown := covered.unknown_hours:
        first = min(recorded.heartbeats)
        yield Flag(
            "warning",
            f"{unknown:,.4g} of {_hours(period):,.4g} hours have no record, in gaps longer than {FILL_LIMIT_HOURS} h: "
            "they are not in the figures, which are lower bounds (≥)",
        )
        if min(covered.unknown) <= first and first > period.start:
            yield _retention(first, period, recorded)
    if covered.filled_hours > SILENT_FILL_SHARE * _hours(period) and recorded.heartbeats:
        yield Flag(
            "warning",
            f"{covered.filled_hours:,.3g} hours were not watched: they are estimated from the hours beside them",
        )


def _retention(first: float, period: Period, recorded: Recorded) -> Flag:
    kept = recorded.retention_seconds
    if kept is not None and period.until - kept > period.start:
        return Flag(
            "warning",
            f"Prometheus keeps samples for {recorded.retention}: what was recorded before {moment(first)} is gone. "
            "Keep them for 40 days, or read statements before they go",
        )
    return Flag("note", f"the first record is of {moment(first)}")


def _of_factors(found: Statement) -> Iterator[Flag]:
    hours = sum(1 for _ in found.period.hours) - len(found.coverage.unknown)
    for name, chosen, unit in (("PUE", found.pue, ""), ("carbon intensity", found.intensity, " gCO2e/kWh")):
        if chosen.rejected_hours:
            yield Flag(
                "warning",
                f"{name}: in {chosen.rejected_hours} hours what was recorded cannot be true; it was not used",
            )
        if chosen.assumed_hours and chosen.mean is not None:
            origins = ", ".join(f"{count} h from the {name}" for name, count in _assumed(chosen))
            yield Flag("warning", f"{name}: not recorded in {chosen.assumed_hours} of {hours} hours: {origins}")
        if missing := hours - len(chosen.by_hour):
            yield Flag("warning", f"{name}: unknown in {missing} of {hours} hours{unit and ', and not in the carbon'}")


def _assumed(chosen: Factor) -> Iterator[tuple[str, int]]:
    yield from ((name, chosen.origins[name]) for name in (NEIGHBOUR, DECLARED) if name in chosen.origins)


def _of_sums(found: Statement) -> Iterator[Flag]:
    sums = found.reconciliation
    if sums.holds:
        return
    if sums.center_kwh is None or sums.difference is None:
        yield Flag("error", "the accounts cannot be held against the centre's total, which was not recorded")
    else:
        yield Flag(
            "error",
            f"the accounts add up to {sums.sum_kwh:,.3f} kWh and the centre's total is {sums.center_kwh:,.3f} kWh: "
            f"{sums.difference:+.3%}, more than {TOLERANCE:.1%}. Do not bill by these figures",
        )


def _of_account(account: Account, found: Statement) -> Iterator[Flag]:
    name = account.name
    if account.unknown_node_hours:
        yield Flag(
            "warning",
            f"it shared nodes of unknown power: {account.unknown_node_hours:,.4g} node hours are not in its energy",
            name,
        )
    if account.absurd_hours:
        yield Flag("warning", f"in {account.absurd_hours} hours a record cannot be true, and was not used", name)
    if account.overrun:
        yield Flag("error", "its models add up to more than it used itself", name)
    if account.lacks.embodied:
        yield Flag("note", f"embodied carbon is a lower bound; unknown: {'; '.join(account.lacks.embodied)}", name)
    if account.lacks.cost:
        yield Flag("note", f"cost lacks: {'; '.join(account.lacks.cost)}", name)
    yield from _of_life(account, found)
    yield from _of_budget(account)


def _of_life(account: Account, found: Statement) -> Iterator[Flag]:
    """A tenant that came or went, as far as the watched hours show."""
    if account.name in {PLATFORM, IDLE}:
        return
    watched = [hour for hour in found.coverage.share if found.period.seconds(hour)]
    if account.first is None or account.last is None:
        if watched:
            yield Flag("note", "it is nowhere in this month's records", account.name)
        return
    if account.first > min(watched, default=account.first):
        yield Flag("note", f"it is first seen on {moment(account.first)}", account.name)
    if account.last < max(watched, default=account.last):
        gone = f"it is last seen on {moment(account.last + HOUR_SECONDS)}: deleted, and accounted until then"
        yield Flag("note", gone, account.name)


def _of_budget(account: Account) -> Iterator[Flag]:
    used = account.total
    for budget, value, unit in (
        (account.budget_kwh, used.facility_kwh, "kWh"),
        (account.budget_kgco2e, used.gco2e / 1_000, "kgCO2e"),
    ):
        if budget is not None and value > budget:
            yield Flag("warning", f"its budget of {budget:,.6g} {unit} is spent: {value:,.1f} {unit}", account.name)


def _hours(period: Period) -> float:
    return (period.until - period.start) / HOUR_SECONDS

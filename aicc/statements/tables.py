"""What a statement says, as titled tables of text; a terminal and a page show the same ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aicc.accounting.account import IDLE, PLATFORM, Account
from aicc.accounting.amounts import by_method
from aicc.accounting.months import HOUR_SECONDS
from aicc.accounting.statement import Statement
from aicc.figures import UNKNOWN
from aicc.statements import figures
from infra.estimate.model import Amount, Estimate

PER_1K = "per 1,000 tokens"
REST = "(no model)"
_ABOUT = {PLATFORM: "the centre's own services", IDLE: "hardware that nobody reserves"}


@dataclass(frozen=True)
class Table:
    """A table: the first column is text, the others are numbers unless they are named in `text`."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    text: tuple[int, ...] = (0,)


def of_account(account: Account) -> Iterator[Table]:
    """What one account used: in all, by model, by job, by node."""
    yield _summary(account)
    if any(account.models):
        yield _models(account)
    if account.jobs:
        yield _jobs(account)
    if account.nodes:
        yield _nodes(account)


def of_centre(found: Statement, estimated: Estimate) -> Iterator[Table]:
    """What the accounts are held against, the factors, and the sources of every figure."""
    yield _reconciliation(found)
    if found.pools:
        yield _pools(found)
    yield _factors(found)
    yield _sources(estimated)


def heading(account: Account) -> str:
    """Whose account it is."""
    if about := _ABOUT.get(account.name):
        return f"{account.name.capitalize()}: {about}"
    kind = f" ({account.kind})" if account.kind else ""
    return f"Tenant {account.name}{kind}" if account.name else "No tenant"


def _summary(account: Account) -> Table:
    rows = []
    methods = by_method(account.rows)
    for method, part in methods.items():
        carbon = (figures.number(value / 1_000) for value in (part.operational_gco2e, part.embodied_gco2e))
        rows.append([method, figures.number(part.it_kwh), figures.number(part.facility_kwh), *carbon])
    lacking = (account.lacks.energy, account.lacks.facility, account.lacks.operational, account.lacks.embodied)
    if any(lacking):
        rows.append(["unknown", *(_missing(account, lacks) for lacks in lacking)])
    total = account.total
    rows.append(
        [
            "total",
            figures.reading(account.amount("it_kwh")),
            figures.energy(account),
            figures.carbon(account, "operational_gco2e"),
            figures.carbon(account, "embodied_gco2e"),
        ]
    )
    for budget, used, unit in (
        (account.budget_kwh, total.facility_kwh, "kWh"),
        (account.budget_kgco2e, total.gco2e / 1_000, "kgCO2e"),
    ):
        if budget:
            at = 2 if unit == "kWh" else 3
            row = [f"of the budget of {figures.number(budget)} {unit}", "", "", "", ""]
            row[at] = figures.share(used, budget)
            rows.append(row)
    head = ["by method", "machines kWh", "at the meter kWh", "operational kgCO2e", "embodied kgCO2e"]
    return Table("Energy and carbon", head, rows)


def _missing(account: Account, lacks: Sequence[str]) -> str:
    """How much is missing of a figure, as far as that can be said."""
    if not lacks:
        return "0"
    return f"{account.unknown_hours:,.4g} h" if account.unknown_hours else "a part"


def _models(account: Account) -> Table:
    rows = []
    for model, part in account.models.items():
        per = (account.per_1k_tokens(quantity, model) if model else None for quantity in ("facility_kwh", "gco2e"))
        served = account.served.get(model)
        rows.append(
            [
                model or REST,
                figures.energy(account, part) if part.it_kwh or not part.counted_tokens else figures.NOTHING,
                figures.carbon(account, "gco2e", part) if part.gco2e or not part.counted_tokens else figures.NOTHING,
                figures.money(account, part) if part.it_kwh or part.cost else figures.NOTHING,
                figures.tokens(account, part),
                figures.number(round(served)) if served else figures.NOTHING,
                *map(figures.reading, per),
            ]
        )
    rows.append(
        [
            "total",
            figures.energy(account),
            figures.carbon(account, "gco2e"),
            figures.money(account),
            figures.tokens(account),
            "",
            "",
            "",
        ]
    )
    head = ["model", "kWh", "kgCO2e", "cost", "tokens asked", "tokens served", f"kWh {PER_1K}", f"gCO2e {PER_1K}"]
    return Table("By model", head, rows)


def _jobs(account: Account) -> Table:
    rows = []
    for job, part in account.jobs.items():
        embodied = Amount(part.embodied_gco2e, account.lacks.embodied)
        if not part.embodied_gco2e:
            embodied = Amount(0.0, ("embodied carbon of the job",))
        total = Amount(part.operational_gco2e, account.lacks.operational) + embodied
        rows.append(
            [
                job,
                figures.energy(account, part),
                figures.carbon(account, "operational_gco2e", part),
                figures.reading(embodied, 0.001),
                figures.reading(total, 0.001),
            ]
        )
    return Table("By job", ["job", "kWh", "operational kgCO2e", "embodied kgCO2e", "SCI, kgCO2e per job"], rows)


def _nodes(account: Account) -> Table:
    rows = [
        [node, figures.energy(account, part), figures.carbon(account, "operational_gco2e", part)]
        for node, part in account.nodes.items()
    ]
    return Table("By node", ["node", "kWh", "operational kgCO2e"], rows)


def _reconciliation(found: Statement) -> Table:
    sums = found.reconciliation
    rows = [[name or "(no tenant)", figures.number(value)] for name, value in sums.accounts_kwh.items()]
    rows.append(["sum of the accounts", figures.number(sums.sum_kwh)])
    total = UNKNOWN if sums.center_kwh is None else figures.number(sums.center_kwh)
    rows.append(["the centre's total, from its nodes", total])
    difference = UNKNOWN if sums.difference is None else f"{round(sums.difference, 6) or 0.0:.4%}"
    rows.append(["difference", difference if sums.holds else f"{difference} — too much"])
    return Table("Reconciliation, at the machines", ["account", "kWh"], rows)


def _pools(found: Statement) -> Table:
    rows = [
        [pool, figures.number(kwh["measured"]), figures.number(kwh["estimated"]), figures.number(sum(kwh.values()))]
        for pool, kwh in found.pools.items()
    ]
    return Table("By pool, at the machines", ["pool", "measured kWh", "estimated kWh", "kWh"], rows)


def _factors(found: Statement) -> Table:
    hours = (found.period.until - found.period.start) / HOUR_SECONDS
    covered = found.coverage
    rows = [
        ["hours of the period", f"{hours:,.4g}", "of the month that are over"],
        ["watched", f"{covered.watched_hours:,.4g}", "the rules were evaluated, and the meter was there"],
        ["filled", f"{covered.filled_hours:,.4g}", "estimated from the hours beside them"],
        ["unknown", f"{covered.unknown_hours:,.4g}", "in gaps that are too long to fill"],
    ]
    for name, factor, unit in (("PUE", found.pue, ""), ("carbon intensity", found.intensity, " gCO2e/kWh")):
        origins = ", ".join(f"{origin} {count:,} h" for origin, count in factor.origins.items())
        value = UNKNOWN if factor.mean is None else f"{figures.number(factor.mean)}{unit}"
        rows.append([f"{name}, mean", value, origins or figures.NOTHING])
    return Table("Hours and factors", ["what", "value", "from"], rows, text=(0, 2))


def _sources(estimated: Estimate) -> Table:
    """Each catalogue figure behind estimates once, with what it is of."""
    rows: dict[tuple[str, str], list[str]] = {}
    lines = [("the centre", line) for line in estimated.presumed]
    lines += [(f"pool {pool.name}", line) for pool in estimated.pools for line in pool.lines if line.what in _SOURCED]
    for owner, line in lines:
        value = UNKNOWN if line.value is None else f"{figures.number(line.value)} {line.unit}".rstrip()
        rows.setdefault((owner, line.what), [owner, line.what, value, line.arithmetic, line.method])
    return Table(
        "Sources: the stack's declaration and its catalogue",
        ["of", "figure", "value", "arithmetic", "confidence, date: source"],
        list(rows.values()),
        text=(0, 1, 3, 4),
    )


_SOURCED = {
    "hosts, idle",
    "hosts, peak",
    "accelerators, idle",
    "accelerators, peak",
    "embodied, hosts",
    "embodied, accelerators",
    "list price",
}

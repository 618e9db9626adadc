"""`aicc saving`: a simulated week of the stack, with and without each way of using less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from aicc.figures import UNKNOWN
from aicc.saving import compare as comparing
from aicc.saving import jobs, trace, traffic
from aicc.saving.compare import Assumed, Comparison, Delays, Row, Used
from aicc.saving.week import HOUR
from aicc.stacks import Stack
from infra.catalogue import load

_SAVES = (
    "",
    "",
    "kWh",
    "kWh saved",
    "kgCO2e saved",
    "money saved",
    "accelerator\nhours freed",
    "node-hours\nempty, more",
)
_DELAYS = (
    "",
    "requests held",
    "p50/p99/max",
    "refused",
    "answers longer",
    "jobs later",
    "mean/max",
    "jobs\nsooner",
    "begun\nanew",
    "deadlines\nmissed",
)
_INDENT = "    "
_NOT_SIMULATED = (
    "queues of requests once a replica is there; what pods without accelerators draw, on nodes that stay; deferrable "
    "jobs (benchmarks/green.md)"
)


def saving(stack: Stack, requests: Path | None, seed: int, slack_hours: float, assumed: Assumed) -> Comparison:
    """Simulate the stack's week.

    Raises TraceError for a file that is no trace of requests.
    """
    plan, catalogue = stack.plan, load()
    if requests is not None:
        asked = trace.read(requests, [model.name for model in plan.models], seed)
    else:
        kinds = {tenant.name: tenant.kind for tenant in plan.tenants}
        asked = traffic.synthetic(plan.models, kinds, comparing.busiest_rates(plan, assumed), seed)
    first = asked.week.first_minute(assumed.time_zone)
    work = jobs.drawn(plan, catalogue, slack_hours * HOUR, seed, first)
    return comparing.compare(plan, catalogue, asked, work, assumed)


def as_json(stack: Stack, found: Comparison) -> dict[str, Any]:
    """Return everything for programs; a figure that is unknown is null."""
    return {
        "stack": stack.name,
        "center": stack.plan.name,
        "seed": found.traffic.seed,
        "requests": {"source": found.traffic.source, "count": found.traffic.total},
        "jobs": len(found.jobs),
        "tables": [
            {"title": table.title, "rows": [_row_json(row, table.rows[0].used) for row in table.rows]}
            for table in found.tables
        ],
        "ways": [
            {"name": way.name, "on": way.is_on, "config": list(way.config), "note": way.note} for way in found.ways
        ],
        "presumed": list(found.presumed),
        "unknown": list(found.unknown),
    }


def show(stack: Stack, found: Comparison, console: Console) -> None:
    """Print the comparison for people."""
    asked = found.traffic
    head = (
        f"{stack.plan.name}: a week of {asked.total:,} requests ({asked.source}) and {len(found.jobs):,} jobs "
        f"(synthetic), seed {asked.seed}"
    )
    console.print(Text(head, style="bold"))
    for table in found.tables:
        saves = _table(f"{table.title}: what it saves", _SAVES, [_saves(row, table.rows[0].used) for row in table.rows])
        delays = _table("What it delays", _DELAYS, [_delays(row) for row in table.rows])
        console.print(Group("", saves, delays))
    console.print()
    for line in _notes(found):
        # What is to be copied into a stack file stays in one piece.
        console.print(Text(line), soft_wrap=line.startswith(_INDENT))


def _table(title: str, head: tuple[str, ...], rows: list[list[str]]) -> Table:
    made = Table(title=title, title_justify="left")
    for index, name in enumerate(head):
        made.add_column(name, justify="right" if index else "left", no_wrap=True)
    for row in rows:
        made.add_row(*row)
    return made


def _saves(row: Row, before: Used) -> list[str]:
    used = row.used
    kwh = ("≥ " if used.at_least else "") + f"{used.kwh:,.0f}"
    if not row.status:
        carbon = UNKNOWN if used.kgco2e is None else f"{used.kgco2e:,.0f}"
        return [row.name, "", kwh, "", f"of {carbon}", f"of {_money(used.money)}", "", ""]
    carbon = UNKNOWN if used.kgco2e is None or before.kgco2e is None else _number(before.kgco2e - used.kgco2e)
    return [
        row.name,
        row.status,
        kwh,
        _saved(before.kwh - used.kwh, before.kwh),
        carbon,
        _money({currency: value - used.money[currency] for currency, value in before.money.items()}),
        _number(before.reserved_hours - used.reserved_hours),
        _number(used.empty_hours - before.empty_hours),
    ]


def _delays(row: Row) -> list[str]:
    delays = row.delays
    held, longer, later = delays.held, delays.longer, delays.later
    return [
        row.name,
        _part(held.count, delays.requests),
        f"{held.percentile(0.5):.0f}/{held.percentile(0.99):.0f}/{held.percentile(1):.0f} s" if held.count else "—",
        f"{delays.refused:,}",
        f"{longer.count / delays.requests:.0%} by {longer.percentile(1):.1f} s" if longer.count else "0",
        _part(later.count, delays.jobs),
        f"{later.mean / HOUR:.1f}/{later.percentile(1) / HOUR:.1f} h" if later.count else "—",
        f"{delays.sooner:,}",
        f"{delays.evicted:,}",
        f"{delays.missed:,}",
    ]


def _notes(found: Comparison) -> Iterator[str]:
    for way in found.ways:
        about = f"; {way.note}" if way.note else ""
        if way.is_on:
            yield f"{way.name}: on{about}"
        elif way.config:
            yield f"{way.name}: to turn it on{about}"
            yield from (f"{_INDENT}{line}" for line in way.config)
        elif way.note:
            yield f"{way.name}: {way.note}"
    crowded = {name: steps for table in found.tables for row in table.rows for name, steps in row.crowded.items()}
    for name, minutes in crowded.items():
        yield f"{name}: {minutes:,} minutes ask for more than its replicas do"
    yield from (f"Presumed: {line}." for line in found.presumed)
    if found.unknown:
        yield f"Unknown, and in no figure: {'; '.join(found.unknown)}."
    yield f"Not simulated: {_NOT_SIMULATED}."


def _row_json(row: Row, before: Used) -> dict[str, Any]:
    used = row.used
    return {
        "name": row.name,
        "status": row.status or None,
        "kwh": round(used.kwh, 3),
        "kwhAtLeast": used.at_least,
        "kwhSaved": round(before.kwh - used.kwh, 3),
        "shareSaved": round(1 - used.kwh / before.kwh, 6) if before.kwh else None,
        "kgco2e": None if used.kgco2e is None else round(used.kgco2e, 3),
        "kgco2eSaved": None if used.kgco2e is None or before.kgco2e is None else round(before.kgco2e - used.kgco2e, 3),
        "moneySaved": {name: round(value - used.money[name], 2) for name, value in before.money.items()},
        "acceleratorHoursFreed": round(before.reserved_hours - used.reserved_hours, 3),
        "nodeHoursEmpty": round(used.empty_hours, 3),
        "delays": _delays_json(row.delays),
        "crowdedMinutes": dict(row.crowded),
    }


def _delays_json(delays: Delays) -> dict[str, Any]:
    return {
        "requests": {
            "count": delays.requests,
            "held": delays.held.summary.as_json(),
            "refused": delays.refused,
            "longer": delays.longer.summary.as_json(),
        },
        "jobs": {
            "count": delays.jobs,
            "later": delays.later.summary.as_json(),
            "sooner": delays.sooner,
            "begunAnew": delays.evicted,
            "deadlinesMissed": delays.missed,
        },
    }


def _saved(value: float, whole: float) -> str:
    text = _number(value)
    return text if text == "0" or not whole else f"{text} ({value / whole:.1%})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 0.5 else "0"


def _money(amounts: Mapping[str, float]) -> str:
    return " + ".join(f"{currency} {_number(value)}" for currency, value in amounts.items()) or UNKNOWN


def _part(count: int, whole: int) -> str:
    if not count:
        return "0"
    share = count / whole
    return f"{count:,} ({share:.1%})" if share >= 0.001 else f"{count:,} ({share:.2%})"

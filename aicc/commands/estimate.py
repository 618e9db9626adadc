"""`aicc estimate`: what the stack would cost, draw and emit, with the arithmetic behind every figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from aicc import markdown
from aicc.figures import UNKNOWN, amount, money_text
from aicc.stacks import Stack
from infra import estimate as estimating
from infra.catalogue import load
from infra.estimate import Estimate, Line

_COLUMNS = {
    "W idle": "watts.idle",
    "W typical": "watts.typical",
    "W peak": "watts.peak",
    "kWh/year": "kwhPerYear",
    "tCO2e/year\noperational": "tco2ePerYear.operational",
    "tCO2e/year\nembodied": "tco2ePerYear.embodied",
}
_HEAD = ("pool", "nodes", "money/hour", "money/month", *_COLUMNS)
_STEPS = ("step", "arithmetic", "result", "method and source")


def estimate(stack: Stack) -> Estimate:
    """Multiply it all out."""
    return estimating.estimate(stack.plan, load())


def as_json(stack: Stack, found: Estimate) -> dict[str, Any]:
    """Return the estimate for programs, every step of the arithmetic included."""
    return {
        "stack": stack.name,
        "center": stack.plan.name,
        **found.as_dict(),
        "presumed": [asdict(line) for line in found.presumed],
        "steps": {pool.name: [asdict(line) for line in pool.lines] for pool in found.pools},
    }


def show(stack: Stack, found: Estimate, console: Console, *, explain: bool = False) -> None:
    """Print the estimate for people; with `explain`, every step of the arithmetic."""
    console.print(Group(Text(f"{stack.plan.name} on cloud {stack.plan.cloud.kind}"), "", section(found)))
    for pool in found.pools if explain else ():
        console.print(Group("", _arithmetic(f"Pool {pool.name}", pool.lines)))


def section(found: Estimate) -> RenderableType:
    """The part of every plan that says what it would cost, draw and emit."""
    table = Table(title="Estimate, at list prices and at the meter", title_justify="left")
    for index, name in enumerate(_HEAD):
        table.add_column(name, justify="right" if index else "left")
    *pools, total = _rows(found)
    for row in pools:
        table.add_row(*row)
    table.add_section()
    table.add_row(*total, style="bold")
    return Group(table, *(Text(line) for line in _notes(found)))


def as_markdown(stack: Stack, found: Estimate) -> str:
    """Return the estimate as a page, with every step of the arithmetic folded."""
    *pools, total = ([markdown.plain(cell) for cell in row] for row in _rows(found))
    head = [name.replace("\n", " ") for name in _HEAD]
    parts = [
        f"## Estimate of {markdown.code(stack.name)}",
        markdown.table(head, [*pools, [f"**{cell}**" for cell in total]]),
        "\n".join(f"- {markdown.plain(line)}" for line in _notes(found)),
    ]
    for pool in found.pools:
        steps = ([markdown.plain(cell) for cell in step] for step in _steps(pool.lines))
        summary = f"The arithmetic of pool <code>{markdown.plain(pool.name)}</code>"
        parts.append(markdown.details(summary, markdown.table(_STEPS, steps, text=(0, 1, 3))))
    return "\n\n".join(parts)


def _rows(found: Estimate) -> Iterator[list[str]]:
    """A row for each pool, then the total."""
    footprints = {pool.name: (pool.nodes, pool.footprint) for pool in found.pools}
    footprints["total"] = (sum(pool.nodes for pool in found.pools), found.total)
    for name, (nodes, footprint) in footprints.items():
        facts = footprint.as_dict()
        yield [
            name,
            f"{nodes:,}",
            money_text(facts, "costPerHour"),
            money_text(facts, "costPerMonth"),
            *(str(amount(facts, key)) for key in _COLUMNS.values()),
        ]


def _notes(found: Estimate) -> Iterator[str]:
    """What the figures presume, lack and leave out."""
    total = found.total
    if total.max_cost != total.cost:
        most = money_text(total.as_dict(), "maxCostPerMonth")
        yield f"With every pool scaled as far as it may: {most} per month."
    for line in found.presumed:
        yield f"Presumed: {line.what} {_result(line)} ({line.arithmetic}; {line.method})."
    if total.unknown:
        yield f"Unknown: {'; '.join(total.unknown)}."
    yield f"Not covered: {', '.join(found.not_covered)}."


def _arithmetic(title: str, lines: tuple[Line, ...]) -> Table:
    table = Table(*_STEPS, title=title, title_justify="left")
    table.columns[2].justify = "right"
    table.columns[3].overflow = "fold"
    for step in _steps(lines):
        table.add_row(*map(Text, step))
    return table


def _steps(lines: tuple[Line, ...]) -> Iterator[tuple[str, str, str, str]]:
    """A row for each line; a source is spelt out once."""
    first: dict[str, str] = {}
    for line in lines:
        known = first.setdefault(line.method, line.what)
        yield line.what, line.arithmetic, _result(line), line.method if known == line.what else f"as for {known}"


def _result(line: Line) -> str:
    if line.value is None:
        return UNKNOWN
    number = f"{line.value:,.4g}" if abs(line.value) < 10 else f"{line.value:,.2f}".rstrip("0").rstrip(".")
    return f"{number} {line.unit}".rstrip()

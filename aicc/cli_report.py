"""The command line of `aicc report`; what it does is in `aicc.commands.report`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from aicc.accounting.months import Month, MonthError
from aicc.cli_support import AsJson, PrometheusUrl, StackName, clear_errors, console, print_json, progress, stack_named
from aicc.commands.formats import Format


def _month(text: str | None) -> str | None:
    try:
        if text is not None:
            Month.parse(text).period(time.time())
    except MonthError as error:
        raise typer.BadParameter(str(error)) from None
    return text


def report(
    stack: StackName = "local",
    *,
    tenant: Annotated[
        str | None, typer.Option("--tenant", "-t", help="Whose: a tenant, also a deleted one; or platform, or idle.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every account of the centre, in one statement.")] = False,
    month: Annotated[
        str | None,
        typer.Option(
            "--month", "-m", callback=lambda text: text and _month(text), help="YYYY-MM, UTC; default: now's."
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder that files are written into.")] = Path(
        "statements"
    ),
    formats: Annotated[
        list[Format] | None, typer.Option("--format", "-f", help="What to write; may be given twice. Default: both.")
    ] = None,
    prometheus: PrometheusUrl = None,
    nodes: Annotated[
        bool, typer.Option("--nodes", help="By node, too: reads as many series as there were pods, so it takes longer.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """State a month's energy, carbon, cost and tokens of a tenant or of all; print it, and write CSV and HTML.

    Exit code 8: what was accounted does not add up to the centre's total.
    """
    from aicc.commands import report as command  # noqa: PLC0415  plotly and the catalogue take a second
    from aicc.statements.document import as_json as document  # noqa: PLC0415

    if everyone == (tenant is not None):
        raise typer.BadParameter("one of the two: --tenant NAME for one account, --all for every one")
    chosen = Month.parse(month or f"{datetime.now(UTC):%Y-%m}")
    whose = "--all" if everyone else f"--tenant {tenant}"
    with clear_errors(f"aicc report --stack {stack} {whose} --month {chosen}"):
        declared = stack_named(stack)
        sources = command.estimated(declared)
        found = command.report(declared, chosen, tenant, progress(), sources, url=prometheus, by_node=nodes)
        if as_json:
            print_json(document(found))
        else:
            command.show(found, sources, console())
            stem = out / f"{declared.name}-{chosen}-{tenant or command.EVERYONE}"
            for path in command.write(found, sources, stem, formats or list(Format)):
                print(f"written: {path}")
        command.check(found)

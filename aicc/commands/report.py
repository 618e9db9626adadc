"""`aicc report`: a month's energy, carbon, cost and tokens, from what the stack's Prometheus recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from aicc.accounting.account import IDLE, PLATFORM
from aicc.accounting.collect import collect, searched
from aicc.accounting.months import Month, moment
from aicc.accounting.prometheus import Prometheus
from aicc.accounting.reach import source
from aicc.accounting.recorded import Recorded
from aicc.accounting.statement import Flag, Site, Statement, statement
from aicc.commands.formats import Format
from aicc.errors import AiccError, ConfigError, UnreconciledError
from aicc.files import write_whole
from aicc.kubeconfigs import connect
from aicc.progress import Reporter
from aicc.stacks import Stack
from aicc.statements import page, spreadsheet, tables
from infra.catalogue import load
from infra.config.issues import closest
from infra.estimate import Estimate, estimate

EVERYONE = "_all"
"""In the name of a file, where a tenant's would be; no tenant can be called so."""
_PATIENCE_SECONDS = 3
_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def report(
    stack: Stack,
    month: Month,
    tenant: str | None,
    reporter: Reporter,
    sources: Estimate,
    *,
    url: str | None,
    by_node: bool = False,
    now: float | None = None,
) -> Statement:
    """Read the month and work it out, for one account or (None) for all; `sources` are the stack's own figures.

    Raises MonthError where it has not begun, ConfigError where nobody has that name, ClusterError where Prometheus is
    not reached.
    """
    now = time.time() if now is None else now
    period = month.period(now)
    wanted = None if tenant is None else [tenant]
    reached = source(stack, url)
    try:
        recorded = collect(Prometheus(reached), searched(period, now), wanted, reporter, by_node=by_node)
    finally:
        reached.close()
    _check(stack, tenant, recorded, month)
    made = _made(stack)
    if made is not None and min(recorded.heartbeats, default=made) >= made:
        period = period.since(made)
    hours = searched(period, now, made)
    return statement(stack.plan.name, month, period, hours, recorded, _site(sources), wanted)


def estimated(stack: Stack) -> Estimate:
    """What the stack's own figures are, with their sources."""
    return estimate(stack.plan, load())


def show(found: Statement, sources: Estimate, console: Console) -> None:
    """Print the statement for people."""
    until = f"{moment(found.period.start)} to {moment(found.period.until)}"
    console.print(Group(Text(f"{found.center}, {found.month}: {until}", style="bold"), *_flags(_about(found, None))))
    for account in found.accounts:
        shown = [*_flags(_about(found, account.name)), *map(_table, tables.of_account(account))]
        console.print(Group("", Text(tables.heading(account), style="bold"), *shown))
    console.print(Group("", *map(_table, list(tables.of_centre(found, sources))[:-1])))


def write(found: Statement, sources: Estimate, path: Path, formats: Collection[Format]) -> list[Path]:
    """Write the statement beside `path`, whose suffix the format adds; each file in whole, or not at all."""
    texts: dict[Format, Callable[[], str]] = {
        Format.CSV: lambda: spreadsheet.as_csv(found),
        Format.HTML: lambda: page.as_html(found, sources),
    }
    written = {path.with_name(f"{path.name}.{kind}"): kind for kind in Format if kind in formats}
    for file, kind in written.items():
        write_whole(file, texts[kind]())
    return list(written)


def check(found: Statement) -> None:
    """Raise UnreconciledError where the figures do not add up."""
    wrong = [flag.text for flag in found.flags if flag.level == "error"]
    if not found.reconciliation.holds or any(account.overrun for account in found.accounts):
        raise UnreconciledError("; ".join(wrong), hint="docs/howto/read-an-energy-statement.md says what to look at")


def _check(stack: Stack, tenant: str | None, recorded: Recorded, month: Month) -> None:
    """Refuse the name of an account that neither the stack nor the records know: a month of nothing would be a lie."""
    declared = {item.name for item in stack.plan.tenants}
    seen = {key[0] for series in (recorded.tenants, recorded.tenant_watts) for key in series}
    if tenant is None or tenant in declared | seen | {PLATFORM, IDLE}:
        return
    known = sorted(declared | seen | {PLATFORM, IDLE})
    near = closest(tenant, known)
    raise ConfigError(
        f"--tenant {tenant!r} is neither declared in stack {stack.name} nor in the records of {month}",
        hint=f"did you mean: {near}" if near else f"accounts: {', '.join(known)}",
    )


def _made(stack: Stack) -> int | None:
    """When the cluster was made, in seconds since 1970; None where it is not reached."""
    try:
        with connect(stack, patience_seconds=_PATIENCE_SECONDS) as kube:
            found = kube.get("v1", "Namespace", "kube-system")
    except AiccError:
        return None
    made = found["metadata"].get("creationTimestamp") if found else None
    return int(datetime.fromisoformat(made).timestamp()) if made else None


def _site(sources: Estimate) -> Site:
    known = {line.what: line.value for line in sources.presumed}
    return Site(known.get("PUE"), known.get("grid"))


def _about(found: Statement, account: str | None) -> list[Flag]:
    return [flag for flag in found.flags if flag.account == account]


def _flags(flags: Iterable[Flag]) -> list[RenderableType]:
    return [Text(f"{flag.level}: {flag.text}", style=_STYLES[flag.level]) for flag in flags]


def _table(table: tables.Table) -> Table:
    made = Table(title=table.title, title_justify="left")
    for index, name in enumerate(table.head):
        made.add_column(name, justify="left" if index in table.text else "right", overflow="fold")
    for row in table.rows:
        made.add_row(*map(Text, row), style="bold" if row[0] in {"total", "difference"} else None)
    return made

"""The command line of `aicc dashboard`; what it does is in `aicc.commands.dashboard`."""

from __future__ import annotations

from typing import Annotated

import typer

from aicc.cli_support import PrometheusUrl, StackName, clear_errors, stack_named


def dashboard(
    stack: StackName = "local",
    *,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="On loopback; default: the stack's own, the same each time.")
    ] = None,
    prometheus: PrometheusUrl = None,
) -> None:
    """Show the stack's dashboards in a browser, on loopback, until Ctrl-C. They ask Prometheus, and change nothing."""
    from aicc.commands import dashboard as command  # noqa: PLC0415

    with clear_errors(f"aicc dashboard --stack {stack}"):
        command.serve(stack_named(stack), prometheus, port, lambda line: print(line, flush=True))

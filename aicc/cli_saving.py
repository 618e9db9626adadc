"""The command line of `aicc saving`; what it does is in `aicc.commands.saving`."""

from __future__ import annotations

import zoneinfo
from pathlib import Path
from typing import Annotated

import typer

from aicc.cli_support import AsJson, StackName, clear_errors, console, print_json, stack_named


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise typer.BadParameter(f"{name!r} is no name of the IANA time zone database") from error
    return name


def saving(
    stack: StackName = "local",
    *,
    requests: Annotated[
        Path | None,
        typer.Option(
            "--requests",
            metavar="CSV",
            help="Seven days of request rates: a column `time`, and one for each model, in requests per second. "
            "Default: a synthetic week.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all that is drawn; the same seed gives the same week.")] = 1,
    slack: Annotated[
        float,
        typer.Option(min=0, max=8_760, help="Hours that a job may be late, beyond its own length."),
    ] = 24,
    request_seconds: Annotated[
        float,
        typer.Option("--request-seconds", min=0.001, max=3_600, help="How long a request for text takes."),
    ] = 10,
    cold_start: Annotated[
        float,
        typer.Option(
            "--cold-start",
            min=0,
            max=86_400,
            help="Seconds, of models whose weights are not declared.",
        ),
    ] = 300,
    time_zone: Annotated[
        str,
        typer.Option(
            "--time-zone",
            callback=_zone,
            help="Where people work, such as Asia/Shanghai: for schedules that are not declared, and jobs.",
        ),
    ] = "UTC",
    as_json: AsJson = False,
) -> None:
    """Simulate a week with and without each way of using less: what it saves, and what it delays. Needs no cluster.

    What the stack does not declare is simulated as what if, with the configuration that would turn it on.
    """
    from aicc.commands import saving as command  # noqa: PLC0415
    from aicc.saving.compare import Assumed  # noqa: PLC0415

    with clear_errors(f"aicc saving --stack {stack}"):
        declared = stack_named(stack)
        assumed = Assumed(request_seconds=request_seconds, cold_start_seconds=cold_start, time_zone=time_zone)
        found = command.saving(declared, requests, seed, slack, assumed)
        if as_json:
            print_json(command.as_json(declared, found))
        else:
            command.show(declared, found, console())

"""What every command line of aicc shares: options, where output goes, and how errors end a command."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Any

import typer
from rich.console import Console

from aicc.consoles import plain
from aicc.errors import INTERRUPTED, AiccError, PrerequisiteError

PLAIN_WIDTH = 140

StackName = Annotated[
    str,
    typer.Option("--stack", "-s", envvar="AICC_STACK", help="The stack, declared in Pulumi.STACK.yaml; or that file."),
]
PrometheusUrl = Annotated[
    str | None,
    typer.Option(
        "--prometheus",
        metavar="URL",
        help="Another Prometheus than the stack's own: http(s)://[user:password@]host/path. A bearer token for it "
        "comes from the environment, AICC_PROMETHEUS_TOKEN.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables for people.")]


def stack_named(name: str) -> Any:
    """The declared stack."""
    from aicc.stacks import stack  # noqa: PLC0415

    return stack(name)


def progress() -> Any:
    """Where progress goes."""
    from aicc.progress import reporter  # noqa: PLC0415

    return reporter()


def console() -> Console:
    """Where results go; wide where no terminal says how wide it is."""
    console = plain()
    return console if console.is_terminal else plain(width=PLAIN_WIDTH)


def print_json(document: dict[str, Any]) -> None:
    """Print for programs."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


@contextmanager
def clear_errors(again: str) -> Iterator[None]:
    """Turn errors that a user can act on into a message and an exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except AiccError as error:
        _say(f"error: {error.message}")
        if error.hint:
            _say(f"  → {error.hint}")
        raise typer.Exit(error.exit_code) from error
    except BrokenPipeError:
        raise  # the reader went away: `main` knows
    except OSError as error:
        _say(f"error: {error}")
        _say(f"  → nothing is lost; mend the cause and go on with: {again}")
        raise typer.Exit(PrerequisiteError.exit_code) from error
    except KeyboardInterrupt as error:
        _say(f"interrupted; nothing is lost. Go on with: {again}")
        raise typer.Exit(INTERRUPTED) from error


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(message: str) -> None:
    plain(stderr=True).print(message, soft_wrap=True, markup=False)

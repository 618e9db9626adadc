"""The command line of `aicc images`; what the command does is in `aicc.commands.images`."""

from __future__ import annotations

from typing import Annotated

import typer

from aicc.cli_support import StackName, clear_errors, progress, stack_named

app = typer.Typer(
    name="images",
    no_args_is_help=True,
    help="Container images that are made here, for clusters that pull them.",
)


@app.callback()
def images() -> None:
    """A group of its own, whatever the number of its commands."""


@app.command("push")
def images_push(
    registry: Annotated[
        str, typer.Argument(metavar="REGISTRY", help="As the stack names it, such as `registry.example.com/aicc`.")
    ],
    stack: StackName,
) -> None:
    """Build what the stack names in REGISTRY, push it there, and write its digests into the stack's file."""
    from aicc.commands import images as command  # noqa: PLC0415  each command pays for its own imports only

    with clear_errors(f"aicc images push {registry} --stack {stack}"):
        for reference in command.push_named(stack_named(stack), registry.rstrip("/"), progress()).values():
            print(reference)

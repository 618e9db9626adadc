"""The command line of `aicc models`; what the commands do is in `aicc.commands.models`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aicc.cli_support import AsJson, StackName, clear_errors, console, print_json, progress, stack_named
from aicc.errors import AiccError

app = typer.Typer(
    name="models", no_args_is_help=True, help="Models' weights: their digest, and putting them into the store."
)

Endpoint = Annotated[str | None, typer.Option(help="The store's address, where the stack's is not reached from here.")]


@app.command("list")
def models_list(stack: StackName = "local", *, endpoint: Endpoint = None, as_json: AsJson = False) -> None:
    """List every model's weights: what is declared, what the store has, what the cache has."""
    from aicc.commands import models as command  # noqa: PLC0415

    with clear_errors(f"aicc models list --stack {stack}"):
        found = command.listed(stack_named(stack), endpoint)
        if as_json:
            print_json(command.as_json(found))
        else:
            command.show(found, console())


@app.command("push")
def models_push(
    model: Annotated[str, typer.Argument(help="A model of the stack whose source is `store:…`.")],
    folder: Annotated[Path, typer.Argument(help="Its files, and nothing else.")],
    stack: StackName = "local",
    *,
    endpoint: Endpoint = None,
) -> None:
    """Put a model's files into the centre's own object store, and print their digest."""
    from aicc.commands import models as command  # noqa: PLC0415

    with clear_errors(f"aicc models push --stack {stack} {model} {folder}"):
        print(command.push(stack_named(stack), model, folder, endpoint, progress()))


@app.command("verify")
def models_verify(
    folder: Annotated[Path, typer.Argument(help="A model's files, and nothing else.")],
    digest: Annotated[str | None, typer.Argument(help="What it should be; else an error.")] = None,
) -> None:
    """Print the digest of a model's files, as `weights.digest` declares it."""
    from aicc.commands import models as command  # noqa: PLC0415

    with clear_errors(f"aicc models verify {folder}"):
        found = command.verify(folder)
        print(found)
        if digest is not None and digest != found:
            raise AiccError(f"{folder} has {found}, not {digest}")


@app.command("credentials")
def models_credentials(stack: StackName = "local") -> None:
    """Make the keys of the centre's own object store, as `aicc up` does; for a `pulumi up` of one's own."""
    from aicc.commands import models as command  # noqa: PLC0415

    with clear_errors(f"aicc models credentials --stack {stack}"):
        made = command.credentials(stack_named(stack))
        print(f"keys of {1 + len(made.readers)} accounts are in the cluster's Secrets")

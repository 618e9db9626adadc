"""The command line of `aicc keys`; what the commands do is in `aicc.commands.keys`."""

from __future__ import annotations

from typing import Annotated

import typer

from aicc.cli_support import AsJson, StackName, clear_errors, console, print_json, stack_named

app = typer.Typer(name="keys", no_args_is_help=True, help="Tenants' keys to the gateway.")

Tenant = Annotated[str, typer.Option("--tenant", "-t", help="A declared tenant.")]


@app.command("list")
def keys_list(
    stack: StackName = "local",
    *,
    tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="Only this tenant's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List keys by their ids, without the keys themselves."""
    from aicc.commands import keys as command  # noqa: PLC0415  each command pays for its own imports only

    with clear_errors(f"aicc keys list --stack {stack}"):
        found = command.listed(stack_named(stack), tenant)
        if as_json:
            print_json(command.as_json(found))
        else:
            command.show(found, console())


@app.command("show")
def keys_show(stack: StackName = "local", *, tenant: Tenant) -> None:
    """Print a tenant's newest key, and nothing else."""
    from aicc.commands import keys as command  # noqa: PLC0415

    with clear_errors(f"aicc keys show --stack {stack} --tenant {tenant}"):
        print(command.shown(stack_named(stack), tenant).secret)


@app.command("create")
def keys_create(stack: StackName = "local", *, tenant: Tenant) -> None:
    """Give a tenant one key more, and print it, and nothing else."""
    from aicc.commands import keys as command  # noqa: PLC0415

    with clear_errors(f"aicc keys create --stack {stack} --tenant {tenant}"):
        print(command.create(stack_named(stack), tenant).secret)


@app.command("rotate")
def keys_rotate(
    stack: StackName = "local",
    *,
    tenant: Tenant,
    overlap: Annotated[
        str, typer.Option(help="How long the tenant's other keys stay valid: 90s, 30m, 24h, 7d.")
    ] = "24h",
) -> None:
    """Give a tenant a new key, and print it; its other keys end after the overlap."""
    from aicc.commands import keys as command  # noqa: PLC0415

    with clear_errors(f"aicc keys rotate --stack {stack} --tenant {tenant}"):
        print(command.rotate(stack_named(stack), tenant, command.duration(overlap)).secret)


@app.command("revoke")
def keys_revoke(
    stack: StackName = "local",
    *,
    tenant: Tenant,
    key: Annotated[str, typer.Option("--key", "-k", help="The key's id, as `aicc keys list` shows it.")],
) -> None:
    """End one of a tenant's keys now."""
    from aicc.commands import keys as command  # noqa: PLC0415

    with clear_errors(f"aicc keys revoke --stack {stack} --tenant {tenant} --key {key}"):
        command.revoke(stack_named(stack), tenant, key)

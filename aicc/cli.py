"""The command line: options, help, output and exit codes. What the commands do is in `aicc.commands`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from aicc import cli_dashboard, cli_images, cli_keys, cli_models, cli_report, cli_saving
from aicc.cli_support import AsJson, StackName
from aicc.cli_support import clear_errors as _clear_errors
from aicc.cli_support import console as _console
from aicc.cli_support import print_json as _print_json
from aicc.cli_support import progress as _reporter
from aicc.cli_support import stack_named as _stack
from aicc.drivers.choice import Choice
from aicc.errors import ConfigError, exit_codes
from aicc.kinds import Kind as CatalogueKind

_CODES = "\n\n".join(f"{code}: {meaning}" for code, meaning in sorted(exit_codes().items()))

app = typer.Typer(
    name="aicc",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="The AI compute centre: plan it, bring it up, look at it, take it down.\n\n"
    "Start with `aicc plan`: it needs no cluster and changes nothing. Then `aicc up`.",
    epilog=f"**Exit codes**\n\n{_CODES}",
)

catalogue = typer.Typer(name="catalogue", no_args_is_help=True, help="What is known of accelerators, clouds and grids.")
app.add_typer(catalogue)
app.add_typer(cli_images.app)
app.add_typer(cli_keys.app)
app.add_typer(cli_models.app)
app.command()(cli_report.report)
app.command()(cli_saving.saving)

AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown, as for a pull request.")]
DriverName = Annotated[
    Choice,
    typer.Option(
        help="What makes the changes. auto: the driver that brought the stack up, else the Pulumi CLI where it is on "
        "PATH, else offline (server-side apply from here)."
    ),
]
Timeout = Annotated[float, typer.Option(min=1, help="How long to wait for readiness, in seconds.")]


@app.command()
def plan(stack: StackName = "local", *, as_json: AsJson = False) -> None:
    """Show what the stack would be: pools, and its resources by layer. Needs no cluster and changes nothing."""
    from aicc.commands import plan as command  # noqa: PLC0415  each command pays for its own imports only

    with _clear_errors(f"aicc plan --stack {stack}"):
        found = _stack(stack)
        graph = command.plan(found, _reporter())
        if as_json:
            _print_json(command.as_json(found, graph))
        else:
            command.show(found, graph, _console())


@app.command()
def estimate(
    stack: StackName = "local",
    *,
    explain: Annotated[bool, typer.Option("--explain", help="Show every step of the arithmetic.")] = False,
    as_markdown: AsMarkdown = False,
    as_json: AsJson = False,
) -> None:
    """Show what the stack would cost, draw and emit, and where each figure is from. Needs no cluster."""
    from aicc.commands import estimate as command  # noqa: PLC0415

    with _clear_errors(f"aicc estimate --stack {stack}"):
        found = _stack(stack)
        estimated = command.estimate(found)
        if as_json:
            _print_json(command.as_json(found, estimated))
        elif as_markdown:
            print(command.as_markdown(found, estimated))
        else:
            command.show(found, estimated, _console(), explain=explain)


@app.command()
def diff(
    base: Annotated[str, typer.Argument(help="A git revision: a branch, a tag, a commit.")],
    stack: StackName = "local",
    *,
    as_markdown: AsMarkdown = False,
    limit: Annotated[int, typer.Option(min=4_000, help="Most characters of Markdown; lists are cut to fit.")] = 65_536,
    as_json: AsJson = False,
) -> None:
    """Show what the working tree changes about a stack: resources, money, power, carbon, quotas, policies."""
    from aicc.commands import diff as command  # noqa: PLC0415

    with _clear_errors(f"aicc diff {base} --stack {stack}"):
        found = command.diff(base, stack, _reporter())
        if as_json:
            _print_json(command.as_json(found))
        elif as_markdown:
            print(command.as_markdown(found, limit))
        else:
            command.show(found, _console())


@app.command()
def policy(stack: StackName = "local", *, as_json: AsJson = False) -> None:
    """Hold the stack against the policy pack; a mandatory violation ends with exit code 3. Needs no cluster."""
    from aicc.commands import plan as planning  # noqa: PLC0415
    from aicc.commands import policy as command  # noqa: PLC0415

    with _clear_errors(f"aicc policy --stack {stack}"):
        report = command.check(planning.plan(_stack(stack), _reporter()))
        if as_json:
            _print_json(report.as_json())
        else:
            command.show(report, _console())
        if not report.passes:
            raise typer.Exit(ConfigError.exit_code)


@catalogue.command("list")
def catalogue_list(
    kind: Annotated[CatalogueKind | None, typer.Argument(help="Only entries of this kind.")] = None,
    *,
    cloud: Annotated[str | None, typer.Option(help="Only what this cloud has, uses or draws from.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what is known: accelerators, instances, services, grids, operators."""
    from aicc.commands import catalogue as command  # noqa: PLC0415

    with _clear_errors("aicc catalogue list"):
        found = command.listed(kind, cloud)
        if as_json:
            _print_json(command.as_json(found))
        else:
            command.show_list(found, _console())


@catalogue.command("show")
def catalogue_show(
    name: Annotated[str, typer.Argument(help="An entry's id, as `catalogue list` shows it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show an entry: every figure with its source, date and confidence, and what other sources say."""
    from aicc.commands import catalogue as command  # noqa: PLC0415

    with _clear_errors(f"aicc catalogue show {name}"):
        found = command.named(name)
        if as_json:
            _print_json(command.as_json(found))
        else:
            command.show(found, _console())


@app.command()
def render(
    stack: StackName = "local",
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="An empty folder, or one that `render` wrote before.")],
) -> None:
    """Write the stack's manifests to a folder, for GitOps or `kubectl apply -k`. Needs no cluster."""
    from aicc.commands import plan as planning  # noqa: PLC0415
    from aicc.commands import render as command  # noqa: PLC0415

    with _clear_errors(f"aicc render --stack {stack} --out {out}"):
        graph = planning.plan(_stack(stack), _reporter())
        written = command.render(graph, out)
        print(f"{len(written)} manifests and {command.INDEX} in {out}")
        if left := len(graph.manifests) - len(written):
            print(f"{left} left out: they hold a secret, or what is known only once the cloud has made something")


@app.command()
def up(
    stack: StackName = "local",
    *,
    driver: DriverName = Choice.AUTO,
    timeout: Timeout = 600,
    cluster_only: Annotated[
        bool, typer.Option("--cluster-only", help="Local stacks: start the cluster and its nodes, and stop there.")
    ] = False,
) -> None:
    """Bring the stack up, and wait until it is ready. Safe to run again: it goes on from where it stopped."""
    with _clear_errors(f"aicc up --stack {stack}"):
        found, reporter = _stack(stack), _reporter()  # a mistake is said before anything that takes long is loaded
        from aicc.commands import entrance  # noqa: PLC0415
        from aicc.commands import up as command  # noqa: PLC0415

        if cluster_only:
            command.cluster_only(found, reporter)
            return
        done = command.up(found, driver, reporter, timeout)
        if done.nodes:
            print(f"nodes: {done.nodes}")
        print(f"objects: {done.objects}")
        for line in [*entrance.described(found), *entrance.offered(found)]:
            print(line)
        print(f"look at it: aicc status --stack {stack}")


@app.command()
def status(stack: StackName = "local", *, as_json: AsJson = False) -> None:
    """Show the stack as it is now: pools, tenants' quota use, models, applications, and what stops any of them."""
    from aicc.commands import status as command  # noqa: PLC0415

    with _clear_errors(f"aicc status --stack {stack}"):
        found = command.status(_stack(stack))
        if as_json:
            _print_json(found.as_json())
        else:
            command.show(found, _console())


app.command()(cli_dashboard.dashboard)


@app.command()
def down(stack: StackName = "local", *, driver: DriverName = Choice.AUTO, timeout: Timeout = 600) -> None:
    """Remove everything that `up` made for the stack. The cache of binaries stays."""
    from aicc.commands import down as command  # noqa: PLC0415

    with _clear_errors(f"aicc down --stack {stack}"):
        removed = command.down(_stack(stack), driver, _reporter(), timeout)
        print("cluster removed" if removed is None else f"objects: {removed}")


@app.command()
def doctor(*, as_json: AsJson = False) -> None:
    """Show what this machine has, what is missing, what each absence costs, and how to mend it."""
    from aicc.commands import doctor as command  # noqa: PLC0415

    with _clear_errors("aicc doctor"):
        found = command.findings()
        if as_json:
            _print_json(command.as_json(found))
        else:
            command.show(found, _console())
        if not command.healthy(found):
            raise typer.Exit(4)


def main() -> None:
    """Entry point."""
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away, as in `aicc plan | head`

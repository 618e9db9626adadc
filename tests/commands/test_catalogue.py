"""`aicc catalogue` shows everything that the catalogue's files say, with where it is from."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.console import Console

from aicc.commands import catalogue as command
from aicc.commands.catalogue import NotInCatalogueError
from aicc.kinds import Kind
from aicc.paths import REPO
from infra.catalogue import load
from infra.catalogue.entry import Figure
from tests.commands.projects import run

CATALOGUE = load()


def shown(name: str) -> str:
    console = Console(file=StringIO(), width=300, highlight=False)
    command.show(command.named(name), console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def listed(**options: str) -> str:
    console = Console(file=StringIO(), width=300, highlight=False)
    kind = Kind(options["kind"]) if "kind" in options else None
    command.show_list(command.listed(kind, options.get("cloud")), console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_every_entry_is_listed_under_its_kind() -> None:
    text = listed()
    for kind in Kind:
        names = [name for its, name in command.listed(kind)]
        assert names
        assert f"{kind.capitalize()} ({len(names):,})" in text
        assert all(f"│ {name} " in text for name in names)


def test_a_kind_alone_is_listed_alone() -> None:
    text = listed(kind="grids")
    assert "Grids (" in text
    assert "Accelerators" not in text


@pytest.mark.parametrize("cloud", sorted(CATALOGUE.services))
def test_a_cloud_s_list_is_what_it_has_uses_and_draws_from(cloud: str) -> None:
    found = command.listed(cloud=cloud)
    service = CATALOGUE.services[cloud]
    assert {name for kind, name in found if kind == Kind.SERVICES} == {cloud}
    assert {name for kind, name in found if kind == Kind.OPERATORS} == {service.operator}
    assert {name for kind, name in found if kind == Kind.INSTANCES} == {
        f"{cloud}/{name}" for name in CATALOGUE.instances.get(cloud, {})
    }
    grids = {region.grid for region in service.regions.values()} - {None}
    assert {name for kind, name in found if kind == Kind.GRIDS} == grids


def test_an_unknown_figure_is_listed_as_unknown() -> None:
    unknown = next(name for name, item in CATALOGUE.accelerators.items() if item.power_watts.value is None)
    line = next(line for line in listed(kind="accelerators").splitlines() if f"│ {unknown} " in line)
    assert "unknown" in line


@pytest.mark.parametrize("name", sorted(CATALOGUE.accelerators))
def test_every_figure_of_an_accelerator_is_shown_with_its_source(name: str) -> None:
    text = shown(name)
    entry = CATALOGUE.accelerators[name]
    figures = [getattr(entry, field) for field in type(entry).model_fields]
    for figure in [*(item for item in figures if isinstance(item, Figure)), *entry.dense_tflops.values()]:
        assert figure.source[:100] in text
        assert figure.confidence in text
        assert str(figure.date) in text
        assert (f"{figure.value:,.10g}" if figure.value is not None else "unknown") in text
        for other in figure.others:
            assert f"but {other.value:,.10g} according to {other.source[:80]}" in text


def test_prices_are_shown_with_their_currency() -> None:
    priced = [
        (f"{cloud}/{name}", region, price)
        for cloud, found in CATALOGUE.instances.items()
        for name, instance in found.items()
        for region, price in instance.prices.items()
        if price.value is not None
    ]
    for name, region, price in priced[:5]:
        text = shown(name)
        assert f"prices.{region}" in text
        assert f"{price.value:,.10g} {price.currency}/h" in text


def test_an_instance_is_found_with_and_without_its_cloud() -> None:
    assert (
        command.named("sim.general")
        == command.named("local/sim.general")
        == command.named("instances/local/sim.general")
    )


def test_a_name_of_several_kinds_shows_all_of_them() -> None:
    for name in CATALOGUE.services:
        kinds = {kind for kind, _ in command.named(name)}
        assert Kind.SERVICES in kinds
        assert (Kind.OPERATORS in kinds) == (name in CATALOGUE.operators)


@pytest.mark.parametrize(("name", "near"), [("zhenwu-810", "zhenwu-810e"), ("sim.genral", "sim.general")])
def test_an_unknown_name_is_refused_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(NotInCatalogueError, match=f"'{name}' is not in the catalogue") as refusal:
        command.named(name)
    assert refusal.value.hint == f"did you mean: {near}"


def test_a_name_like_none_is_sent_to_the_list() -> None:
    with pytest.raises(NotInCatalogueError) as refusal:
        command.named("§")
    assert refusal.value.hint == "see what is there: aicc catalogue list"


def test_an_unknown_cloud_is_refused() -> None:
    with pytest.raises(NotInCatalogueError, match="cloud 'aliclod' is not"):
        command.listed(cloud="aliclod")


def test_the_command_lists_and_shows_for_people_and_for_programs() -> None:
    assert "Accelerators (" in run(REPO, "catalogue", "list", "accelerators").stdout
    every = json.loads(run(REPO, "catalogue", "list", "--json").stdout)
    assert set(every) == {kind.value for kind in Kind}
    one = json.loads(run(REPO, "catalogue", "show", "zhenwu-810e", "--json").stdout)
    assert one == {"accelerators": {"zhenwu-810e": every["accelerators"]["zhenwu-810e"]}}
    assert "embodiedKgco2e" in run(REPO, "catalogue", "show", "zhenwu-810e").stdout


def test_the_command_refuses_what_it_does_not_know() -> None:
    done = run(REPO, "catalogue", "show", "zhenwu-810")
    assert (done.returncode, done.stdout) == (1, "")
    assert "→ did you mean: zhenwu-810e" in done.stderr
    assert run(REPO, "catalogue", "list", "accelerator").returncode == 2

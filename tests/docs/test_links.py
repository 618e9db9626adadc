"""The documentation is true where a program can tell: links, paths, commands, and examples that are valid."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter
from rich.console import Console

from aicc.cli import app
from aicc.cli_support import PLAIN_WIDTH
from aicc.commands import plan as planning
from aicc.offline.graph import Graph
from aicc.paths import REPO
from aicc.stacks import stack
from infra.catalogue import load
from infra.catalogue.schema import Accelerator, Instance
from infra.config.load import KEY, parse
from infra.layers import LAYERS, Layer
from infra.plan import resolve

DOCS = REPO / "docs"
README = (REPO / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*REPO.glob("*.md"), *DOCS.rglob("*.md"), *REPO.glob("charts/*/*.md"), *REPO.glob("examples/**/*.md")])
HOWTOS = sorted((DOCS / "howto").glob("*.md"))
DECISIONS = sorted((DOCS / "adr").glob("20*.md"))

FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)
CODE_PATH = re.compile(r"`((?:infra|aicc|charts|docs|policy|tools|tests|bin)/[\w./-]+)`")
MADE_BY_EXAMPLES = {"infra/clouds/k3s.py", "infra/catalogue/instances/k3s.yaml"}


def _relative(path: Path) -> str:
    return str(path.relative_to(REPO))


def _blocks(path: Path, language: str) -> Iterator[str]:
    """The page's fenced blocks in a language, without their indentation."""
    for indent, found, body in FENCED.findall(path.read_text(encoding="utf-8")):
        if found == language:
            yield re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)


def _blocks_starting(prefix: str) -> list[tuple[str, str]]:
    blocks = [(path.stem, block) for path in HOWTOS for block in _blocks(path, "yaml")]
    return [(name, block) for name, block in blocks if block.startswith(prefix)]


def _anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = FENCED.sub("", path.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_relative)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    prose = re.sub(r"`[^`\n]*`", "", FENCED.sub("", page.read_text(encoding="utf-8")))
    broken = []
    for target in (inline or defined for inline, defined in LINK.findall(prose)):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in _anchors(file)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=_relative)
def test_every_path_of_the_repository_that_is_named_exists(page: Path) -> None:
    named = set(CODE_PATH.findall(page.read_text(encoding="utf-8"))) - MADE_BY_EXAMPLES
    assert {path for path in named if not (REPO / path).exists()} == set()


@pytest.mark.parametrize("page", HOWTOS, ids=_relative)
def test_every_howto_is_found_from_the_readme_and_the_index(page: Path) -> None:
    assert f"docs/howto/{page.name}" in README
    assert f"howto/{page.name}" in (DOCS / "index.md").read_text(encoding="utf-8")


def test_commands_in_the_readme_exist() -> None:
    targets = re.findall(r"^([a-z]+):", (REPO / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    code = "\n".join(inline or block for inline, block in re.findall(r"`([^`\n]+)`|^    (\S.*)$", README, re.MULTILINE))
    commands = {command.callback.__name__ for command in app.registered_commands if command.callback}
    commands |= {str(group.typer_instance.info.name) for group in app.registered_groups if group.typer_instance}
    assert set(re.findall(r"^make (\w+)", code, re.MULTILINE)) <= set(targets)
    assert set(re.findall(r"^bin/aicc (\w+)", code, re.MULTILINE)) == commands


@pytest.mark.parametrize(("page", "example"), _blocks_starting("config:"))
def test_every_example_stack_is_valid(page: str, example: str) -> None:
    plan = resolve(parse(yaml.safe_load(example)["config"][KEY], source=page), load())
    assert plan.pools


def test_every_howto_of_the_stack_file_has_an_example() -> None:
    assert {page for page, _ in _blocks_starting("config:")} >= {
        "add-a-tenant",
        "add-a-model",
        "use-an-existing-cluster",
    }


def test_the_example_of_an_accelerator_fits_the_catalogue() -> None:
    blocks = list(_blocks(DOCS / "howto" / "add-an-accelerator.md", "yaml"))
    accelerator = Accelerator.model_validate(yaml.safe_load(blocks[0]))
    instances = TypeAdapter(dict[str, Instance]).validate_python(yaml.safe_load(blocks[1]))
    assert {instance.accelerator for instance in instances.values()} == {accelerator.id}
    assert yaml.safe_load(blocks[2])["pools"][0]["instance"] in instances


def test_the_example_of_a_layer_is_a_layer(tmp_path: Path) -> None:
    layer = _run_example("add-a-layer", tmp_path)["LAYER"]
    assert isinstance(layer, Layer)
    assert set(layer.requires) <= set(LAYERS)


def test_the_example_of_a_cloud_can_be_imported(tmp_path: Path) -> None:
    assert callable(_run_example("add-a-cloud", tmp_path)["build"])


def _run_example(howto: str, folder: Path) -> dict[str, object]:
    """What the page's module defines: its first Python block that begins with a docstring."""
    source = next(block for block in _blocks(DOCS / "howto" / f"{howto}.md", "python") if block.startswith('"""'))
    module = folder / "example.py"
    module.write_text(source, encoding="utf-8")
    return runpy.run_path(str(module))


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_is_described_under_the_four_headings(layer: str) -> None:
    page = (DOCS / "architecture" / "layers.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {layer}\n")[1].split("\n## ")[0]
    assert re.findall(r"^\*\*(.+?)\.\*\*", section, re.MULTILINE) == [
        "Creates",
        "Depends on",
        "Why here",
        "Safe to re-run",
    ]


@pytest.mark.parametrize("page", DECISIONS, ids=_relative)
def test_every_decision_has_the_templates_parts_and_is_in_the_index(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == re.findall(
        r"^## (.+)$", (DOCS / "adr" / "template.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert f"({page.name})" in (DOCS / "adr" / "index.md").read_text(encoding="utf-8")


def test_the_plan_in_the_readme_is_what_the_command_shows(
    local_graph: Graph, capsys: pytest.CaptureFixture[str]
) -> None:
    excerpt = README.split("<!-- plan excerpt")[1].split("```text\n")[1].split("```")[0]
    planning.show(stack("local"), local_graph, Console(width=PLAIN_WIDTH, highlight=False))
    shown = {line.strip() for line in capsys.readouterr().out.splitlines()}
    assert [line for line in excerpt.splitlines() if line.strip() not in shown] == []

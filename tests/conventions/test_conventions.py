"""Rules of this code base that no linter knows. A rule that stops being worth its price is deleted here."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import yaml

from aicc import reference
from aicc.paths import REPO
from infra.config import clouds
from infra.config.load import PROJECT

INFRA = sorted((REPO / "infra").rglob("*.py"))
CODE = [*INFRA, *(path for folder in ("aicc", "policy") for path in sorted((REPO / folder).rglob("*.py")))]
MAX_LINES = 400

KIND_IS_COMPARED_IN = {
    "infra/config/clouds.py": "zones of a pool that names none",
    "infra/config/checks.py": "what fields of one cloud say about others",
    "infra/config/model_checks.py": "what images it needs",
    "infra/config/gateway_checks.py": "what image it needs",
    "infra/config/telemetry_checks.py": "stores whose charts and images come from registries",
    "infra/config/monitoring_checks.py": "where the meter is a process, a Secret and a pod's loopback mean nothing",
    "infra/plan/figures.py": "only public clouds have regions, and with them prices, grids and a PUE",
    "infra/plan/monitoring/meter.py": "what tells a pool's nodes, and which nodes are no pool's",
    "infra/plan/monitoring/resolve.py": "what is a process of this machine, and what pods reach",
    "infra/plan/gateway.py": "images that are built here run on this machine only",
    "infra/plan/checks.py": "what a declared cloud needs of the catalogue",
    "infra/plan/models.py": "what images it needs of the catalogue",
    "infra/plan/caches.py": "who brings the object store, and the images",
    "infra/plan/places.py": "only public clouds have regions, services and instances to check",
    "infra/plan/resolve.py": "only public clouds make storage and identities; device plugins are there or not",
    "infra/plan/capabilities.py": "where each says which operators run there",
    "infra/plan/scaling.py": "a local cluster measures no CPU",
    "infra/plan/power_caps.py": "what image it needs, and how a pool's nodes are told from others",
    "infra/plan/shifting.py": "what image it needs, and whose scheduler can be told to pack",
    "infra/estimate/compute.py": "only public clouds have regions, and with them prices, grids and a PUE",
    "infra/declaration.py": "only public clouds have a region, an owner and addresses that may reach them",
    "aicc/kubeconfigs.py": "where each keeps its kubeconfig",
    "aicc/commands/entrance.py": "only a local cluster's services are reached at addresses of this machine",
    "aicc/accounting/reach.py": "only a local cluster has its Prometheus on this machine",
    "aicc/commands/down.py": "a local cluster goes as a whole",
    "aicc/commands/up.py": "only a local cluster can be started on its own",
    "aicc/models/declared.py": "whose files are made on this machine",
    "aicc/models/upload.py": "which store this machine reaches",
    "aicc/drivers/pulumi.py": "a local cluster's state is kept with it",
}
"""Everywhere else, what differs between clouds is in the cloud's module or in ClusterOut."""
CLOUD_CLASSES = {name for name in vars(clouds) if name.endswith("Cloud")}


def name_of(path: Path) -> str:
    return str(path.relative_to(REPO))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def packages(nodes: Iterable[ast.AST]) -> set[str]:
    """The top-level packages that some of a module's statements import."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return {name.partition(".")[0] for name in found}


def attributes(path: Path) -> set[str]:
    """The name of every attribute that a module uses, after that of what it belongs to where that is a name."""
    return {
        f"{node.value.id if isinstance(node.value, ast.Name) else ''}.{node.attr}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
    }


def compares_kind_of_cloud(path: Path) -> bool:
    """By its name, or by the class that it is declared with."""
    for node in ast.walk(tree(path)):
        match node:
            case ast.Compare():
                compared = [node.left, *node.comparators]
            case ast.Match():
                compared = [node.subject]
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, classes]):
                compared = classes.elts if isinstance(classes, ast.Tuple) else [classes]
            case ast.MatchClass():
                compared = [node.cls]
            case _:
                continue
        if any(text.endswith("cloud.kind") or text in CLOUD_CLASSES for text in map(ast.unparse, compared)):
            return True
    return False


def tracked() -> list[Path]:
    """Every file that is, or is about to be, in the repository."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    return [REPO / name for name in done.stdout.split("\0") if name and (REPO / name).is_file()]


def test_a_module_can_be_read_in_one_go() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in CODE}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}
    assert max(lengths["infra/__main__.py"], lengths["infra/program.py"]) <= 60


def test_the_program_does_not_know_the_command_line() -> None:
    """It also runs under the Pulumi CLI, where aicc has no part."""
    assert [name_of(path) for path in INFRA if "aicc" in packages(ast.walk(tree(path)))] == []


def test_configuration_is_read_in_one_place() -> None:
    assert [name_of(path) for path in CODE if "pulumi.Config" in attributes(path)] == ["infra/config/load.py"]


def test_the_plan_is_made_without_loading_pulumi() -> None:
    folders = {"config", "catalogue", "estimate", "plan"}
    pure = [path for path in INFRA if path.relative_to(REPO / "infra").parts[0] in folders]
    assert pure
    assert [name_of(path) for path in pure if {"pulumi", "pulumi_kubernetes"} & packages(tree(path).body)] == []


def test_clouds_are_told_apart_where_that_is_listed_and_nowhere_else() -> None:
    own = REPO / "infra" / "clouds"
    found = [name_of(path) for path in CODE if own not in path.parents and compares_kind_of_cloud(path)]
    assert sorted(found) == sorted(KIND_IS_COMPARED_IN)


def test_no_resource_is_made_inside_apply() -> None:
    """A preview could not show it."""
    used = {name_of(path): {name for name in attributes(path) if name.endswith(".apply")} for path in INFRA}
    assert {name: found for name, found in used.items() if found} == {}


def test_the_project_has_one_name() -> None:
    project = yaml.safe_load((REPO / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert (project["name"], project["main"]) == (PROJECT, "infra")


def test_no_module_of_the_program_hides_one_of_python_s_own() -> None:
    """Pulumi puts infra/ first on the path."""
    modules = {path.stem for path in (REPO / "infra").iterdir()} - {"__init__", "__main__"}
    assert modules & sys.stdlib_module_names == set()


def test_no_file_names_a_folder_of_somebody_s_machine() -> None:
    home = re.compile(r"(?<![\w.])/(home|Users)/[a-z][\w-]*/|(?<![\w.])/roo[t]/")
    found = []
    for path in tracked():
        try:
            found += [f"{name_of(path)}: {match[0]}" for match in home.finditer(path.read_text(encoding="utf-8"))]
        except UnicodeDecodeError:
            continue
    assert found == []


def test_the_reference_pages_are_those_of_the_code() -> None:
    stale = [name for name, text in reference.pages().items() if (reference.FOLDER / name).read_text("utf-8") != text]
    assert stale == [], "make reference"


def test_every_file_with_tests_is_collected() -> None:
    """A misspelt file name would hide them."""
    tests = [path for path in (REPO / "tests").rglob("*.py") if "\ndef test_" in path.read_text(encoding="utf-8")]
    assert [name_of(path) for path in tests if not path.name.startswith("test_")] == []

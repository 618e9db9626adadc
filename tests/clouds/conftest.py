from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import yaml

from aicc.offline.graph import Graph
from aicc.offline.record import Recording, Resource
from aicc.paths import REPO
from infra.catalogue import load
from infra.config.clouds import PublicCloud
from infra.config.load import from_file
from infra.plan import CenterPlan, resolve
from tests.support import graphs

EXAMPLES = sorted((REPO / "examples").glob("Pulumi.*.yaml"))


@cache
def plan_of(stack: str) -> CenterPlan:
    return resolve(from_file(REPO / "examples" / f"Pulumi.{stack}.yaml"), load())


def name_of(stack_file: Any) -> str:
    return str(stack_file.name).removeprefix("Pulumi.").removesuffix(".yaml")


def public() -> list[str]:
    """Every example that makes its cluster on a public cloud."""
    kinds = {
        name_of(path): yaml.safe_load(path.read_text(encoding="utf-8"))["config"]["ai-compute-center:center"]["cloud"][
            "kind"
        ]
        for path in EXAMPLES
    }
    return [stack for stack, kind in kinds.items() if kind not in {"local", "existing"}]


def needs(recording: Recording, resource: Resource) -> set[str]:
    """Names of everything that a resource waits for, at first or second hand."""
    by_urn = {each.urn: each for each in recording.resources}
    found: set[str] = set()
    waiting = [*resource.dependencies]
    while waiting:
        each = by_urn[waiting.pop()]
        if each.name not in found:
            found.add(each.name)
            waiting += each.dependencies
    return found


@pytest.fixture(params=public())
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def graph(stack: str) -> Graph:
    return graphs.graph(stack)


@pytest.fixture
def plan(stack: str) -> CenterPlan:
    return plan_of(stack)


@pytest.fixture
def cloud(plan: CenterPlan) -> PublicCloud:
    assert isinstance(plan.cloud, PublicCloud)
    return plan.cloud

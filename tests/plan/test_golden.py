"""Every stack's plan, resources and exports against its golden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from aicc import stacks
from aicc.offline.graph import Graph
from aicc.paths import REPO
from tests.support import golden
from tests.support.graphs import STACKS

GOLDENS = REPO / "tests" / "goldens"


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_is_as_reviewed(name: str, stack_graphs: Mapping[str, Graph], pytestconfig: pytest.Config) -> None:
    graph = stack_graphs[name]
    got: dict[str, Any] = {
        "values": golden.plain(stacks.stack(name).plan),
        "counts": graph.counts,
        "outputs": sorted(graph.outputs),
    }
    golden.check(GOLDENS / f"{name}.yaml", got, update=bool(pytestconfig.getoption("update_goldens")))


def test_no_golden_has_lost_its_stack() -> None:
    assert {path.stem for path in GOLDENS.iterdir()} <= set(STACKS)

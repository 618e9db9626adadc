from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from aicc.offline.graph import Graph, graph_of
from aicc.paths import REPO
from aicc.progress import reporter
from infra.catalogue import load
from infra.config.load import from_file
from infra.plan import CenterPlan, resolve

CASES = REPO / "tests" / "config_cases"
PINNED = CASES / "existing.ok.pinned-images.yaml"
PLUGINS = CASES / "existing.ok.device-plugins-installed.yaml"
DECLARED = CASES / "local.ok.every-field.yaml"

Find = Callable[[str, str], Mapping[str, Any]]


@pytest.fixture(scope="session")
def case_graphs() -> Mapping[str, Graph]:
    """On an existing cluster: pinned images, installed device plugins. Local: every field declared."""
    cases = {"pinned": PINNED, "plugins": PLUGINS, "declared": DECLARED}
    return {name: graph_of(name, path, reporter()) for name, path in cases.items()}


@pytest.fixture(scope="session")
def plugins_plan() -> CenterPlan:
    return resolve(from_file(PLUGINS), load())


@pytest.fixture(scope="session")
def find(local_graph: Graph) -> Find:
    """One object of the local stack, by kind and `namespace/name`."""
    by_key = {str(manifest): manifest.body for manifest in local_graph.manifests}
    return lambda kind, name: by_key[f"{kind} {name}"]

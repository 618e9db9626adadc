"""One control plane for these tests, with state of its own, and one simulated node with 8 accelerators."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from aicc.kube.client import Kube
from aicc.local.cluster import LocalCluster
from aicc.local.nodes import SimulatedNode, reconcile
from aicc.progress import PlainReporter

from .builders import Stack

NODE = SimulatedNode("apply-0", {}, (), {"cpu": "64", "memory": "256Gi", "alibabacloud.com/ppu": "8"})


@pytest.fixture(scope="session")
def reporter() -> PlainReporter:
    return PlainReporter(Console(file=io.StringIO()))


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def cluster(state: Path, reporter: PlainReporter) -> Iterator[LocalCluster]:
    local = LocalCluster("apply")
    local.start(reporter)
    with Kube.from_kubeconfig(local.kubeconfig) as kube:
        reconcile(kube, [NODE], reporter)
    yield local
    local.delete(reporter)


@pytest.fixture
def kube(cluster: LocalCluster) -> Iterator[Kube]:
    with Kube.from_kubeconfig(cluster.kubeconfig) as connected:
        yield connected


@pytest.fixture
def stack(kube: Kube, reporter: PlainReporter, request: pytest.FixtureRequest) -> Stack:
    """A stack of this test's own; what it leaves goes with the cluster, since removing a namespace takes seconds."""
    name = request.node.name.partition("[")[0].removeprefix("test_").replace("_", "-")[:40].strip("-")
    return Stack(kube, name, reporter)

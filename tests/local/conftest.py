"""One control plane for the tests of this folder, with state of its own; the binaries are the user's cached ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aicc.kube.client import Kube
from aicc.local.cluster import LocalCluster
from tests.support.recorder import Recorder


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state directory of these tests; the user's kubeconfig would be beside it."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(folder))
        environment.setenv("KUBECONFIG", str(folder / "the-users-own"))
        yield folder


@pytest.fixture(scope="session")
def running(state: Path) -> Iterator[LocalCluster]:
    """The shared cluster; it may have been hurt by an earlier test."""
    cluster = LocalCluster("shared")
    cluster.start(Recorder())
    yield cluster
    cluster.delete(Recorder())


@pytest.fixture
def cluster(running: LocalCluster) -> LocalCluster:
    """The shared cluster, ready."""
    running.start(Recorder())
    return running


@pytest.fixture
def kube(cluster: LocalCluster) -> Iterator[Kube]:
    with Kube.from_kubeconfig(cluster.kubeconfig) as connected:
        yield connected


@pytest.fixture
def own(state: Path, request: pytest.FixtureRequest) -> Iterator[LocalCluster]:
    """A cluster that is not there yet, for one test alone."""
    cluster = LocalCluster(request.node.name.replace("_", "-")[:40])
    yield cluster
    cluster.delete(Recorder())


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()

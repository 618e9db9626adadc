import time
from collections.abc import Iterator
from typing import Any

import pytest

from aicc.errors import ClusterError
from aicc.kube.client import Kube
from aicc.local.nodes import NodeChanges, SimulatedNode, reconcile
from tests.support.recorder import Recorder

pytestmark = pytest.mark.cluster
TAINT = {"key": "alibabacloud.com/ppu", "value": "true", "effect": "NoSchedule"}
WAIT_SECONDS = 60


def _node(name: str = "node-0", **changes: Any) -> SimulatedNode:
    described: dict[str, Any] = {
        "labels": {"aicc.io/pool": "ppu", "topology.kubernetes.io/zone": "a"},
        "taints": [TAINT],
        "capacity": {"cpu": "128", "memory": "2048Gi", "alibabacloud.com/ppu": "16"},
    }
    return SimulatedNode(name, **(described | changes))


def _pool(size: int) -> list[SimulatedNode]:
    return [_node(f"node-{index}") for index in range(size)]


def _live(kube: Kube, name: str = "node-0") -> dict[str, Any]:
    found = kube.get("v1", "Node", name)
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def _no_nodes_after(kube: Kube) -> Iterator[None]:
    yield
    reconcile(kube, [], Recorder())


def test_nodes_are_what_was_declared_and_ready(kube: Kube, recorder: Recorder) -> None:
    assert reconcile(kube, _pool(3), recorder) == NodeChanges(created=3, changed=0, deleted=0, unchanged=0)
    live = _live(kube)
    assert live["metadata"]["labels"]["topology.kubernetes.io/zone"] == "a"
    assert live["metadata"]["labels"]["kubernetes.io/hostname"] == "node-0"
    assert live["spec"]["taints"] == [TAINT]
    for field in ("capacity", "allocatable"):
        assert live["status"][field] == {"cpu": "128", "memory": "2Ti", "alibabacloud.com/ppu": "16", "pods": "110"}
    assert any(item["type"] == "Ready" and item["status"] == "True" for item in live["status"]["conditions"])


def test_a_second_time_changes_nothing(kube: Kube, recorder: Recorder) -> None:
    reconcile(kube, _pool(3), recorder)
    before = recorder.text
    assert reconcile(kube, _pool(3), recorder) == NodeChanges(created=0, changed=0, deleted=0, unchanged=3)
    assert recorder.text == before


def test_a_changed_pool_changes_its_nodes_and_no_others(kube: Kube, recorder: Recorder) -> None:
    reconcile(kube, _pool(3), recorder)
    changed = _node(labels={"aicc.io/pool": "ppu", "rack": "r1"}, taints=[], capacity={"cpu": "64", "memory": "1Ti"})
    assert reconcile(kube, [changed, *_pool(3)[1:]], recorder) == NodeChanges(0, changed=1, deleted=0, unchanged=2)
    live = _live(kube)
    assert live["metadata"]["labels"]["rack"] == "r1"
    assert "topology.kubernetes.io/zone" not in live["metadata"]["labels"]
    assert not live["spec"].get("taints")
    assert live["status"]["capacity"] == {"cpu": "64", "memory": "1Ti", "pods": "110"}
    assert reconcile(kube, [changed, *_pool(3)[1:]], recorder).unchanged == 3


def test_drift_is_mended_and_what_others_added_stays(kube: Kube, recorder: Recorder) -> None:
    reconcile(kube, _pool(1), recorder)
    kube.patch("v1", "Node", "node-0", {"metadata": {"labels": {"aicc.io/pool": "other", "theirs": "yes"}}})
    kube.patch("v1", "Node", "node-0", {"spec": {"taints": []}})
    assert reconcile(kube, _pool(1), recorder).changed == 1
    live = _live(kube)
    assert live["metadata"]["labels"]["aicc.io/pool"] == "ppu"
    assert live["metadata"]["labels"]["theirs"] == "yes"
    assert live["spec"]["taints"] == [TAINT]
    assert reconcile(kube, _pool(1), recorder).unchanged == 1


def test_nodes_that_are_not_simulated_are_left_alone(kube: Kube, recorder: Recorder) -> None:
    kube.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "real"}})
    try:
        assert reconcile(kube, _pool(1), recorder).deleted == 0
        with pytest.raises(ClusterError, match="there is a real node named real"):
            reconcile(kube, [*_pool(1), _node("real")], recorder)
        assert reconcile(kube, [], recorder).deleted == 1
        assert kube.get("v1", "Node", "real") is not None
    finally:
        kube.delete("v1", "Node", "real")


def test_pods_of_a_node_that_goes_run_elsewhere(kube: Kube, recorder: Recorder) -> None:
    reconcile(kube, _pool(4), recorder)
    kube.create(_deployment(replicas=8))
    try:
        _wait_running(kube, 8)
        assert reconcile(kube, _pool(2), recorder).deleted == 2
        _wait_running(kube, 8)
        assert {pod["spec"]["nodeName"] for pod in _pods(kube)} == {"node-0", "node-1"}
    finally:
        kube.delete("apps/v1", "Deployment", "model", "default")


def _deployment(replicas: int) -> dict[str, Any]:
    labels = {"app": "model"}
    container = {"name": "main", "image": "image", "resources": {"limits": {"alibabacloud.com/ppu": "4"}}}
    pod = {"tolerations": [{"key": TAINT["key"], "operator": "Exists"}], "containers": [container]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "model", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _pods(kube: Kube) -> list[dict[str, Any]]:
    pods = kube.list("v1", "Pod", "default", "app=model")
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def _wait_running(kube: Kube, count: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while sum(pod["status"].get("phase") == "Running" for pod in _pods(kube)) != count:
        assert time.monotonic() < deadline, f"{count} pods do not run"
        time.sleep(0.1)

"""Replicas that follow requests, with nothing made up but the pods.

The control plane, KEDA, the gate and the router (SMG) are the real programs; a test engine stands in for what simulated
pods do not run.

Times are printed, never asserted: `pytest -s tests/scaling`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aicc import paths
from aicc.kube.client import Kube
from aicc.local import nodes
from aicc.local.cluster import LocalCluster
from aicc.local.keda.keda import Keda
from aicc.local.keda.network import network_of
from aicc.local.nodes import SimulatedNode
from tests.gateway.stack import Answer, Engine, Gateway, running
from tests.support.helm import Helm
from tests.support.keda import BUILT
from tests.support.recorder import Recorder

pytestmark = [pytest.mark.cluster, BUILT]
MODEL, NAMESPACE, RELEASE = "tiny", "tenant-research", "model-tiny"
QUEUE_DEPTH, MOST = 2, 3
PATIENCE_SECONDS = 240.0


class Stopwatch:
    """Prints what took how long."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def lap(self, what: str) -> None:
        now = time.monotonic()
        print(f"{what}: {now - self._last:.1f} s")
        self._last = now


@pytest.fixture(scope="module")
def kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kube]:
    """A control plane with KEDA, and one simulated node."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        cluster, keda = LocalCluster("scaling", real_node=False), Keda("scaling")
        cluster.start(Recorder())
        try:
            with Kube.from_kubeconfig(cluster.kubeconfig) as connected:
                keda.start(connected, network_of("scaling", None), Recorder())
                node = SimulatedNode("one", {}, (), {"cpu": "64", "memory": "256Gi"})
                nodes.reconcile(connected, [node], Recorder())
                yield connected
        finally:
            keda.delete()
            cluster.delete(Recorder())
        assert keda.status() == ()


@pytest.fixture
def gateway(gate: Path, helm: Helm, tmp_path: Path) -> Iterator[Gateway]:
    """The gateway without an engine; it holds a request for the model as long as the test is patient."""
    made = Gateway(
        tmp_path,
        gate,
        helm,
        models=(MODEL,),
        values={"hold": {"seconds": 1, "queue": 64, "models": {MODEL: PATIENCE_SECONDS}}},
    )
    with running(made, []) as started:
        yield started


def deploy(kube: Kube, helm: Helm, gateway: Gateway) -> None:
    values = {
        "model": {"name": MODEL, "source": "example/tiny"},
        "accelerator": {"resource": "", "count": 0},
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
        "sharedMemory": "",
        "replicas": {"min": 0, "max": MOST},
        "autoscaling": {
            "keda": {
                "enabled": True,
                "queueDepth": QUEUE_DEPTH,
                "idleSeconds": 5,
                "pollingSeconds": 1,
                "gateway": {"url": f"http://127.0.0.1:{gateway.admin_port}/metrics", "everyReplica": False},
            }
        },
    }
    text = helm.template(paths.CHARTS / "model-server", values, release=RELEASE, namespace=NAMESPACE)
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, "test")
    for body in yaml.safe_load_all(text):
        if body:
            kube.apply(body, "test")


def deployment(kube: Kube) -> dict[str, Any]:
    found = kube.get("apps/v1", "Deployment", RELEASE, NAMESPACE)
    assert found is not None
    return dict(found)


def wanted(kube: Kube) -> int:
    return int(deployment(kube)["spec"]["replicas"])


def ready(kube: Kube) -> int:
    return int(deployment(kube).get("status", {}).get("readyReplicas", 0))


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def test_from_none_to_several_and_back(kube: Kube, helm: Helm, gateway: Gateway, tmp_path: Path) -> None:
    watch = Stopwatch()
    deploy(kube, helm, gateway)
    until(lambda: wanted(kube) == 0, "a model that nobody asks for stops")
    watch.lap("from 1 to 0, never asked")

    answers: list[Answer] = []
    first = threading.Thread(target=lambda: answers.append(gateway.chat("hello")))
    first.start()
    until(lambda: gateway.metric('aicc_gateway_requests_held{model="tiny"}') == 1, "the first request is held")
    until(lambda: ready(kube) == 1, "the held request starts a replica")
    watch.lap("from 0 to 1 ready, by a held request")
    engine = Engine.start(MODEL, tmp_path)
    try:
        gateway.set_engines([engine])
        first.join()
        assert [answer.status for answer in answers] == [200], "it is answered by the replica that it started"
        watch.lap("answered, once an engine stands in for the pod")

        stop = threading.Event()
        clients = [threading.Thread(target=ask_until, args=(gateway, stop)) for _ in range(QUEUE_DEPTH * MOST)]
        for client in clients:
            client.start()
        try:
            until(lambda: ready(kube) == MOST, "a longer queue starts more replicas")
        finally:
            stop.set()
            for client in clients:
                client.join()
        watch.lap(f"from 1 to {MOST} ready, by {len(clients)} requests at once")
        until(lambda: wanted(kube) == 0, "all stop when nobody has asked for a while")
        watch.lap(f"from {MOST} to 0, since the last answer")
    finally:
        engine.process.stop()
    scaled = kube.get("keda.sh/v1alpha1", "ScaledObject", RELEASE, NAMESPACE) or {}
    conditions = {item["type"]: item["status"] for item in scaled["status"]["conditions"]}
    assert conditions["Ready"] == "True", "a model at rest is nothing to be mended"


def ask_until(gateway: Gateway, stop: threading.Event) -> None:
    while not stop.is_set():
        gateway.chat("hold", stream=True)

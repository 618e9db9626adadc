"""The meter as its own process against a real API server, whose death ends nothing."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from aicc.kube.client import Kube
from aicc.local.cluster import LocalCluster
from aicc.local.nodes import SimulatedNode, reconcile
from aicc.paths import REPO
from tests.images.meter import examples
from tests.images.meter.examples import RESOURCE
from tests.support.recorder import Recorder

pytestmark = pytest.mark.cluster
NODE = SimulatedNode(
    "zhenwu-0000",
    {"aicc.io/pool": "zhenwu", "topology.kubernetes.io/zone": "zone-a"},
    (),
    {"cpu": "160", "memory": "1800Gi", RESOURCE: "16"},
)
OTHER = SimulatedNode("zhenwu-0001", {"aicc.io/pool": "zhenwu"}, (), {"cpu": "160", "memory": "8Gi", RESOURCE: "16"})
Labels = Mapping[str, str]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_STATE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def cluster(state: Path) -> Iterator[LocalCluster]:
    local = LocalCluster("meter")
    local.start(Recorder())
    yield local
    local.delete(Recorder())


@pytest.fixture(scope="module")
def kube(cluster: LocalCluster) -> Iterator[Kube]:
    with Kube.from_kubeconfig(cluster.kubeconfig) as connected:
        reconcile(connected, [NODE], Recorder())
        for name in ("tenant-research", "tenant-guests"):
            connected.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, "test")
        yield connected


class Meter:
    """A running meter."""

    def __init__(self, address: str, process: subprocess.Popen[bytes]) -> None:
        self.address, self.process = address, process

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=30) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def series(self, name: str) -> list[tuple[Labels, float]]:
        _, text = self.get("/metrics")
        families = text_string_to_metric_families(text)
        return [(each.labels, each.value) for family in families for each in family.samples if each.name == name]

    def value(self, name: str, **labels: str) -> float | None:
        found = [value for own, value in self.series(name) if labels.items() <= own.items()]
        return found[0] if found else None


@pytest.fixture(scope="module")
def meter(cluster: LocalCluster, kube: Kube, state: Path) -> Iterator[Meter]:
    config = state / "meter.yaml"
    config.write_text(yaml.safe_dump(examples.document()), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        [sys.executable, "-m", "meter", "--config", config, "--kubeconfig", cluster.kubeconfig, "--listen", address],
        cwd=REPO / "images" / "meter",
        stdout=subprocess.DEVNULL,
    )
    running = Meter(address, process)
    try:
        eventually(lambda: running.get("/readyz")[0] == 200)
        yield running
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0


def eventually(found: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def pod(name: str, **spec: Any) -> dict[str, Any]:
    resources = {"requests": {"cpu": "2", RESOURCE: "4"}, "limits": {RESOURCE: "4"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "tenant-research", "labels": {"aicc.io/model": "qwen"}},
        "spec": {"containers": [{"name": "main", "image": "example.com/a", "resources": resources}], **spec},
    }


def test_it_says_what_the_cluster_has_and_runs(meter: Meter, kube: Kube) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tenant", "namespace": "tenant-research"},
        "spec": {"hard": {f"requests.{RESOURCE}": "32", "pods": "9"}},
    }
    kube.apply(quota, "test")
    kube.create(pod("runs", tolerations=[{"operator": "Exists"}]))
    kube.create(pod("waits", nodeSelector={"nowhere": "true"}))
    eventually(lambda: meter.value("aicc_pod_info", pod="runs") == 1)
    [(labels, _)] = [item for item in meter.series("aicc_pod_info") if item[0]["pod"] == "runs"]
    assert labels == {
        "namespace": "tenant-research",
        "pod": "runs",
        "node": "zhenwu-0000",
        "pool": "zhenwu",
        "tenant": "research",
        "model": "qwen",
        "job": "",
        "simulated": "true",
    }
    assert meter.value("aicc_pod_accelerators", pod="runs") == 4
    assert meter.value("aicc_pod_cpu_cores", pod="runs") == 2
    pending = meter.value("aicc_pod_pending_seconds", pod="waits")
    assert pending is not None
    assert pending >= 0
    assert meter.value("aicc_node_accelerators", node="zhenwu-0000") == 16
    assert meter.value("aicc_node_ready", node="zhenwu-0000") == 1
    eventually(lambda: meter.value("aicc_quota_used", tenant="research", resource=RESOURCE) == 8)
    assert meter.value("aicc_quota_hard", tenant="research", resource=RESOURCE) == 32


def test_a_pod_that_is_gone_is_gone_here(meter: Meter, kube: Kube) -> None:
    kube.create(pod("short", tolerations=[{"operator": "Exists"}]))
    eventually(lambda: meter.value("aicc_pod_info", pod="short") == 1)
    kube.delete("v1", "Pod", "short", "tenant-research", grace_seconds=0)
    eventually(lambda: meter.value("aicc_pod_info", pod="short") is None)


def test_an_api_server_that_dies_ends_nothing(meter: Meter, kube: Kube, cluster: LocalCluster, state: Path) -> None:
    errors = meter.value("aicc_meter_watch_errors_total", kind="nodes") or 0
    killed = [
        process
        for process in psutil.process_iter(["cmdline"])
        if process.info["cmdline"]
        and Path(process.info["cmdline"][0]).name == "kube-apiserver"
        and any(str(state) in argument for argument in process.info["cmdline"])
    ]
    assert killed
    for process in killed:
        process.send_signal(signal.SIGKILL)
    eventually(lambda: (meter.value("aicc_meter_watch_errors_total", kind="nodes") or 0) > errors)
    assert meter.value("aicc_node_info", node="zhenwu-0000") == 1, "what was seen is kept for a while"
    assert meter.get("/livez")[0] == 200
    cluster.start(Recorder())
    reconcile(kube, [NODE, OTHER], Recorder())
    eventually(lambda: meter.value("aicc_node_info", node="zhenwu-0001") == 1)
    assert (meter.value("aicc_meter_watch_age_seconds", kind="nodes") or 999) < 120
    assert meter.value("aicc_meter_fresh") == 1


def test_a_configuration_or_a_server_that_cannot_be_used_ends_it_with_a_word(tmp_path: Path) -> None:
    config = tmp_path / "meter.yaml"
    config.write_text("version: 2\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "meter", "--config", config, "--listen", "127.0.0.1:0"],
        cwd=REPO / "images" / "meter",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "version: 2 is not 1" in done.stderr
    config.write_text(yaml.safe_dump(examples.document()), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "meter", "--config", config, "--listen", "127.0.0.1:0"],
        cwd=REPO / "images" / "meter",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "name a --kubeconfig" in done.stderr

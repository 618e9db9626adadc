"""The simulator as Prometheus sees it: a real server, and the API server's answers as they are."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector

from aicc.errors import ClusterError
from aicc.kube.client import Kube
from aicc.local.monitoring.simulator.center import Center, claim_of
from aicc.local.monitoring.simulator.curves import Rating
from aicc.local.monitoring.simulator.faults import FaultFile
from aicc.local.monitoring.simulator.node import Pool
from aicc.local.monitoring.simulator.server import Server

NOW = 1_800_000_000.0
RATING = Rating(57.0, 400.0, 98_304)
POOLS = {
    "zhenwu": Pool("zhenwu", "T-Head Zhenwu 810E", "t-head", "alibabacloud.com/ppu", 4, RATING),
    "tpu": Pool("tpu", "Google TPU v6e", "google", "google.com/tpu", 4, RATING),
}


class Api(Kube):
    """An API server's lists, without one."""

    def __init__(self) -> None:
        self.fails = True
        self.nodes = {"zhenwu-0000": "zhenwu", "tpu-0000": "tpu", "general-0000": "general"}
        self.pods: list[dict[str, Any]] = []

    def list(self, api_version: str, kind: str, *_: object, **__: object) -> list[dict[str, Any]]:
        if self.fails:
            raise ClusterError("the API server does not answer", hint="")
        if kind == "Pod":
            return self.pods
        return [{"metadata": {"name": name, "labels": {"aicc.io/pool": pool}}} for name, pool in self.nodes.items()]


def pod(name: str, node: str | None, asked: str = "2", **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"uid": name, "namespace": "tenant-research", "name": name, **more.pop("metadata", {})},
        "spec": {
            "nodeName": node,
            "containers": [
                {"name": "proxy"},
                {"name": "engine", "resources": {"limits": {"alibabacloud.com/ppu": asked}}},
            ],
        },
        **more,
    }


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def faults(tmp_path: Path) -> Path:
    return tmp_path / "faults.yaml"


@pytest.fixture
def server(api: Api, faults: Path) -> Iterator[Server]:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    center = Center(api, POOLS, "seed", lambda: NOW)
    with Server(("127.0.0.1", 0), center, FaultFile(faults), registry, lambda: NOW) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def get(server: Server, path: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://{server.address}{path}") as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_prometheus_keeps_what_it_knows_until_the_api_server_has_answered(server: Server, api: Api) -> None:
    assert get(server, "/targets")[0] == 503
    assert get(server, "/readyz")[0] == 503
    with pytest.raises(ClusterError):
        server.center.refresh()
    api.fails = False
    server.center.refresh()
    assert get(server, "/readyz")[0] == 200


def test_there_is_an_exporter_for_each_node_whose_vendor_has_one(server: Server, api: Api) -> None:
    api.fails = False
    server.center.refresh()
    assert json.loads(get(server, "/targets")[1]) == [
        {
            "targets": [server.address],
            "labels": {
                "__metrics_path__": "/metrics/zhenwu-0000",
                "job": "ack-ppu-exporter",
                "instance": "zhenwu-0000",
                "node": "zhenwu-0000",
            },
        }
    ]
    assert get(server, "/metrics/tpu-0000")[0] == 404
    assert get(server, "/metrics/../etc")[0] == 404


def test_what_is_served_follows_pods_and_nodes(server: Server, api: Api) -> None:
    api.fails = False
    api.pods = [pod("a", "zhenwu-0000"), pod("waiting", None), pod("done", "zhenwu-0000", status={"phase": "Failed"})]
    server.center.refresh()
    status, text = get(server, "/metrics/zhenwu-0000")
    assert status == 200
    assert text.count("DCGM_FI_DEV_GPU_UTIL{gpu=") == 4
    assert text.count('pod="a"') == 2 * text.count('gpu="0"')
    assert 'pod="done"' not in text
    api.pods = []
    server.center.refresh()
    assert 'pod="a"' not in get(server, "/metrics/zhenwu-0000")[1]
    del api.nodes["zhenwu-0000"]
    server.center.refresh()
    assert get(server, "/metrics/zhenwu-0000")[0] == 404


def test_a_silent_exporter_is_down_and_comes_back(server: Server, api: Api, faults: Path) -> None:
    api.fails = False
    server.center.refresh()
    faults.write_text("- {node: zhenwu-0000, fault: silent}")
    assert get(server, "/metrics/zhenwu-0000")[0] == 503
    faults.unlink()
    assert get(server, "/metrics/zhenwu-0000")[0] == 200


def test_the_process_tells_of_itself(server: Server) -> None:
    assert "process_resident_memory_bytes" in get(server, "/metrics")[1]


@pytest.mark.parametrize(
    "metadata",
    [{"ownerReferences": [{"kind": "Job"}]}, {"labels": {"batch.kubernetes.io/job-name": "train"}}],
)
def test_a_job_s_pod_is_known(metadata: dict[str, Any]) -> None:
    found = claim_of(pod("a", "n", metadata=metadata), "alibabacloud.com/ppu")
    assert found is not None
    assert found.job
    plain = claim_of(pod("a", "n"), "alibabacloud.com/ppu")
    assert plain is not None
    assert not plain.job
    assert claim_of(pod("a", "n"), "nvidia.com/gpu") is None

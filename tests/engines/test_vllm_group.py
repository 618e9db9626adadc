"""The real vLLM as a replica of two pods: each a process here, which find each other and answer as one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.charts.model_server import ModelServer
from tests.engines import tiny
from tests.engines.vllm import MODEL, NEEDS_VLLM, PATIENCE_SECONDS, is_healthy, started, values
from tests.gateway.conftest import helm
from tests.gateway.stack import Answer, Process, call, free_port, wait_for
from tests.support.helm import Helm

__all__ = ["helm"]
pytestmark = NEEDS_VLLM
ON_LOOPBACK = {"LWS_LEADER_ADDRESS": "127.0.0.1", "VLLM_HOST_IP": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo"}
"""LeaderWorkerSet's variable, and what a pod's own network settles."""

ONE_EACH = {"resource": "example.com/device", "count": 1}
"""What a pod would ask its node for."""


@pytest.fixture(scope="module")
def pods(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Process, int]]:
    folder, port = tmp_path_factory.mktemp("group"), free_port()
    tiny.write(folder)
    group = {"tensorParallelSize": 2, "nodesPerReplica": 2, "leaderWorkerSet": True, "accelerator": ONE_EACH}
    made = ModelServer(helm).objects(**values(folder, f"--master-port={free_port()}", **group))
    template = made["LeaderWorkerSet"]["spec"]["leaderWorkerTemplate"]
    with ExitStack() as stack:
        processes = []
        for index, pod in enumerate(("leaderTemplate", "workerTemplate")):
            [container] = template[pod]["spec"]["containers"]
            place = {**ON_LOOPBACK, "LWS_WORKER_INDEX": str(index)}
            processes.append(started(container, folder / pod, port, **place))
            stack.callback(processes[-1].stop)
        leader, worker = processes
        wait_for(lambda: is_healthy(leader, port), "the leader is healthy", PATIENCE_SECONDS)
        yield leader, worker, port


def _completed(port: int) -> Answer:
    asked: dict[str, Any] = {"model": MODEL, "prompt": "word1", "max_tokens": 4, "ignore_eos": True}
    return call(port, "POST", "/v1/completions", json.dumps(asked).encode(), {"Content-Type": "application/json"})


def test_two_pods_answer_as_one(pods: tuple[Process, Process, int]) -> None:
    leader, worker, port = pods
    # Its first answer alone takes long: until then nothing is compiled.
    wait_for(lambda: _completed(port).status == 200, "an answer came", PATIENCE_SECONDS)
    found = json.loads(_completed(port).body)
    assert found["usage"]["completion_tokens"] == 4
    assert leader.popen.poll() is None
    assert worker.popen.poll() is None

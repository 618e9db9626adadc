"""Replicas of several pods, and prefill apart from decode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.charts.model_server import ModelServer

GROUP: dict[str, Any] = {
    "accelerator": {"resource": "alibabacloud.com/ppu", "count": 8},
    "tensorParallelSize": 8,
    "pipelineParallelSize": 2,
    "nodesPerReplica": 2,
    "leaderWorkerSet": True,
}
SPLIT: dict[str, Any] = {
    "engine": "sglang",
    "disaggregation": {"enabled": True, "replicas": {"prefill": 3, "decode": 1}, "transferBackend": "nixl"},
}
DISCOVERED = "model-server"
"""The component that the gateway takes for a server of the model."""


def _bodies(chart: ModelServer, kind: str, **values: Any) -> dict[str, Mapping[str, Any]]:
    documents = yaml.load_all(chart.text(**values), Loader=yaml.CSafeLoader)
    return {body["metadata"]["name"]: body for body in documents if body and body["kind"] == kind}


def _pods(chart: ModelServer, **values: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    [body] = _bodies(chart, "LeaderWorkerSet", **GROUP, **values).values()
    template = body["spec"]["leaderWorkerTemplate"]
    return template["leaderTemplate"], template["workerTemplate"]


def _args(pod: Mapping[str, Any]) -> list[str]:
    args: list[str] = pod["spec"]["containers"][0]["args"]
    return args


def _component(pod: Mapping[str, Any]) -> str:
    return str(pod["metadata"]["labels"]["app.kubernetes.io/component"])


def test_a_replica_of_several_nodes_is_a_group_that_lives_and_dies_as_one(chart: ModelServer) -> None:
    objects = chart.objects(**GROUP)
    assert objects.kinds == {"LeaderWorkerSet", "Service", "ServiceAccount", "NetworkPolicy"}
    spec = objects["LeaderWorkerSet"]["spec"]
    assert (spec["replicas"], spec["leaderWorkerTemplate"]["size"]) == (1, 2)
    assert spec["leaderWorkerTemplate"]["restartPolicy"] == "RecreateGroupOnPodRestart"
    assert spec["startupPolicy"] == "LeaderCreated"


def test_a_group_s_pods_find_their_leader_through_a_service_that_no_other_stands_in_for(chart: ModelServer) -> None:
    """LeaderWorkerSet makes it, named after the set, unless there is one of that name."""
    objects = chart.objects(**GROUP)
    assert objects["LeaderWorkerSet"]["metadata"]["name"] != objects["Service"]["metadata"]["name"]


def test_every_pod_of_a_group_asks_for_its_own_accelerators(chart: ModelServer) -> None:
    for pod in _pods(chart):
        assert pod["spec"]["containers"][0]["resources"]["limits"]["alibabacloud.com/ppu"] == "8"


def test_vllm_s_pods_find_each_other(chart: ModelServer) -> None:
    leader, worker = _pods(chart, engine="vllm")
    shared = ["--nnodes=2", "--node-rank=$(LWS_WORKER_INDEX)", "--master-addr=$(LWS_LEADER_ADDRESS)"]
    assert _args(leader)[-3:] == shared
    assert _args(worker)[-4:] == [*shared, "--headless"]


def test_sglang_s_pods_find_each_other(chart: ModelServer) -> None:
    for pod in _pods(chart, engine="sglang"):
        shared = ["--nnodes=2", "--node-rank=$(LWS_WORKER_INDEX)", "--dist-init-addr=$(LWS_LEADER_ADDRESS):20000"]
        assert _args(pod)[-3:] == shared


def test_only_the_leader_is_asked_and_found(chart: ModelServer) -> None:
    leader, worker = _pods(chart)
    assert {"startupProbe", "readinessProbe", "livenessProbe", "ports"} <= set(leader["spec"]["containers"][0])
    assert not {"startupProbe", "readinessProbe", "livenessProbe", "ports"} & set(worker["spec"]["containers"][0])
    assert (_component(leader), _component(worker)) == (DISCOVERED, "model-server-worker")
    assert chart.objects(**GROUP)["Service"]["spec"]["selector"]["app.kubernetes.io/component"] == DISCOVERED


def test_both_drain_for_as_long(chart: ModelServer) -> None:
    """A worker that went first would take its leader's requests with it."""
    for pod in _pods(chart, drainSeconds=45):
        assert pod["spec"]["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 45}}}


def test_a_group_stays_near_and_its_pods_reach_each_other_on_every_port(chart: ModelServer) -> None:
    assert all("topologySpreadConstraints" not in pod["spec"] for pod in _pods(chart))
    policy = chart.objects(**GROUP)["NetworkPolicy"]["spec"]
    own = {"podSelector": {"matchLabels": policy["podSelector"]["matchLabels"]}}
    assert policy["ingress"][-1] == {"from": [own]}
    assert policy["egress"][-1] == {"to": [own]}


@pytest.mark.parametrize("keda", [False, True])
def test_groups_scale_as_pods_do(chart: ModelServer, keda: bool) -> None:
    keda_values = {"enabled": keda, "gateway": {"url": "http://gateway:29000/metrics"}}
    objects = chart.objects(**GROUP, replicas={"min": 1, "max": 3}, autoscaling={"keda": keda_values})
    scaler = objects["ScaledObject" if keda else "HorizontalPodAutoscaler"]
    target = {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "name": "model-qwen3-group"}
    assert scaler["spec"]["scaleTargetRef"] == target
    assert "replicas" not in objects["LeaderWorkerSet"]["spec"]


def test_prefill_and_decode_are_workloads_of_their_own(chart: ModelServer) -> None:
    found = _bodies(chart, "Deployment", **SPLIT)
    assert {name: body["spec"]["replicas"] for name, body in found.items()} == {
        "model-qwen3-prefill": 3,
        "model-qwen3-decode": 1,
    }
    selectors = [body["spec"]["selector"]["matchLabels"] for body in found.values()]
    assert selectors[0] != selectors[1], "or each would count the other's pods as its own"
    for body in found.values():
        labels = body["spec"]["template"]["metadata"]["labels"]
        assert body["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_each_half_knows_its_part(chart: ModelServer) -> None:
    found = _bodies(chart, "Deployment", **SPLIT)
    shared = "--disaggregation-transfer-backend=nixl"
    prefill, decode = (found[f"model-qwen3-{role}"]["spec"]["template"] for role in ("prefill", "decode"))
    assert _args(prefill)[-3:] == ["--disaggregation-mode=prefill", shared, "--disaggregation-bootstrap-port=8998"]
    assert _args(decode)[-2:] == ["--disaggregation-mode=decode", shared]


def test_smg_finds_each_half_by_its_label_and_the_port_by_its_annotation(chart: ModelServer) -> None:
    found = _bodies(chart, "Deployment", **SPLIT, annotations={"example.com/owner": "platform"})
    prefill, decode = (found[f"model-qwen3-{role}"]["spec"]["template"] for role in ("prefill", "decode"))
    assert (_component(prefill), _component(decode)) == ("model-server-prefill", "model-server-decode")
    owner = {"example.com/owner": "platform"}
    assert prefill["metadata"]["annotations"] == owner | {"sglang.ai/bootstrap-port": "8998"}
    assert decode["metadata"]["annotations"] == owner


def test_a_split_model_has_no_service_and_a_budget_for_each_role_with_several_replicas(chart: ModelServer) -> None:
    assert _bodies(chart, "Service", **SPLIT) == {}
    assert set(_bodies(chart, "PodDisruptionBudget", **SPLIT)) == {"model-qwen3-prefill"}


def test_the_halves_reach_each_other_and_the_gateway_sees_where_they_meet(chart: ModelServer) -> None:
    [made] = _bodies(chart, "NetworkPolicy", **SPLIT).values()
    policy = made["spec"]
    own = {"podSelector": {"matchLabels": policy["podSelector"]["matchLabels"]}}
    gateway = {"namespaceSelector": {"matchLabels": {"aicc.io/role": "gateway"}}}
    assert policy["ingress"][1:] == [
        {"from": [gateway], "ports": [{"port": 8998, "protocol": "TCP"}]},
        {"from": [own]},
    ]
    assert policy["egress"][-1] == {"to": [own]}


def test_a_split_model_may_span_nodes(chart: ModelServer) -> None:
    found = _bodies(chart, "LeaderWorkerSet", **GROUP, **SPLIT)
    workers = {
        body["spec"]["leaderWorkerTemplate"]["workerTemplate"]["metadata"]["labels"]["app.kubernetes.io/component"]
        for body in found.values()
    }
    assert workers == {"model-server-prefill-worker", "model-server-decode-worker"}

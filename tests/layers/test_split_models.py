"""Models whose prefill and decode are apart, from the stack file to the objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from aicc.offline.graph import Graph, graph_of
from aicc.progress import reporter
from infra.catalogue import load
from infra.config.load import from_file
from infra.outputs import GATEWAY_ENDPOINT, MODEL_PORT
from infra.plan import CenterPlan, resolve
from tests.layers.conftest import CASES

APART = CASES / "local.ok.prefill-and-decode-apart.yaml"
WIDE = CASES / "existing.ok.prefill-and-decode-apart-over-nodes.yaml"
GPU, RDMA = "nvidia.com/gpu", "rdma/hca"


@pytest.fixture(scope="module")
def apart() -> Graph:
    return graph_of("apart", APART, reporter())


@pytest.fixture(scope="module")
def plan() -> CenterPlan:
    return resolve(from_file(APART), load())


def bodies(graph: Graph, kind: str) -> dict[str, Mapping[str, Any]]:
    found = (manifest.body for manifest in graph.manifests if manifest.kind == kind)
    return {body["metadata"]["name"]: body for body in found}


def limits(pod: Mapping[str, Any]) -> Mapping[str, str]:
    [container] = pod["spec"]["containers"]
    found: Mapping[str, str] = container["resources"]["limits"]
    return found


def test_each_half_is_a_workload_with_its_own_number_and_the_model_s_accelerators(apart: Graph) -> None:
    found = bodies(apart, "Deployment")
    halves = {half: found[f"model-apart-{half}"]["spec"] for half in ("prefill", "decode")}
    assert {half: spec["replicas"] for half, spec in halves.items()} == {"prefill": 2, "decode": 1}
    for half, spec in halves.items():
        assert (limits(spec["template"])[GPU], limits(spec["template"])[RDMA]) == ("4", "2")
        args = spec["template"]["spec"]["containers"][0]["args"]
        assert {f"--disaggregation-mode={half}", "--disaggregation-ib-device=mlx5_0,mlx5_1"} <= set(args)
    assert RDMA not in limits(found["model-whole"]["spec"]["template"])


def test_the_plan_counts_every_pod_that_is_made(apart: Graph, plan: CenterPlan) -> None:
    """Or a quota would be too small for the model, and its last replicas would never start."""
    for model in plan.models:
        made = [
            body["spec"]
            for name, body in bodies(apart, "Deployment").items()
            if name == model.release or name.removeprefix(f"{model.release}-") in {"prefill", "decode"}
        ]
        assert sum(spec["replicas"] for spec in made) == model.max_pods
        used = sum(spec["replicas"] * int(limits(spec["template"])[GPU]) for spec in made)
        assert used == model.max_replicas * model.accelerators_per_replica


def test_replicas_over_several_nodes_are_counted_too() -> None:
    [model] = resolve(from_file(WIDE), load()).models
    groups = bodies(graph_of("wide", WIDE, reporter()), "LeaderWorkerSet")
    assert {name: body["spec"]["replicas"] for name, body in groups.items()} == {
        "model-wide-prefill": 2,
        "model-wide-decode": 1,
    }
    pods = list(_pods(groups))
    assert len(pods) == model.max_pods == 6
    assert sum(int(limits(pod)[GPU]) for pod in pods) == model.max_replicas * model.accelerators_per_replica == 48


def _pods(groups: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for body in groups.values():
        group = body["spec"]["leaderWorkerTemplate"]
        for _ in range(body["spec"]["replicas"]):
            yield group["leaderTemplate"]
            yield from [group["workerTemplate"]] * (group["size"] - 1)


def test_a_split_model_is_asked_at_the_gateway_and_a_whole_one_at_its_own_address_too(apart: Graph) -> None:
    assert apart.outputs["models"] == {
        "apart": GATEWAY_ENDPOINT,
        "whole": f"http://model-whole.tenant-apps.svc:{MODEL_PORT}/v1",
    }
    assert "model-apart" not in bodies(apart, "Service")


def test_the_gateway_has_a_router_for_it(apart: Graph) -> None:
    config = json.loads(bodies(apart, "ConfigMap")["gateway"]["data"]["gate.json"])
    assert (config["models"], config["splitModels"]) == (["apart", "whole"], ["apart"])
    routers = bodies(apart, "Deployment")["gateway"]["spec"]["template"]["spec"]["initContainers"]
    assert [router["name"] for router in routers] == ["router", "split-router"]


def test_a_centre_without_one_has_no_trace_of_it(local_graph: Graph) -> None:
    gateway = bodies(local_graph, "Deployment")["gateway"]["spec"]["template"]["spec"]
    assert [router["name"] for router in gateway["initContainers"]] == ["router"]
    assert "splitModels" not in bodies(local_graph, "ConfigMap")["gateway"]["data"]["gate.json"]


def test_what_could_not_be_verified_is_said() -> None:
    [note] = [note for note in resolve(from_file(WIDE), load()).notes if note.startswith("model wide: disaggregation")]
    assert "over TCP" in note
    assert "mooncake" not in note, "nixl chooses by itself"

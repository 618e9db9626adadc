from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from aicc.offline.graph import Graph, graph_of
from aicc.progress import reporter
from infra.catalogue import load
from infra.config.load import from_file
from infra.images import local_image
from infra.outputs import GATEWAY_ENDPOINT
from infra.plan import CenterPlan, resolve
from tests.layers.conftest import CASES, Find

DECLARED = CASES / "local.ok.gateway.yaml"
OPEN = CASES / "existing.ok.gateway.yaml"


def objects(graph: Graph) -> Callable[[str, str], Mapping[str, Any]]:
    by_key = {str(manifest): manifest.body for manifest in graph.manifests}
    return lambda kind, name: by_key[f"{kind} {name}"]


@pytest.fixture(scope="module")
def declared() -> Graph:
    return graph_of("gateway", DECLARED, reporter())


@pytest.fixture(scope="module")
def opened() -> Graph:
    return graph_of("opened", OPEN, reporter())


def test_every_declared_model_is_known_and_every_tenant_has_the_class_of_its_kind(
    find: Find, local_plan: CenterPlan
) -> None:
    config = json.loads(find("ConfigMap", "aicc-gateway/gateway")["data"]["gate.json"])
    assert config["models"] == [model.name for model in local_plan.models]
    assert {name: tenant["priority"] for name, tenant in config["tenants"].items()} == {
        "cloud": "interactive",
        "enterprise": "default",
        "research": "bulk",
    }


def test_declared_limits_reach_the_gate(declared: Graph) -> None:
    config = json.loads(objects(declared)("ConfigMap", "aicc-gateway/gateway")["data"]["gate.json"])
    assert config["tenants"]["research"] == {
        "priority": "bulk",
        "requestsPerMinute": 600,
        "tokensPerMinute": 100_000,
        "concurrency": 8,
    }
    assert (config["replicas"], config["maxBodyBytes"], config["holdSeconds"]) == (2, 1_048_576, 0.5)


def test_a_local_stack_runs_one_pod_of_the_image_built_here(find: Find) -> None:
    deployment = find("Deployment", "aicc-gateway/gateway")["spec"]
    [container] = deployment["template"]["spec"]["containers"]
    assert deployment["replicas"] == 1
    assert (container["image"], container["imagePullPolicy"]) == (local_image("gateway"), "Never")


def test_custom_resources_are_made_where_they_are_served(opened: Graph, local_graph: Graph) -> None:
    custom = {"Certificate", "Gateway", "HTTPRoute", "PodMonitor"}
    assert {manifest.body["kind"] for manifest in opened.manifests} >= custom
    assert {manifest.body["kind"] for manifest in local_graph.manifests} & custom == set()


def test_a_tenant_s_pods_reach_the_gateway_and_nothing_else_of_its_namespace(find: Find) -> None:
    policy = find("NetworkPolicy", "tenant-research/allow-gateway")["spec"]
    assert policy["policyTypes"] == ["Egress"]
    [rule] = policy["egress"]
    assert [port["port"] for port in rule["ports"]] == ["http", "https"]
    assert rule["to"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "aicc-gateway"}


def test_no_plan_has_a_key_or_the_secret_of_keys(local_graph: Graph) -> None:
    secrets = [manifest for manifest in local_graph.manifests if manifest.body["kind"] == "Secret"]
    assert secrets == []


def test_the_door_is_where_the_outputs_say(local_graph: Graph, find: Find) -> None:
    assert local_graph.outputs["gateway"] == GATEWAY_ENDPOINT == "http://gateway.aicc-gateway.svc/v1"
    assert find("Service", "aicc-gateway/gateway")["spec"]["ports"][0]["port"] == 80


def test_without_an_image_there_is_no_gateway_and_the_plan_says_so() -> None:
    plan = resolve(from_file(CASES / "existing.ok.pinned-images.yaml"), load())
    assert plan.gateway is None
    assert [note for note in plan.notes if note.startswith("No gateway: gateway.image is not declared.")]


def test_without_models_there_is_no_gateway() -> None:
    plan = resolve(from_file(CASES / "local.ok.least.yaml"), load())
    assert plan.gateway is None

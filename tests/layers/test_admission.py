"""What the policies hold for; that their CEL refuses and admits what it should is tried on a real API server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from aicc.offline.graph import Graph
from infra import names
from infra.layers.admission import SYSTEM_NAMESPACES, policies
from infra.plan import CenterPlan

LOCAL = {"aicc-host-isolation", "aicc-accelerator-quota"}
DIGEST = "aicc-images-by-digest"


def bodies(graph: Graph, kind: str) -> Iterator[Mapping[str, Any]]:
    return (manifest.body for manifest in graph.manifests if manifest.kind == kind)


def selector(binding: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    expressions: list[Mapping[str, Any]] = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
    return expressions


@pytest.fixture(params=["local", "pinned"])
def graph(request: pytest.FixtureRequest, local_graph: Graph, case_graphs: Mapping[str, Graph]) -> Graph:
    return local_graph if request.param == "local" else case_graphs["pinned"]


def test_images_are_pinned_everywhere_but_on_the_local_cluster(
    local_graph: Graph, case_graphs: Mapping[str, Graph]
) -> None:
    made = [
        {body["metadata"]["name"] for body in bodies(graph, "ValidatingAdmissionPolicy")}
        for graph in (local_graph, case_graphs["pinned"])
    ]
    assert made == [LOCAL, LOCAL | {DIGEST}]


def test_every_policy_is_bound_and_denies(graph: Graph) -> None:
    bound = {body["spec"]["policyName"] for body in bodies(graph, "ValidatingAdmissionPolicyBinding")}
    assert bound == {body["metadata"]["name"] for body in bodies(graph, "ValidatingAdmissionPolicy")}
    for binding in bodies(graph, "ValidatingAdmissionPolicyBinding"):
        assert binding["spec"]["validationActions"] == ["Deny"]


def test_a_policy_that_cannot_be_evaluated_refuses(graph: Graph) -> None:
    for policy in bodies(graph, "ValidatingAdmissionPolicy"):
        assert policy["spec"]["failurePolicy"] == "Fail"


def test_every_policy_sees_pods_when_they_are_made_and_when_they_change(graph: Graph) -> None:
    for policy in bodies(graph, "ValidatingAdmissionPolicy"):
        [rule] = policy["spec"]["matchConstraints"]["resourceRules"]
        assert {"pods", "pods/ephemeralcontainers"} <= set(rule["resources"])
        assert rule["operations"] == ["CREATE", "UPDATE"]


def test_every_rule_says_what_it_refused(graph: Graph) -> None:
    for policy in bodies(graph, "ValidatingAdmissionPolicy"):
        for validation in policy["spec"]["validations"]:
            assert validation["messageExpression"].startswith("'")


def test_every_policy_sees_init_and_ephemeral_containers(local_plan: CenterPlan) -> None:
    for policy in policies(local_plan, images_by_digest=True):
        assert "initContainers" in policy.variables["containers"]
        assert "ephemeralContainers" in policy.variables["containers"]


def test_the_quota_policy_knows_every_accelerator_of_the_pools(local_plan: CenterPlan) -> None:
    policy = next(item for item in policies(local_plan, images_by_digest=False) if item.name.endswith("quota"))
    for accelerator in local_plan.accelerators:
        assert f'"{accelerator.resource.partition("/")[0]}/"' in policy.variables["requested"]


def test_system_namespaces_device_plugins_and_operators_are_left_alone(graph: Graph) -> None:
    for binding in bodies(graph, "ValidatingAdmissionPolicyBinding"):
        expressions = selector(binding)
        names_left = next(item for item in expressions if item["key"] == "kubernetes.io/metadata.name")
        assert (names_left["operator"], set(names_left["values"])) == ("NotIn", set(SYSTEM_NAMESPACES))
        assert {
            "key": names.ROLE,
            "operator": "NotIn",
            "values": ["accelerators", "operators", "telemetry"],
        } in expressions


def test_on_an_existing_cluster_nobody_else_s_namespace_is_touched(
    local_graph: Graph, case_graphs: Mapping[str, Graph]
) -> None:
    own = {"key": names.CENTER, "operator": "In", "values": ["c"]}
    for binding in bodies(case_graphs["pinned"], "ValidatingAdmissionPolicyBinding"):
        assert own in selector(binding)
    for binding in bodies(local_graph, "ValidatingAdmissionPolicyBinding"):
        assert names.CENTER not in {item["key"] for item in selector(binding)}


def test_the_declared_scope_and_system_namespaces_go_before_the_cloud_s(case_graphs: Mapping[str, Graph]) -> None:
    for binding in bodies(case_graphs["declared"], "ValidatingAdmissionPolicyBinding"):
        expressions = selector(binding)
        assert "cloud-agents" in expressions[0]["values"]
        assert {"key": names.CENTER, "operator": "In", "values": ["everything"]} in expressions

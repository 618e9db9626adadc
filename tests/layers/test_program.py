"""The whole program as it registers its resources: their tree, their names, and what waits for what."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aicc.offline.charts import CHART_TYPE
from aicc.offline.graph import Graph, layer_of
from aicc.offline.record import STACK_TYPE, Resource
from infra.declaration import TYPE as DECLARATION
from infra.layers import LAYERS
from infra.layers.foundation import MEMBER_ROLE, PRIORITIES


@pytest.fixture(params=["local", "pinned", "plugins", "declared"])
def graph(request: pytest.FixtureRequest, local_graph: Graph, case_graphs: Mapping[str, Graph]) -> Graph:
    return local_graph if request.param == "local" else case_graphs[request.param]


def resources(graph: Graph) -> dict[str, Resource]:
    return {resource.urn: resource for resource in graph.resources}


def named(graph: Graph, kind: str, name: str) -> Resource:
    [found] = [item for item in graph.resources if item.type.endswith(f":{kind}") and item.name == name]
    return found


def before(graph: Graph, resource: Resource) -> set[str]:
    """Everything that a resource waits for, directly or not."""
    by_urn, seen, left = resources(graph), set[str](), [*resource.dependencies]
    while left:
        if (urn := left.pop()) not in seen:
            seen.add(urn)
            left += by_urn[urn].dependencies
    return seen


def test_every_resource_hangs_under_the_component_of_its_layer(graph: Graph) -> None:
    by_urn = resources(graph)
    for resource in graph.resources:
        if resource.type in {"pulumi:providers:kubernetes", DECLARATION}:
            continue
        top = resource
        while top.parent in by_urn:
            top = by_urn[top.parent]
        assert top.type == f"ai-compute-center:layers:{top.name.capitalize()}"
        assert top.parent.split("::")[2] == STACK_TYPE
        assert layer_of(resource) == top.name


def test_there_is_one_component_for_each_layer(graph: Graph) -> None:
    components = [resource.name for resource in graph.resources if ":layers:" in resource.type]
    assert sorted(components) == sorted(LAYERS)


def test_the_declared_centre_is_one_entry_that_holds_nothing(graph: Graph) -> None:
    """Policies and people read it; a resource below it would be in no layer and in no cloud."""
    [center] = [resource for resource in graph.resources if resource.type == DECLARATION]
    assert (center.name, center.custom) == ("center", False)
    assert center.inputs["name"] == graph.outputs["center"]
    assert center.urn not in {resource.parent for resource in graph.resources}


def test_every_urn_is_unique_and_of_the_engine_s_form(graph: Graph) -> None:
    assert len(resources(graph)) == len(graph.resources)
    for resource in graph.resources:
        stack, project, types, name = resource.urn.split("::", 3)
        assert (stack, project) == (f"urn:pulumi:{graph.stack}", "ai-compute-center")
        assert types.split("$")[-1] == resource.type
        assert name == resource.name


def test_urns_are_those_that_the_engine_makes(local_graph: Graph) -> None:
    """Written out; where the Pulumi CLI is present, tests/drivers compares every one."""
    head, layers = "urn:pulumi:local::ai-compute-center::", "ai-compute-center:layers:"
    expected = {
        f"{head}pulumi:providers:kubernetes::cluster",
        f"{head}{layers}Tenancy::tenancy",
        f"{head}{layers}Tenancy$kubernetes:core/v1:Namespace::tenant-research",
        f"{head}{layers}Tenancy$kubernetes:core/v1:ResourceQuota::tenant-research-tenant",
        f"{head}{layers}Serving$kubernetes:helm.sh/v4:Chart::model-qwen3-32b",
        f"{head}{layers}Serving$kubernetes:helm.sh/v4:Chart$kubernetes:apps/v1:Deployment"
        "::model-qwen3-32b:tenant-cloud/model-qwen3-32b",
    }
    assert expected <= set(resources(local_graph))


def test_no_object_leaves_its_name_to_chance(graph: Graph) -> None:
    for manifest in graph.manifests:
        assert manifest.body["metadata"]["name"]
        assert "generateName" not in manifest.body["metadata"]


def test_every_dependency_is_a_resource_of_the_same_stack(graph: Graph) -> None:
    by_urn = resources(graph)
    for resource in graph.resources:
        assert set(resource.dependencies) <= set(by_urn)
        assert resource.urn not in before(graph, resource)


def test_a_tenant_s_namespace_waits_for_what_guards_it(graph: Graph) -> None:
    """Or its first pods could slip in before the policies hold, or find no priority class."""
    guards = {item.urn for item in graph.resources if item.type.endswith("ValidatingAdmissionPolicyBinding")}
    guards |= {named(graph, "PriorityClass", name).urn for name in PRIORITIES}
    guards |= {named(graph, "ClusterRole", MEMBER_ROLE).urn}
    namespaces = [item for item in graph.resources if item.type.endswith(":Namespace") and layer_of(item) == "tenancy"]
    assert namespaces
    for namespace in namespaces:
        assert guards <= before(graph, namespace)


def test_a_policy_is_there_before_its_binding(graph: Graph) -> None:
    for binding in graph.resources:
        if binding.type.endswith("ValidatingAdmissionPolicyBinding"):
            assert named(graph, "ValidatingAdmissionPolicy", binding.name).urn in binding.dependencies


def test_what_is_in_a_namespace_waits_for_it(graph: Graph) -> None:
    homes = {item.name: item.urn for item in graph.resources if item.type.endswith(":Namespace")}
    for resource in graph.resources:
        if resource.custom and resource.inputs.get("metadata", {}).get("namespace") in homes:
            assert homes[resource.inputs["metadata"]["namespace"]] in before(graph, resource)


def models(graph: Graph) -> list[Resource]:
    found = [item for item in graph.resources if item.type == CHART_TYPE and item.name.startswith("model-")]
    assert found
    return found


def test_a_model_waits_for_its_tenant_s_quota_and_network_and_for_its_runtime_class(local_graph: Graph) -> None:
    for chart in models(local_graph):
        namespace = chart.inputs["namespace"]
        needed = {
            named(local_graph, "ResourceQuota", f"{namespace}-tenant").urn,
            named(local_graph, "LimitRange", f"{namespace}-defaults").urn,
            named(local_graph, "NetworkPolicy", f"{namespace}-default-deny").urn,
        }
        if runtime_class := chart.inputs["values"]["runtimeClassName"]:
            needed.add(named(local_graph, "RuntimeClass", runtime_class).urn)
        else:
            [job] = [
                each.urn
                for each in local_graph.resources
                if each.name.startswith(f"{namespace}-weights-{chart.inputs['values']['model']['name']}-")
            ]
            needed.add(job)  # verified before anything serves it
        assert needed <= before(local_graph, chart)


def test_a_model_waits_for_no_other_tenant(local_graph: Graph) -> None:
    tenants = {tenant: f"tenant-{tenant}" for tenant in local_graph.outputs["tenants"]}
    for chart in models(local_graph):
        others = set(tenants.values()) - {chart.inputs["namespace"]}
        waited_for = {urn.rpartition("::")[2] for urn in before(local_graph, chart)}
        assert not others & waited_for


def test_the_local_cluster_s_kubeconfig_is_its_own(local_graph: Graph) -> None:
    provider = named(local_graph, "kubernetes", "cluster")
    assert provider.inputs["kubeconfig"].endswith("/aicc/local/kubeconfig")
    assert provider.inputs["kubeconfig"] == local_graph.outputs["kubeconfig"]


def test_an_existing_cluster_is_reached_by_the_declared_path_and_context_only(case_graphs: Mapping[str, Graph]) -> None:
    inputs = named(case_graphs["pinned"], "kubernetes", "cluster").inputs
    assert inputs == {"kubeconfig": "~/.kube/config", "context": "production"}


def test_nothing_is_asked_of_a_cloud(graph: Graph) -> None:
    assert graph.cloud_resources == []

from __future__ import annotations

from typing import get_args

import pytest

from aicc.offline.graph import Graph
from infra import names
from infra.config.fields import TenantKind
from infra.layers.foundation import MEMBER_ROLE, PLATFORM_NAMESPACES
from tests.layers.conftest import Find

READ = {"get", "list", "watch"}
KINDS = [names.priority_class(kind) for kind in get_args(TenantKind)]


def granted(find: Find) -> dict[tuple[str, str], set[str]]:
    """What the tenant members' role allows, by group and resource."""
    return {
        (group, resource): set(rule["verbs"])
        for rule in find("ClusterRole", MEMBER_ROLE)["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


@pytest.mark.parametrize(
    ("group", "resource"),
    [("networking.k8s.io", "networkpolicies"), ("", "resourcequotas"), ("", "limitranges")],
)
def test_tenant_members_cannot_change_what_closes_them_in(find: Find, group: str, resource: str) -> None:
    assert granted(find)[group, resource] == READ


def test_tenant_members_cannot_give_themselves_rights_or_reach_beyond_their_namespace(find: Find) -> None:
    groups = {group for group, _ in granted(find)}
    resources = {resource for _, resource in granted(find)}
    assert not groups & {"*", "rbac.authorization.k8s.io", "admissionregistration.k8s.io", "scheduling.k8s.io"}
    assert not resources & {"*", "namespaces", "nodes", "persistentvolumes", "serviceaccounts/token"}
    assert not {"*", "bind", "escalate", "impersonate"} & set().union(*granted(find).values())


def test_tenant_members_can_run_and_look_at_their_work(find: Find) -> None:
    allowed = granted(find)
    for group, resource in [("", "pods"), ("apps", "deployments"), ("batch", "jobs"), ("", "persistentvolumeclaims")]:
        assert {"create", "delete", *READ} <= allowed[group, resource]
    assert allowed["", "pods/log"] == READ


@pytest.mark.parametrize("namespace", PLATFORM_NAMESPACES)
def test_a_platform_namespace_is_closed(find: Find, namespace: str) -> None:
    labels = find("Namespace", namespace)["metadata"]["labels"]
    level = labels["pod-security.kubernetes.io/enforce"]
    assert (level == "privileged") == (namespace == names.ACCELERATOR_NAMESPACE)
    assert labels["pod-security.kubernetes.io/warn"] == "restricted"
    assert labels[names.CENTER] == "jinshan-local"
    assert find("NetworkPolicy", f"{namespace}/default-deny")["spec"]["podSelector"] == {}


def test_every_kind_of_tenant_has_a_priority_between_the_platform_and_batch(find: Find) -> None:
    tenants = [find("PriorityClass", name)["value"] for name in KINDS]
    assert find("PriorityClass", "aicc-batch")["value"] < min(tenants)
    assert max(tenants) < find("PriorityClass", "aicc-platform")["value"]


def test_services_go_before_applications_and_those_before_research(find: Find) -> None:
    value = {kind: find("PriorityClass", names.priority_class(kind))["value"] for kind in get_args(TenantKind)}
    assert value["cloud-service"] > value["enterprise"] > value["research"]


def test_no_priority_is_a_default_or_among_kubernetes_own(local_graph: Graph) -> None:
    classes = [manifest.body for manifest in local_graph.manifests if manifest.kind == "PriorityClass"]
    assert classes
    for body in classes:
        assert not body.get("globalDefault")
        assert body["value"] <= 1_000_000_000, "the API server keeps higher values for itself"


def test_only_batch_work_never_preempts(local_graph: Graph) -> None:
    classes = [manifest.body for manifest in local_graph.manifests if manifest.kind == "PriorityClass"]
    never = [body["metadata"]["name"] for body in classes if body["preemptionPolicy"] == "Never"]
    assert never == ["aicc-batch"]

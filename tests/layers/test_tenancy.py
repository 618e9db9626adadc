from __future__ import annotations

import pytest

from aicc.offline.graph import Graph
from infra import names
from infra.clouds.base import Identity
from infra.layers import tenancy
from infra.layers.foundation import MEMBER_ROLE
from infra.plan import CenterPlan, TenantPlan
from infra.plan.workloads import TENANT_SERVICE_ACCOUNT
from infra.quantity import parse
from tests.layers.conftest import Find
from tests.layers.platform import build, identities

TENANTS = ["research", "enterprise", "cloud"]


@pytest.fixture(params=TENANTS)
def tenant(request: pytest.FixtureRequest, local_plan: CenterPlan) -> TenantPlan:
    return next(tenant for tenant in local_plan.tenants if tenant.name == request.param)


def test_members_have_rights_in_their_own_namespace_only(tenant: TenantPlan) -> None:
    binding = tenancy.members(tenant)
    assert binding["kind"] == "RoleBinding"
    assert binding["metadata"]["namespace"] == tenant.namespace
    assert binding["roleRef"]["name"] == MEMBER_ROLE


def test_rights_go_to_the_identity_group_and_to_nobody_else(tenant: TenantPlan) -> None:
    subjects = tenancy.members(tenant)["subjects"]
    assert [(subject["kind"], subject["name"]) for subject in subjects] == [("Group", tenant.group)]


def test_the_quota_limits_every_accelerator_that_is_granted(tenant: TenantPlan) -> None:
    hard = tenancy.quota(tenant)["spec"]["hard"]
    assert {f"requests.{resource}" for resource in tenant.granted_resources} <= set(hard)


def test_a_tenant_cannot_open_itself_to_the_outside(tenant: TenantPlan) -> None:
    hard = tenancy.quota(tenant)["spec"]["hard"]
    assert (hard["services.loadbalancers"], hard["services.nodeports"]) == ("0", "0")


def test_a_container_that_asks_for_nothing_gets_little_and_no_accelerator(tenant: TenantPlan) -> None:
    [limit] = tenancy.defaults(tenant)["spec"]["limits"]
    assert set(limit["defaultRequest"]) == {"cpu", "memory"}
    assert set(limit["default"]) == {"memory"}, "a default CPU limit would throttle what may use idle cores"
    assert parse(limit["defaultRequest"]["memory"]) <= parse(limit["default"]["memory"])


def test_the_namespace_enforces_the_restricted_level_and_says_whose_it_is(find: Find, tenant: TenantPlan) -> None:
    metadata = find("Namespace", tenant.namespace)["metadata"]
    assert metadata["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert metadata["labels"][names.TENANT] == tenant.name
    assert metadata["labels"][names.TENANT_KIND] == tenant.kind


def test_the_namespace_grants_exactly_the_accelerators_of_the_quota(find: Find, tenant: TenantPlan) -> None:
    granted = find("Namespace", tenant.namespace)["metadata"]["annotations"][names.GRANTED]
    assert granted.split(",") == list(tenant.granted_resources)


@pytest.mark.parametrize("kind", ["RoleBinding", "ResourceQuota", "LimitRange"])
def test_every_tenant_has_its_own(find: Find, tenant: TenantPlan, kind: str) -> None:
    name = {"RoleBinding": "members", "ResourceQuota": "tenant", "LimitRange": "defaults"}[kind]
    assert find(kind, f"{tenant.namespace}/{name}")


def test_where_the_cloud_binds_it_every_tenant_has_an_account_that_reaches_its_data(local_plan: CenterPlan) -> None:
    built = build(local_plan, identities=lambda: identities(local_plan))
    accounts = {item.inputs["metadata"]["namespace"]: item for item in built.of("ServiceAccount").values()}
    for tenant in local_plan.tenants:
        account = accounts[tenant.namespace]
        metadata = account.inputs["metadata"]
        assert metadata["name"] == TENANT_SERVICE_ACCOUNT
        assert metadata["annotations"] == {"example.com/role": f"role-{tenant.namespace}"}
        assert built.of("Namespace")[tenant.namespace].urn in built.before(account)


def test_an_account_gives_its_pods_no_rights_in_the_cluster(tenant: TenantPlan) -> None:
    """Its identity is the cloud's; a token for the API server would only be there to be stolen."""
    assert tenancy.service_account(tenant, Identity())["automountServiceAccountToken"] is False


def test_where_no_cloud_binds_anything_there_is_no_account(local_graph: Graph) -> None:
    made = [item for item in local_graph.manifests if item.kind == "ServiceAccount" and item.layer == "tenancy"]
    assert made == []

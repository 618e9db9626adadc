"""Kueue's queues: each tenant's quota in full, and accelerators that share a resource name kept apart."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given

from infra import names
from infra.config import Center
from infra.layers import queues
from infra.layers.foundation import PRIORITIES
from infra.plan import CenterPlan, resolve
from infra.quantity import parse
from tests.layers.platform import Built, build
from tests.layers.test_accelerators import tolerates
from tests.plan.centres import CATALOGUE, centers

QUEUES = {"ClusterQueue", "LocalQueue", "ResourceFlavor", "WorkloadPriorityClass"}


@pytest.fixture(scope="module")
def queued(local_plan: CenterPlan) -> Built:
    return build(local_plan, operators=("kueue",))


def group(queue: Any) -> Any:
    [found] = queue["spec"]["resourceGroups"]
    return found


def quotas(queue: Any) -> dict[str, dict[str, Fraction]]:
    """What each flavour of a queue gives, by resource."""
    return {
        flavor["name"]: {item["name"]: parse(str(item["nominalQuota"])) for item in flavor["resources"]}
        for flavor in group(queue)["flavors"]
    }


@given(centers())
def test_a_tenant_s_queue_covers_its_quota_and_promises_no_more_accelerators(center: Center) -> None:
    plan = resolve(center, CATALOGUE)
    for tenant in plan.tenants:
        total: Counter[str] = Counter()
        for resources in quotas(queues.queue(tenant, plan)).values():
            total.update(resources)
        for key, hard in tenant.hard.items():
            resource = key.removeprefix("requests.")
            if "/" in resource:
                assert total[resource] == int(hard)
            elif resource in {"cpu", "memory"}:
                assert total[resource] >= parse(hard)


@given(centers())
def test_every_flavour_says_every_covered_resource_in_order(center: Center) -> None:
    """Kueue's webhook wants them all, and in the order of coveredResources."""
    plan = resolve(center, CATALOGUE)
    for tenant in plan.tenants:
        found = group(queues.queue(tenant, plan))
        assert len(found["coveredResources"]) == len(set(found["coveredResources"]))
        for flavor in found["flavors"]:
            assert [item["name"] for item in flavor["resources"]] == found["coveredResources"]
        flavors = [flavor["name"] for flavor in found["flavors"]]
        assert len(flavors) == len(set(flavors))


@given(centers())
def test_a_flavour_gives_nothing_that_its_nodes_have_not(center: Center) -> None:
    plan = resolve(center, CATALOGUE)
    own = {item.id: item.resource for item in plan.accelerators}
    for tenant in plan.tenants:
        for flavor, resources in quotas(queues.queue(tenant, plan)).items():
            given_by = {resource for resource, count in resources.items() if "/" in resource and count}
            assert given_by == ({own[flavor]} if flavor in own else set())


@given(centers())
def test_no_accelerator_is_in_two_queues(center: Center) -> None:
    plan = resolve(center, CATALOGUE)
    own = {item.id: item.resource for item in plan.accelerators}
    given_out: Counter[str] = Counter()
    for tenant in plan.tenants:
        for flavor, resources in quotas(queues.queue(tenant, plan)).items():
            if flavor in own:
                given_out[flavor] += int(resources[own[flavor]])
    assert all(given_out[item.id] <= item.total for item in plan.accelerators)


def test_h20_and_h100_are_told_apart_though_both_are_nvidia_com_gpu(plugins_plan: CenterPlan) -> None:
    """Which a ResourceQuota cannot do."""
    [tenant] = plugins_plan.tenants
    gpu = {name: found["nvidia.com/gpu"] for name, found in quotas(queues.queue(tenant, plugins_plan)).items()}
    assert gpu == {"general": 0, "nvidia-h20": 8, "nvidia-h100": 8}
    flavors = {item.id: queues.flavor(item)["spec"]["nodeLabels"] for item in plugins_plan.accelerators}
    assert flavors["nvidia-h20"].items() != flavors["nvidia-h100"].items()
    for pool in plugins_plan.pools:
        fitting = [name for name, labels in flavors.items() if labels.items() <= pool.labels.items()]
        assert fitting == [pool.accelerator]


@given(centers())
def test_jobs_without_accelerators_come_to_nodes_without_before_others(center: Center) -> None:
    """Kueue takes the first flavour that fits, and every flavour tolerates its nodes' taints."""
    plan = resolve(center, CATALOGUE)
    for tenant in plan.tenants:
        first, *others = group(queues.queue(tenant, plan))["flavors"]
        assert first["name"] == queues.GENERAL
        assert [flavor["name"] for flavor in others] == list(tenant.accelerators)


def test_a_flavour_tolerates_every_taint_of_its_nodes(local_plan: CenterPlan) -> None:
    for accelerator in local_plan.accelerators:
        spec = queues.flavor(accelerator)["spec"]
        for pool in local_plan.pools:
            if pool.accelerator == accelerator.id:
                assert all(tolerates(spec["tolerations"], taint) for taint in pool.taints)
                declared = [(item["key"], item.get("value", ""), item["effect"]) for item in spec["nodeTaints"]]
                assert declared == [(taint.key, taint.value, taint.effect) for taint in pool.taints]


def test_no_tenant_borrows_what_its_resource_quota_would_refuse(local_plan: CenterPlan) -> None:
    for tenant in local_plan.tenants:
        assert "cohortName" not in queues.queue(tenant, local_plan)["spec"]


def test_a_queue_is_for_its_own_tenant_s_namespace_alone(local_plan: CenterPlan, queued: Built) -> None:
    for tenant in local_plan.tenants:
        wanted = queues.queue(tenant, local_plan)["spec"]["namespaceSelector"]["matchLabels"]
        found = [
            name
            for name, item in queued.of("Namespace").items()
            if wanted.items() <= item.inputs["metadata"]["labels"].items()
        ]
        assert found == [tenant.namespace]
        local = queues.local_queue(tenant)
        assert (local["metadata"]["namespace"], local["spec"]["clusterQueue"]) == (tenant.namespace, tenant.namespace)


def test_a_job_s_place_in_the_queue_is_its_tenant_s_priority(queued: Built) -> None:
    classes = {name: item.inputs["value"] for name, item in queued.of("WorkloadPriorityClass").items()}
    assert set(classes) == {names.priority_class(kind) for kind in ("research", "enterprise", "cloud-service")}
    assert classes == {name: PRIORITIES[name][0] for name in classes}


def test_a_queue_waits_for_every_flavour_that_it_names_and_for_its_tenant(
    local_plan: CenterPlan, queued: Built
) -> None:
    flavors, namespaces = queued.of("ResourceFlavor"), queued.of("Namespace")
    cluster_queues = queued.of("ClusterQueue")
    for tenant in local_plan.tenants:
        queue = cluster_queues[tenant.namespace]
        named = {flavors[flavor["name"]].urn for flavor in group(queue.inputs)["flavors"]}
        assert named <= queued.before(queue)
        local = queued.of("LocalQueue")[f"{tenant.namespace}-default"]
        assert {queue.urn, namespaces[tenant.namespace].urn} <= queued.before(local)


def test_where_the_cluster_serves_kueue_itself_the_queues_are_the_same(local_plan: CenterPlan, queued: Built) -> None:
    served = build(local_plan, capabilities=frozenset({"kueue"}))
    for kind in QUEUES:
        assert {name: item.inputs for name, item in served.of(kind).items()} == {
            name: item.inputs for name, item in queued.of(kind).items()
        }
        assert served.of(kind)


def test_without_kueue_nothing_is_queued(local_plan: CenterPlan) -> None:
    built = build(local_plan, operators=("jobset", "lws"))
    assert not [item for item in built.resources.values() if item.kind in QUEUES]

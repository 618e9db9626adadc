"""What holds for the plan of every valid centre."""

from __future__ import annotations

from collections import Counter
from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given

from infra.config import Center
from infra.config.clouds import PublicCloud
from infra.plan import CenterPlan, ModelPlan, PoolPlan, resolve
from infra.quantity import parse
from tests.plan.centres import CATALOGUE, centers, public_centers


def plan_of(center: Center) -> CenterPlan:
    return resolve(center, CATALOGUE)


@given(centers())
def test_resolving_is_deterministic(center: Center) -> None:
    assert plan_of(center) == plan_of(Center.model_validate_json(center.model_dump_json(by_alias=True)))


@given(centers())
def test_every_tenant_has_a_namespace_of_its_own(center: Center) -> None:
    plan = plan_of(center)
    namespaces = [tenant.namespace for tenant in plan.tenants]
    assert len(set(namespaces)) == len(namespaces) == len(center.tenants)
    assert all(len(namespace) <= 63 for namespace in namespaces)


@given(centers())
def test_no_accelerator_is_promised_twice(center: Center) -> None:
    plan = plan_of(center)
    granted: Counter[str] = Counter()
    for tenant in plan.tenants:
        granted.update(tenant.accelerators)
    totals = {accelerator.id: accelerator.total for accelerator in plan.accelerators}
    assert all(count <= totals[accelerator] for accelerator, count in granted.items())


@given(centers())
def test_every_accelerator_of_the_pools_is_counted_once(center: Center) -> None:
    plan = plan_of(center)
    counted: Counter[str] = Counter()
    for pool in plan.pools:
        if pool.accelerator:
            counted[pool.accelerator] += pool.nodes * pool.accelerators_per_node
    assert {accelerator.id: accelerator.total for accelerator in plan.accelerators} == counted


def fits(model: ModelPlan, pool: PoolPlan) -> bool:
    return (
        pool.accelerator == model.accelerator
        and model.accelerators_per_replica <= pool.accelerators_per_node
        and parse(model.cpu) <= pool.cpu_cores
        and parse(model.memory) <= pool.memory_bytes
    )


@given(centers())
def test_every_model_s_pod_fits_an_empty_node_that_its_runtime_class_selects(center: Center) -> None:
    plan = plan_of(center)
    accelerators = {accelerator.id: accelerator for accelerator in plan.accelerators}
    for model in plan.models:
        selector = accelerators[model.accelerator].node_selector if model.accelerator else {}
        tolerated = accelerators[model.accelerator].taints if model.accelerator else ()
        nodes = [pool for pool in plan.pools if fits(model, pool)]
        assert [
            pool for pool in nodes if selector.items() <= pool.labels.items() and set(pool.taints) <= set(tolerated)
        ]


@given(centers())
def test_as_many_replicas_fit_a_node_as_its_accelerators_allow(center: Center) -> None:
    """CPU and memory never strand accelerators."""
    plan = plan_of(center)
    for model in plan.models:
        for pool in plan.pools:
            if model.accelerator and pool.accelerator == model.accelerator:
                replicas = pool.accelerators_per_node // model.accelerators_per_replica
                assert parse(model.cpu) * replicas <= pool.cpu_cores
                assert parse(model.memory) * replicas <= pool.memory_bytes


@given(centers())
def test_a_tenant_s_hard_quota_covers_its_models_at_their_most(center: Center) -> None:
    plan = plan_of(center)
    for tenant in plan.tenants:
        own = [model for model in plan.models if model.tenant == tenant.name]
        assert {model.namespace for model in own} <= {tenant.namespace}
        need: Counter[str] = Counter()
        for model in own:
            if model.resource:
                need[f"requests.{model.resource}"] += model.accelerators_per_replica * model.max_replicas
            need["pods"] += model.max_replicas
        assert all(count <= int(tenant.hard[resource]) for resource, count in need.items())
        for field in ("cpu", "memory"):
            used = sum(parse(getattr(model, field)) * model.max_replicas for model in own)
            assert used <= parse(tenant.hard[f"requests.{field}"])


@given(centers())
def test_a_tenant_is_granted_exactly_the_resources_that_its_quota_limits(center: Center) -> None:
    for tenant in plan_of(center).tenants:
        limited = {key.removeprefix("requests.") for key in tenant.hard if "/" in key}
        assert set(tenant.granted_resources) == limited
        assert all(int(count) > 0 for key, count in tenant.hard.items() if "/" in key)


@given(centers())
def test_shared_memory_leaves_the_model_most_of_its_memory(center: Center) -> None:
    for model in plan_of(center).models:
        assert (model.shared_memory is None) == (model.accelerator is None)
        assert parse(model.shared_memory or "0") * 4 <= parse(model.memory) + 4 * 1024**2


@given(centers())
def test_shares_of_an_undeclared_quota_add_up_to_it(center: Center) -> None:
    for tenant in plan_of(center).tenants:
        assert sum(parse(share.cpu) for share in tenant.shares) == parse(tenant.hard["requests.cpu"])
        assert sum(parse(share.memory) for share in tenant.shares) == parse(tenant.hard["requests.memory"])
        *own, general = tenant.shares
        assert {share.accelerator: share.count for share in own} == tenant.accelerators
        assert (general.accelerator, general.count) == (None, 0)


@given(centers())
def test_only_a_public_cloud_has_notes_storage_identities_and_a_version(center: Center) -> None:
    plan = plan_of(center)
    of_the_meter = ("monitoring: ", *(f"pool {pool.name}: the power of " for pool in center.pools))
    of_splits = tuple(f"model {model.name}: " for model in plan.models if model.split)
    assert [note for note in plan.notes if not note.startswith((*of_the_meter, *of_splits))] == []
    assert plan.workloads == ()
    assert (plan.storage, plan.kubernetes_version) == (None, None)


@given(public_centers())
def test_a_note_is_about_something_declared(center: Center) -> None:
    declared = [f"pool {pool.name}: " for pool in center.pools] + [
        f"tenant {tenant.name}: " for tenant in center.tenants
    ]
    subjects = ("monitoring: ", "cloud.zones: ", "network.podCidr: ", *declared)
    notes = plan_of(center).notes
    assert all(note.startswith(subjects) for note in notes)
    assert len(set(notes)) == len(notes)


@given(public_centers())
def test_what_nobody_published_about_a_pool_s_zones_is_noted_and_what_is_known_is_not(center: Center) -> None:
    plan = plan_of(center)
    assert isinstance(plan.cloud, PublicCloud)
    for pool in plan.pools:
        zones = CATALOGUE.instances[plan.cloud.kind][str(pool.instance)].zones
        known = bool((zones or {}).get(plan.cloud.region))
        noted = any(note.startswith(f"pool {pool.name}: whether ") for note in plan.notes)
        assert noted != known


@given(public_centers())
def test_a_public_centre_is_complete_where_little_was_declared(center: Center) -> None:
    plan = plan_of(center)
    assert isinstance(plan.cloud, PublicCloud)
    assert plan.kubernetes_version in CATALOGUE.services[plan.cloud.kind].kubernetes
    assert plan.storage is not None
    for pool in plan.pools:
        assert pool.owner == plan.cloud.owner
        assert pool.min_nodes <= pool.nodes <= pool.max_nodes
        assert pool.scales == (pool.min_nodes < pool.max_nodes)
        assert set(pool.zones) <= set(plan.cloud.zones)


@given(public_centers())
def test_every_workload_that_reaches_the_cloud_is_one_service_account_of_its_own(center: Center) -> None:
    plan = plan_of(center)
    assert plan.storage is not None
    accounts = [(workload.namespace, workload.service_account) for workload in plan.workloads]
    assert len(set(accounts)) == len({workload.name for workload in plan.workloads}) == len(accounts)
    assert {tenant.namespace for tenant in plan.tenants} <= {workload.namespace for workload in plan.workloads}
    roles = {bucket.name for bucket in plan.storage.buckets}
    assert all({*workload.reads, *workload.writes} <= roles for workload in plan.workloads)


def parts(value: Any) -> list[Any]:
    """Every dataclass in a plan."""
    if is_dataclass(value):
        return [value, *(part for field in fields(value) for part in parts(getattr(value, field.name)))]
    return [part for item in value for part in parts(item)] if isinstance(value, tuple) else []


@given(centers())
def test_no_part_of_a_plan_can_be_changed(center: Center) -> None:
    for part in parts(plan_of(center)):
        with pytest.raises(FrozenInstanceError):
            setattr(part, fields(part)[0].name, None)

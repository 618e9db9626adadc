"""The arithmetic of a plan, on small centres."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from infra.catalogue import load
from infra.config import InvalidCenterError
from infra.config.load import parse
from infra.layers import serving
from infra.plan import CenterPlan, Share, resolve
from infra.plan.hosts import host_share
from infra.quantity import parse as parse_quantity

EXISTING = {"kind": "existing", "kubeconfig": "~/.kube/config", "context": "production"}
IMAGE = f"registry.example.com/engine@sha256:{'0' * 64}"


def pool(name: str, accelerator: str | None, accelerators: int = 0, **fields: Any) -> dict[str, Any]:
    shape = {"cpu": "64", "memory": "512Gi", "accelerators": accelerators}
    return {"name": name, "nodes": 2, "node": shape | ({"accelerator": accelerator} if accelerator else {}), **fields}


def tenant(**quota: Any) -> dict[str, Any]:
    return {"name": "research", "kind": "research", "group": "g", "quota": quota}


def model(**fields: Any) -> dict[str, Any]:
    return {"name": "m", "tenant": "research", "source": "a/b", "accelerator": "zhenwu-810e", **fields}


def planned(*pools: dict[str, Any], cloud: dict[str, Any] | None = None, **parts: Any) -> CenterPlan:
    return resolve(parse({"name": "c", "cloud": cloud or {"kind": "local"}, "pools": list(pools), **parts}), load())


def test_a_model_takes_three_quarters_of_its_accelerators_share_of_the_host() -> None:
    [found] = planned(
        pool("z", "zhenwu-810e", 8),
        tenants=[tenant(accelerators={"zhenwu-810e": 8})],
        models=[model(parallel={"tensor": 4})],
    ).models
    assert (found.cpu, found.memory, found.shared_memory) == ("24", "192Gi", "48Gi")


def test_a_model_on_several_nodes_is_given_its_part_of_each() -> None:
    plan = planned(
        pool("z", "zhenwu-810e", 8),
        cloud=EXISTING | {"capabilities": ["lws"]},
        tenants=[tenant(accelerators={"zhenwu-810e": 16})],
        models=[model(parallel={"tensor": 8, "pipeline": 2, "nodes": 2}, image=IMAGE)],
    )
    [found] = plan.models
    assert (found.accelerators_per_replica, found.nodes_per_replica, found.max_pods) == (16, 2, 2)
    assert (found.cpu, found.memory) == ("48", "384Gi"), "three quarters of a node, for each pod"
    chart = serving.values(found)
    assert chart["accelerator"]["count"] * chart["nodesPerReplica"] == found.accelerators_per_replica
    assert chart["leaderWorkerSet"]


def test_the_share_is_that_of_the_pool_with_least_host_per_accelerator() -> None:
    plan = planned(pool("rich", "zhenwu-810e", 4), pool("poor", "zhenwu-810e", 16))
    assert host_share("zhenwu-810e", plan.pools) == (Fraction(4), Fraction(32 * 1024**3))


def test_a_model_may_be_as_large_as_the_largest_node() -> None:
    plan = planned(
        pool("small", "zhenwu-810e", 4),
        pool("large", "zhenwu-810e", 16),
        tenants=[tenant(accelerators={"zhenwu-810e": 16})],
        models=[model(parallel={"tensor": 16})],
    )
    assert plan.models[0].accelerators_per_replica == 16


def test_a_tenant_s_default_quota_is_its_accelerators_share_of_their_hosts_and_a_base() -> None:
    [found] = planned(pool("z", "zhenwu-810e", 8), tenants=[tenant(accelerators={"zhenwu-810e": 4})]).tenants
    assert found.hard["requests.cpu"] == str(4 * 8 + 16)
    assert found.hard["requests.memory"] == f"{4 * 64 + 64}Gi"
    assert found.hard["requests.alibabacloud.com/ppu"] == "4"


def test_a_declared_quota_is_taken_as_written() -> None:
    [found] = planned(pool("g", None), tenants=[tenant(cpu="1500m", memory="3Gi", storage="2Ti", pods=7)]).tenants
    assert found.hard == {
        "requests.cpu": "1500m",
        "requests.memory": "3Gi",
        "requests.storage": "2Ti",
        "pods": "7",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }


def test_shares_are_each_accelerator_s_part_of_its_hosts_and_a_base_without_any() -> None:
    [found] = planned(pool("z", "zhenwu-810e", 8), tenants=[tenant(accelerators={"zhenwu-810e": 4})]).tenants
    assert found.shares == (Share("zhenwu-810e", 4, "32", "256Gi"), Share(None, 0, "16", "64Gi"))


def test_shares_that_do_not_divide_evenly_add_up_to_the_quota() -> None:
    [found] = planned(
        pool("z", "zhenwu-810e", 3),
        pool("h", "nvidia-h20", 3),
        tenants=[tenant(accelerators={"zhenwu-810e": 1, "nvidia-h20": 1})],
    ).tenants
    assert sum(parse_quantity(share.cpu) for share in found.shares) == parse_quantity(found.hard["requests.cpu"])
    assert sum(parse_quantity(share.memory) for share in found.shares) == parse_quantity(found.hard["requests.memory"])


@pytest.mark.parametrize(("cpu", "left"), [("40", "8"), ("32", "0"), ("1", "0")])
def test_what_a_declared_quota_leaves_is_for_nodes_without_accelerators(cpu: str, left: str) -> None:
    """An accelerator keeps its part of the host, or it could not be used."""
    pools, quota = pool("z", "zhenwu-810e", 8), tenant(accelerators={"zhenwu-810e": 4}, cpu=cpu)
    [found] = planned(pools, tenants=[quota]).tenants
    assert [share.cpu for share in found.shares] == ["32", left]
    assert found.hard["requests.cpu"] == cpu


def test_a_quota_of_zero_grants_nothing() -> None:
    [found] = planned(pool("z", "zhenwu-810e", 8), tenants=[tenant(accelerators={"zhenwu-810e": 0})]).tenants
    assert found.granted_resources == ()
    assert not [key for key in found.hard if "ppu" in key]


def test_accelerators_that_share_a_resource_share_its_quota() -> None:
    """Kubernetes counts `nvidia.com/gpu`, whichever GPU it is."""
    [found] = planned(
        pool("a", "nvidia-h20", 8),
        pool("b", "nvidia-h100", 8),
        tenants=[tenant(accelerators={"nvidia-h20": 3, "nvidia-h100": 5})],
    ).tenants
    assert found.hard["requests.nvidia.com/gpu"] == "8"
    assert found.granted_resources == ("nvidia.com/gpu",)


def test_an_image_of_the_model_s_own_goes_before_the_catalogue_s() -> None:
    parts: dict[str, Any] = {"tenants": [tenant(accelerators={"zhenwu-810e": 1})]}
    [found] = planned(pool("z", "zhenwu-810e", 8), **parts, models=[model()]).models
    assert found.image == load().accelerators["zhenwu-810e"].serving["vllm"].image
    [found] = planned(pool("z", "zhenwu-810e", 8), **parts, models=[model(image=IMAGE, engine="sglang")]).models
    assert (found.image, found.engine) == (IMAGE, "sglang")


def test_device_plugins_are_installed_only_where_that_was_asked_for() -> None:
    gpu = pool("h20", "nvidia-h20", 8)
    asked = planned(gpu, cloud={**EXISTING, "devicePlugins": "install"})
    for plan in (planned(gpu), planned(gpu, cloud=EXISTING)):
        assert [item.device_plugin for item in plan.accelerators] == [None]
    assert asked.accelerators[0].device_plugin is not None


def public(kind: str = "aws", **fields: Any) -> dict[str, Any]:
    own = {"kind": kind, "owner": "platform", "costCenter": "cc-1"}
    admins = ["arn:aws:iam::111122223333:role/center-admins"]
    place = {"region": "us-west-2", "zones": ["us-west-2a", "us-west-2b"], "admins": admins} if kind == "aws" else {}
    return {**own, **place, **fields}


def machines(name: str, instance: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "instance": instance, "nodes": 2, **fields}


NETWORK = {"podCidr": "10.64.0.0/16", "nodeCidr": "10.32.0.0/16"}


def test_on_a_public_cloud_device_plugins_are_installed_where_the_service_has_none() -> None:
    eks = planned(machines("h", "p5.48xlarge"), cloud=public(), network=NETWORK)
    gke = planned(
        machines("h", "a3-highgpu-8g"),
        cloud=public("gcp", region="us-central1", zones=["us-central1-a"], project="example-center"),
    )
    assert not set(load().services["aws"].device_plugins) & {item.resource for item in eks.accelerators}
    assert eks.accelerators[0].device_plugin is not None
    assert gke.accelerators[0].device_plugin is None


def test_a_pool_is_in_every_zone_of_its_cloud_unless_it_names_some() -> None:
    pools = [machines("a", "m7i.2xlarge"), machines("b", "m7i.2xlarge", zones=["us-west-2b"])]
    plan = planned(*pools, cloud=public(), network=NETWORK)
    assert [pool.zones for pool in plan.pools] == [("us-west-2a", "us-west-2b"), ("us-west-2b",)]
    assert planned(pool("g", None)).pools[0].zones == ("zone-a",)


def test_a_pool_is_answered_for_by_its_own_owner_the_cloud_s_or_the_centre() -> None:
    plan = planned(
        machines("a", "m7i.2xlarge"), machines("b", "m7i.2xlarge", owner="research"), cloud=public(), network=NETWORK
    )
    assert [pool.owner for pool in plan.pools] == ["platform", "research"]
    assert planned(pool("g", None)).pools[0].owner == "c"


def test_a_pool_without_a_scale_stays_as_large_as_it_is() -> None:
    plan = planned(pool("fixed", None), pool("moving", None, scale={"min": 0, "max": 9}))
    assert [(pool.min_nodes, pool.max_nodes, pool.scales) for pool in plan.pools] == [(2, 2, False), (0, 9, True)]


def test_the_newest_version_is_the_greatest_number_not_the_last_text() -> None:
    """1.9 comes before 1.36."""
    known = load()
    offered = known.services["aws"].model_copy(update={"kubernetes": {"1.9": None, "1.36": None, "1.10": None}})
    center = parse({"name": "c", "cloud": public(), "network": NETWORK, "pools": [machines("a", "m7i.2xlarge")]})
    plan = resolve(center, replace(known, services={**known.services, "aws": offered}))
    assert plan.kubernetes_version == "1.36"


def test_the_declared_version_goes_before_the_newest() -> None:
    older = min(load().services["aws"].kubernetes)
    plan = planned(machines("a", "m7i.2xlarge"), cloud=public(kubernetesVersion=older), network=NETWORK)
    assert plan.kubernetes_version == older != max(load().services["aws"].kubernetes)


def test_a_centre_in_one_zone_is_told_so() -> None:
    place = {"region": "us-central1", "project": "example-center"}
    one, two = (
        planned(machines("a", "n2-standard-8"), cloud=public("gcp", **place, zones=zones)).notes
        for zones in (["us-central1-a"], ["us-central1-a", "us-central1-b"])
    )
    note = "cloud.zones: us-central1-a alone; the centre is lost with it"
    assert (note in one, note in two) == (True, False)


def test_storage_is_the_default_unless_declared_and_only_where_it_can_be_made() -> None:
    declared = {"buckets": [{"name": name} for name in ("models", "datasets", "checkpoints", "backups", "videos")]}
    default = planned(machines("a", "m7i.2xlarge"), cloud=public(), network=NETWORK).storage
    own = planned(machines("a", "m7i.2xlarge"), cloud=public(), network=NETWORK, storage=declared).storage
    assert default is not None
    assert own is not None
    assert [bucket.name for bucket in default.buckets] == ["models", "datasets", "backups"]
    assert [bucket.name for bucket in own.buckets][-1] == "videos"
    assert planned(pool("g", None)).storage is None


def test_each_tenant_has_a_checkpoints_bucket_of_its_own_with_the_declared_life() -> None:
    tenants = [{"name": name, "kind": "research", "group": name} for name in ("one", "two")]
    declared = {"buckets": [{"name": name} for name in ("models", "datasets", "backups")]}
    declared["buckets"].append({"name": "checkpoints", "expireAfterDays": 7})
    place = {"cloud": public(), "network": NETWORK, "storage": declared}
    plan = planned(machines("a", "m7i.2xlarge"), tenants=tenants, **place)
    assert plan.storage is not None
    made = {bucket.name: bucket.expire_after_days for bucket in plan.storage.buckets}
    assert made == {"models": None, "datasets": None, "backups": None, "checkpoints-one": 7, "checkpoints-two": 7}
    writes = {workload.name: workload.writes for workload in plan.workloads}
    assert (writes["tenant-one"], writes["tenant-two"]) == (("checkpoints-one",), ("checkpoints-two",))


def test_nodes_say_how_many_accelerators_they_have_and_keep_the_pool_s_own_labels() -> None:
    plan = planned(pool("z", "zhenwu-810e", 4, labels={"example.com/row": "r1"}))
    assert plan.pools[0].labels["aliyun.accelerator/ppu_count"] == "4"
    assert plan.pools[0].labels["example.com/row"] == "r1"


def test_a_node_without_accelerators_has_neither_labels_nor_taints() -> None:
    [found] = planned(pool("g", None)).pools
    assert (found.labels, found.taints, found.resource, found.accelerators) == ({}, (), None, 0)


def test_a_runtime_class_selects_no_node_by_its_size() -> None:
    """Or it would miss the nodes of another pool."""
    selector = planned(pool("z", "zhenwu-810e", 8)).accelerators[0].node_selector
    assert "aliyun.accelerator/ppu_name" in selector
    assert "aliyun.accelerator/ppu_count" not in selector


def test_every_issue_of_a_stage_is_reported_at_once() -> None:
    with pytest.raises(InvalidCenterError) as refusal:
        planned(
            pool("z", "zhenwu-810e", 8),
            tenants=[tenant(accelerators={"zhenwu-810e": 17, "nvidia-h20": 1})],
            models=[model(accelerator="nvidia-h100"), model(name="n", parallel={"tensor": 32})],
        )
    assert [issue.path for issue in refusal.value.issues] == [
        "tenants[0].quota.accelerators.zhenwu-810e",
        "tenants[0].quota.accelerators.nvidia-h20",
        "models[0].accelerator",
        "models[1].parallel",
    ]

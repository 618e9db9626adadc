"""The arithmetic of a plan, on small centres."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from infra.catalogue import load
from infra.config import InvalidCenterError
from infra.config.load import parse
from infra.plan import CenterPlan, resolve
from infra.plan.resolve import host_share

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

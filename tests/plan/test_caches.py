"""How large a tenant's cache is, what is in it, and which services of the centre's own that takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.config.issues import InvalidCenterError
from infra.config.load import parse
from infra.plan import CenterPlan, resolve
from infra.quantity import parse as quantity
from tests.plan.centres import CATALOGUE, centers

DIGEST = f"sha256:{'0' * 64}"
GIB = 1024**3
SIZES = st.lists(st.integers(1, 40 * GIB), min_size=1, max_size=4)


@dataclass(frozen=True)
class Given:
    """One tenant of a local centre, whose models are of these sizes."""

    sizes: tuple[int | None, ...]
    cache: str | None = None
    source: str = "store:m"
    digest: str | None = DIGEST
    quota: str = "10Ti"

    def plan(self) -> CenterPlan:
        weights = {"digest": self.digest, "revision": None if self.source.startswith("store:") else "0" * 40}
        models = [
            {
                "name": f"m{index}",
                "tenant": "t",
                "source": self.source,
                "engine": "llama-cpp",
                "image": "registry.example.com/llama:1",
                "weights": weights | ({"size": str(size)} if size else {}),
                "resources": {"cpu": "1", "memory": "64Gi"},
            }
            for index, size in enumerate(self.sizes)
        ]
        quota: dict[str, Any] = {"storage": self.quota, "cpu": "100", "memory": "1Ti", "pods": 100}
        tenant = {"name": "t", "kind": "research", "group": "example:t", "modelCache": self.cache, "quota": quota}
        pools = [{"name": "general", "node": {"cpu": 64, "memory": "256Gi"}, "nodes": 20}]
        declared = {"name": "c", "cloud": {"kind": "local"}, "pools": pools, "tenants": [tenant], "models": models}
        return resolve(parse(declared), CATALOGUE)


def refused(given_: Given) -> str:
    with pytest.raises(InvalidCenterError) as refusal:
        given_.plan()
    return str(refusal.value)


@given(SIZES)
def test_a_cache_holds_all_weights_twice_and_less_than_a_gibibyte_more(sizes: list[int]) -> None:
    """New weights are fetched beside the ones that are served."""
    [cache] = Given(tuple(sizes)).plan().caches
    assert 0 <= quantity(cache.size) - 2 * sum(sizes) < GIB
    assert cache.models == tuple(f"m{index}" for index in range(len(sizes)))


@given(SIZES, st.integers(-GIB, GIB))
def test_a_declared_cache_is_taken_as_it_is_or_refused_by_what_it_must_hold(sizes: list[int], more: int) -> None:
    declared = max(1, sum(sizes) + more)
    chosen = Given(tuple(sizes), cache=str(declared))
    if declared >= sum(sizes):
        [cache] = chosen.plan().caches
        assert cache.size == str(declared)
    else:
        assert "tenants[0].modelCache" in refused(chosen)


@given(centers())
def test_without_a_digest_there_is_no_cache_and_no_service_for_one(center: Any) -> None:
    plan = resolve(center, CATALOGUE)
    assert (plan.caches, plan.own_store) == ((), False)
    assert not {"prefetch", "object-store"} & set(plan.images)


def test_weights_of_unknown_size_get_room_to_spare() -> None:
    [cache] = Given((GIB, None)).plan().caches
    assert cache.size == "500Gi"


def test_a_cache_beyond_the_tenant_s_quota_is_refused_with_both_figures() -> None:
    message = refused(Given((10 * GIB,), quota="19Gi"))
    assert "tenants[0].quota.storage" in message
    assert "20Gi" in message
    assert "19Gi" in message


def test_the_refused_cache_is_told_the_least_that_would_do() -> None:
    message = refused(Given((10 * GIB + 1,), cache="10Gi"))
    assert "11Gi" in message
    assert "the last model would find no room" in message


def test_a_store_runs_only_where_models_are_in_it() -> None:
    assert set(Given((GIB,)).plan().images) == {"prefetch", "object-store"}
    hub = Given((GIB,), source="example/m").plan()
    assert (set(hub.images), hub.own_store) == ({"prefetch"}, False)

"""What a model's replicas follow, and how long a request waits for the first of them."""

from __future__ import annotations

from typing import Any

import pytest

from infra.catalogue import load
from infra.config.load import parse
from infra.plan import CenterPlan, ModelPlan, resolve
from infra.plan.scaling import POLL_SECONDS, QUEUE_DEPTH

TENANT = {"name": "research", "kind": "research", "group": "g", "quota": {"accelerators": {"zhenwu-810e": 16}}}
POOLS = [
    {"name": "zhenwu", "instance": "sim.zhenwu-810e.16x", "nodes": 1},
    {"name": "general", "instance": "sim.general", "nodes": 1},
]
KEDA = {"kind": "local", "operators": ["keda"]}
EXISTING = {"kind": "existing", "kubeconfig": "~/.kube/config", "context": "c"}
DIGEST = "registry.example.com/vllm@sha256:" + "0123456789abcdef" * 4


def planned(cloud: dict[str, Any] = KEDA, pools: Any = None, gateway: str = "", **model: Any) -> CenterPlan:
    declared = {"name": "m", "tenant": "research", "source": "a/b", "accelerator": "zhenwu-810e", **model}
    return resolve(
        parse(
            {
                "name": "c",
                "cloud": cloud,
                "pools": pools or POOLS,
                "tenants": [TENANT],
                "models": [declared],
                "gateway": {"image": gateway} if gateway else {},
            }
        ),
        load(),
    )


def only(plan: CenterPlan) -> ModelPlan:
    [model] = plan.models
    return model


def test_a_fixed_number_of_replicas_is_left_alone() -> None:
    assert only(planned(replicas={"min": 2, "max": 2})).scaling is None


def test_without_keda_the_chart_scales_by_cpu() -> None:
    assert only(planned({"kind": "local"}, replicas={"min": 1, "max": 2})).scaling is None


@pytest.mark.parametrize("engine", sorted(QUEUE_DEPTH))
def test_each_engine_has_a_queue_depth_of_its_own(engine: str) -> None:
    on_cpu = {"accelerator": None, "image": DIGEST} if engine == "llama-cpp" else {"image": DIGEST}
    scaling = only(planned(engine=engine, replicas={"min": 0, "max": 2}, **on_cpu)).scaling
    assert scaling
    assert scaling.queue_depth == QUEUE_DEPTH[engine]  # type: ignore[index]  # the parameter is one of its keys
    assert scaling.ttft_seconds is None


def test_what_is_declared_wins() -> None:
    declared = {"queueDepth": 3, "ttftSeconds": 1.5, "idleSeconds": 90, "holdSeconds": 40}
    scaling = only(planned(replicas={"min": 0, "max": 2}, scaling=declared)).scaling
    assert scaling
    found = (scaling.queue_depth, scaling.ttft_seconds, scaling.idle_seconds, scaling.hold_seconds)
    assert found == (3, 1.5, 90, 40)


def test_a_request_is_held_for_twice_the_cold_start_and_the_poll() -> None:
    # 62.5 GB: 1,000 s over half a gigabit a second, then 125 s into memory at 500 MB/s.
    weights = {"size": 62_500_000_000}
    scaling = only(planned(replicas={"min": 0, "max": 2}, weights=weights)).scaling
    assert scaling
    assert scaling.hold_seconds == 2 * (500 + 125 + POLL_SECONDS)


def test_an_unknown_cold_start_has_a_bounded_hold() -> None:
    scaling = only(planned(replicas={"min": 0, "max": 2})).scaling
    assert scaling
    assert scaling.hold_seconds == 300


def test_a_plan_says_that_cpu_says_little_of_an_accelerator() -> None:
    node = {"cpu": 64, "memory": "512Gi", "accelerator": "zhenwu-810e", "accelerators": 16}
    pools = [{"name": "zhenwu", "node": node, "nodes": 1}]
    scales = {"replicas": {"min": 1, "max": 2}, "image": DIGEST}
    assert any("model m: without KEDA" in note for note in planned(EXISTING, pools, **scales).notes)
    keda = EXISTING | {"capabilities": ["keda"]}
    uncounted = planned(keda, pools, **scales)
    assert any("model m: without a gateway" in note for note in uncounted.notes)
    assert only(uncounted).scaling is None
    counted = planned(keda, pools, DIGEST, **scales)
    assert not any("model m: without" in note and "KEDA" in note for note in counted.notes)
    assert only(counted).scaling

"""What the number of a model's replicas follows: KEDA, where the cluster has it, else the use of CPU."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from infra import cron
from infra.config.clouds import Cloud, LocalCloud
from infra.config.fields import Engine
from infra.config.issues import Issue
from infra.config.models import Center, Model
from infra.config.scaling import Scaling, Schedule
from infra.plan import cold_start
from infra.plan.capabilities import has
from infra.plan.gateway import is_made
from infra.plan.model import ModelPlan, PoolPlan, ScalingPlan, SchedulePlan

POLL_SECONDS = 10
"""How often KEDA looks at the gateway."""
QUEUE_DEPTH: Mapping[Engine, int] = {"vllm": 64, "sglang": 64, "llama-cpp": 4}
"""Requests per replica that its engine batches well: vLLM and SGLang work on 256 at once and slow down long before,
llama.cpp's server has a few slots."""
_UNKNOWN_HOLD_SECONDS = 300
_LONGEST_HOLD_SECONDS = 3_600
_TO_HAVE_KEDA = {
    "local": "cloud.operators: [keda]",
    "existing": "keda among cloud.capabilities, once KEDA runs there",
}


def has_keda(cloud: Cloud) -> bool:
    """Whether the cluster serves KEDA's custom resources, by itself or by the centre's doing."""
    return has(cloud, "keda")


def follows_gateway(center: Center) -> bool:
    """Whether replicas follow what the gateway counts: KEDA scales by it, and there is one."""
    return has_keda(center.cloud) and is_made(center)


def check(center: Center) -> Iterator[Issue]:
    """Nothing is asked of KEDA where it does not run, nor of a model whose replicas are fixed."""
    keda, gateway = has_keda(center.cloud), is_made(center)
    lacking = "only for clusters with KEDA" if not keda else "only for centres with a gateway, which counts requests"
    to_have = _TO_HAVE_KEDA.get(center.cloud.kind, "keda among cloud.operators") if not keda else "gateway.image"
    for index, model in enumerate(center.models):
        path = f"models[{index}]"
        if model.replicas.min == 0 and not (keda and gateway):
            yield Issue(
                f"{path}.replicas.min",
                f"is {lacking}",
                0,
                allowed=f"1 or more; or {to_have}",
                consequence="nothing would start the model again when somebody asks for it",
            )
        elif model.scaling and not (keda and gateway):
            yield Issue(
                f"{path}.scaling",
                f"is {lacking}",
                allowed=f"nothing: replicas follow the use of CPU; or {to_have}",
                consequence="it would be ignored",
            )
        elif model.scaling and model.replicas.min == model.replicas.max:
            yield Issue(
                f"{path}.scaling",
                f"is not for a fixed number of replicas, {model.replicas.min}",
                allowed="nothing; or replicas.min below replicas.max",
                consequence="it would be ignored",
            )


def notes(center: Center) -> Iterator[str]:
    """Models on real accelerators whose replicas follow something that says little about them."""
    by_cpu = not isinstance(center.cloud, LocalCloud) and not follows_gateway(center)
    without = "a gateway" if has_keda(center.cloud) else "KEDA"
    for model in center.models if by_cpu else ():
        if model.replicas.min < model.replicas.max and model.accelerator:
            yield (
                f"model {model.name}: without {without} its replicas follow the use of CPU, the only measure that "
                "every cluster has, which says little about an accelerator's load; with KEDA and a gateway, its queue"
            )


def scaled(planned: ModelPlan, model: Model, center: Center, pools: Sequence[PoolPlan]) -> ModelPlan:
    """The model's plan with what KEDA is told of it, where KEDA chooses the number of its replicas."""
    if model.replicas.min == model.replicas.max or not follows_gateway(center):
        return planned
    declared = model.scaling or Scaling()
    return replace(
        planned,
        scaling=ScalingPlan(
            queue_depth=declared.queue_depth or QUEUE_DEPTH[model.engine],
            ttft_seconds=declared.ttft_seconds,
            idle_seconds=declared.idle_seconds,
            hold_seconds=declared.hold_seconds or default_hold_seconds(planned, pools),
            schedules=tuple(_scheduled(each) for each in declared.schedules),
        ),
    )


def _scheduled(declared: Schedule) -> SchedulePlan:
    hours = cron.open_hours_a_week(cron.windows(declared.start, declared.end))
    return SchedulePlan(declared.start, declared.end, declared.time_zone, declared.replicas, hours)


def default_hold_seconds(model: ModelPlan, pools: Sequence[PoolPlan]) -> int:
    """Twice what is known to pass until the first replica serves: downloads and loads vary."""
    total = cold_start.of(model, pools).total_seconds
    if total is None:
        return _UNKNOWN_HOLD_SECONDS
    return min(math.ceil(2 * (total + POLL_SECONDS)), _LONGEST_HOLD_SECONDS)

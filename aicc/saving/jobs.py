"""Training and batch jobs of a week: drawn so that each tenant's quota is used as much as its plan presumes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aicc.saving.week import HOUR, SECONDS
from infra.catalogue import Catalogue
from infra.plan.model import CenterPlan, ModelPlan, TenantPlan

DURATIONS_HOURS = (0.25, 0.5, 1, 2, 4, 8, 24)
_WORK = (*[1.0] * 9, *[3.0] * 9, *[1.0] * 6)
"""How likely a job is handed in, by the hour of a weekday."""
_WEEKEND = 0.5


@dataclass(frozen=True)
class Job:
    """One that takes accelerators of one node, and all that they can give."""

    tenant: str
    accelerator: str
    pieces: int
    arrival: float
    """Seconds since the week's start."""
    seconds: float
    """How long it runs at full speed."""
    deadline: float


@dataclass(frozen=True)
class _Source:
    """Where jobs come from."""

    tenant: str
    accelerator: str
    busy: float
    """Accelerators that its jobs keep busy, over the week."""
    slack_seconds: float


def quota_left(tenant: TenantPlan, models: Sequence[ModelPlan]) -> Mapping[str, int]:
    """Accelerators of its quota that its models never need, by kind."""
    left = dict(tenant.accelerators)
    for model in models:
        if model.tenant == tenant.name and model.accelerator:
            left[model.accelerator] -= model.max_replicas * model.accelerators_per_replica
    return {accelerator: count for accelerator, count in left.items() if count > 0}


def drawn(
    plan: CenterPlan, catalogue: Catalogue, slack_seconds: float, seed: int, first_minute: int = 0
) -> tuple[Job, ...]:
    """Every tenant's jobs, by arrival.

    `slack_seconds` is what one may be late, beyond its own length; `first_minute` that of the week, from Monday 00:00
    where people work, with which it starts.
    """
    week = [weight if day < 5 else weight * _WEEKEND for day in range(7) for weight in _WORK]
    first = first_minute // 60
    likely = (*week[first:], *week[:first])
    found = [
        job
        for tenant in plan.tenants
        for accelerator, left in quota_left(tenant, plan.models).items()
        for job in _of(
            random.Random(f"{seed}/{tenant.name}/{accelerator}"),  # noqa: S311  a simulation
            _Source(tenant.name, accelerator, plan.green.utilization * left, slack_seconds),
            _sizes(plan, catalogue, accelerator, left),
            likely,
        )
    ]
    return tuple(sorted(found, key=lambda job: (job.arrival, job.tenant, job.accelerator)))


def _sizes(plan: CenterPlan, catalogue: Catalogue, accelerator: str, left: int) -> list[int]:
    """How many accelerators a job may have: as many as the topology allows, and fit a node and the quota."""
    per_node = max(pool.accelerators_per_node for pool in plan.pools if pool.accelerator == accelerator)
    possible = catalogue.accelerators[accelerator].kubernetes.counts_per_pod
    return [size for size in possible if size <= min(per_node, left)]


def _of(chance: random.Random, source: _Source, sizes: Sequence[int], likely: Sequence[float]) -> Iterator[Job]:
    """Jobs of one quota; how likely one comes, by the hour."""
    if not sizes:
        return
    weights = [1 / size for size in sizes]
    pieces = sum(size * weight for size, weight in zip(sizes, weights, strict=True)) / sum(weights)
    seconds = HOUR * sum(DURATIONS_HOURS) / len(DURATIONS_HOURS)
    for _ in range(round(source.busy * SECONDS / (pieces * seconds))):
        hour = chance.choices(range(len(likely)), likely)[0]
        arrival, length = HOUR * (hour + chance.random()), HOUR * chance.choice(DURATIONS_HOURS)
        size = chance.choices(sizes, weights)[0]
        deadline = arrival + length + source.slack_seconds
        yield Job(source.tenant, source.accelerator, size, arrival, length, deadline)

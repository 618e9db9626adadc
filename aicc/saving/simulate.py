"""A week of a centre, minute by minute: its models, its jobs and its nodes, in one scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aicc.saving.jobs import Job
from aicc.saving.nodes import Fleet, PoolTally
from aicc.saving.power import PoolPower
from aicc.saving.queueing import Queue
from aicc.saving.serving import Server, Serving
from aicc.saving.traffic import Traffic
from aicc.saving.waits import Waits
from aicc.saving.week import SECONDS, STEP_SECONDS, STEPS
from infra.plan.model import PoolPlan

LONGEST_SECONDS = 5.0 * SECONDS
"""When jobs that have found no room are given up."""


@dataclass(frozen=True)
class Scenario:
    """What is simulated."""

    pools: Sequence[PoolPlan]
    """As they may grow and shrink."""
    serving: Sequence[Serving]
    packed: bool
    powers: Mapping[str, PoolPower]
    """By pool, under its cap."""


@dataclass(frozen=True)
class Work:
    """The jobs that come, whatever is saved."""

    jobs: Sequence[Job]
    quota: Mapping[tuple[str, str], int]
    """Accelerators that a tenant's jobs may hold at once, by tenant and kind."""
    ranks: Mapping[str, int]
    """Of tenants, by name; a model takes the place of lower ones' jobs."""


@dataclass(frozen=True)
class Outcome:
    """What became of it."""

    nodes: Mapping[str, PoolTally]
    """By pool with accelerators."""
    work_joules: Mapping[str, float]
    """By pool, what is drawn besides idle power."""
    reserved_seconds: float
    """Of accelerators, all together, within the week."""
    requests: int
    held: Waits
    """Requests that waited for a first replica."""
    refused: int
    """Of these, those whom the gateway gave up on."""
    longer: Waits
    """Answers that took longer under a cap."""
    finished: Mapping[int, float]
    """When each job was done, by its place among the jobs."""
    evicted: int
    """How often a job lost its place to a model, and began anew."""
    crowded: Mapping[str, int]
    """By model: minutes in which more was asked than its replicas can do; how those queue is not simulated."""


def simulate(scenario: Scenario, traffic: Traffic, work: Work) -> Outcome:
    """Go through the week, and on until its last job is done.

    A request's and a job's own energy counts in whole. Nodes' is counted apart for the week and, where their pool would
    shrink otherwise, for the jobs that end after it.
    """
    fleet = Fleet([pool for pool in scenario.pools if pool.accelerator], scenario.packed)
    queue = Queue(work.jobs, work.quota, fleet, scenario.powers, work.ranks)
    servers = [Server(serving, traffic, fleet, queue, scenario.powers) for serving in scenario.serving]
    reserved = 0.0
    for server in servers:
        server.begin()
    for step in range(STEPS):
        now = float(step * STEP_SECONDS)
        queue.step(now)
        for server in servers:
            server.step(step)
        fleet.retire(now)
        fleet.tally(STEP_SECONDS, in_week=True)
        reserved += STEP_SECONDS * (queue.reserved + sum(server.reserved for server in servers))
    for server in servers:
        server.end(SECONDS)
    now = float(SECONDS)
    while not queue.is_done and now < LONGEST_SECONDS:
        queue.step(now)
        fleet.retire(now)
        fleet.tally(STEP_SECONDS, in_week=False)
        now += STEP_SECONDS
    return _outcome(fleet, servers, queue, reserved)


def _outcome(fleet: Fleet, servers: Sequence[Server], queue: Queue, reserved: float) -> Outcome:
    work: dict[str, float] = dict(queue.work_joules)
    held, longer = Waits(), Waits()
    for server in servers:
        for pool, joules in server.work_joules.items():
            work[pool] = work.get(pool, 0.0) + joules
        for own, total in ((server.waits, held), (server.longer, longer)):
            for seconds, count in own.by_seconds.items():
                total.add(seconds, count)
    return Outcome(
        nodes=fleet.tallies,
        work_joules=work,
        reserved_seconds=reserved,
        requests=sum(sum(server.traffic.counts[server.serving.model.name]) for server in servers),
        held=held,
        refused=sum(server.refused for server in servers),
        longer=longer,
        finished=queue.finished,
        evicted=queue.evicted,
        crowded={server.serving.model.name: server.crowded_steps for server in servers if server.crowded_steps},
    )

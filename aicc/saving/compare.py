"""Every way of using less beside the same week without any: energy, carbon and money, and who waits for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aicc.saving import power
from aicc.saving.jobs import Job, quota_left
from aicc.saving.scenarios import Setting, Settings, Way, baseline, shrinking, together, ways
from aicc.saving.serving import UNKNOWN_COLD_START_SECONDS, Serving
from aicc.saving.simulate import LONGEST_SECONDS, Outcome, Scenario, Work, simulate
from aicc.saving.traffic import Traffic
from aicc.saving.waits import Waits
from aicc.saving.week import HOUR, SECONDS, replicas_by_step
from infra import priorities
from infra.catalogue import Catalogue
from infra.plan import cold_start, figures
from infra.plan.model import CenterPlan, ModelPlan, PoolPlan
from infra.plan.scaling import QUEUE_DEPTH, default_hold_seconds

_JOULES_PER_KWH = 3.6e6
_WEEK_HOURS = SECONDS / HOUR
AS_IS = "nothing saved"
ALL_ON = "all that is on"
EVERYTHING = "everything"


@dataclass(frozen=True)
class Assumed:
    """What no plan says."""

    request_seconds: float = 10.0
    """A request for text, at full speed."""
    embedding_seconds: float = 0.2
    cold_start_seconds: float = UNKNOWN_COLD_START_SECONDS
    """Of models whose weights are not declared."""
    time_zone: str = "UTC"
    """Of schedules that are not declared, and of the hours in which jobs are handed in."""


@dataclass(frozen=True)
class Used:
    """What the week takes."""

    kwh: float
    """At the meter, PUE included."""
    at_least: bool
    """Whether the power of some accelerators is unknown, and not in it."""
    kgco2e: float | None
    """None where the grid is unknown."""
    money: Mapping[str, float]
    """By currency, of nodes with accelerators that have a list price."""
    reserved_hours: float
    """Of accelerators that a model or a job holds."""
    empty_hours: float
    """Of nodes with accelerators that nothing is on, running or not."""


@dataclass(frozen=True)
class Delays:
    """Who waits, and how long."""

    requests: int
    held: Waits
    refused: int
    longer: Waits
    jobs: int
    later: Waits
    """Jobs that end later than without a saving."""
    sooner: int
    """Jobs that end before: another one is in the way at another time."""
    evicted: int
    """How often a job lost its place to a model, and began anew."""
    missed: int
    """Deadlines, that are not missed without a saving."""


@dataclass(frozen=True)
class Row:
    """One scenario."""

    name: str
    status: str
    """`on`, `what if`, or nothing for the baseline."""
    used: Used
    delays: Delays
    crowded: Mapping[str, int]


@dataclass(frozen=True)
class Table:
    """The same pools in every scenario; the first row is the baseline."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Comparison:
    """Everything that was simulated."""

    tables: tuple[Table, ...]
    ways: tuple[Way, ...]
    traffic: Traffic
    jobs: tuple[Job, ...]
    presumed: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class _Centre:
    plan: CenterPlan
    catalogue: Catalogue
    traffic: Traffic
    work: Work
    assumed: Assumed
    uncapped: Mapping[str, power.PoolPower]
    """By pool."""


def request_seconds(model: ModelPlan, assumed: Assumed) -> float:
    """How long a request to it takes."""
    return assumed.embedding_seconds if model.makes_embeddings else assumed.request_seconds


def queue_depth(model: ModelPlan) -> int:
    """Requests at once that a replica works on well."""
    return model.scaling.queue_depth if model.scaling else QUEUE_DEPTH[model.engine]  # type: ignore[index]


def busiest_rates(plan: CenterPlan, assumed: Assumed) -> dict[str, float]:
    """Requests per second at which the replicas that run all week are as busy as the plan presumes."""
    return {
        model.name: plan.green.utilization * baseline(model) * queue_depth(model) / request_seconds(model, assumed)
        for model in plan.models
    }


def compare(
    plan: CenterPlan, catalogue: Catalogue, traffic: Traffic, jobs: tuple[Job, ...], assumed: Assumed
) -> Comparison:
    """Simulate every way alone, those that are on, and all of them; with the pools as they are, and shrinking."""
    quota = {
        (tenant.name, accelerator): left
        for tenant in plan.tenants
        for accelerator, left in quota_left(tenant, plan.models).items()
    }
    work = Work(jobs, quota, {tenant.name: priorities.TENANTS[tenant.kind] for tenant in plan.tenants})
    uncapped = power.of(plan, catalogue, {}, power.Slowdown.MEASURED)
    centre = _Centre(plan, catalogue, traffic, work, assumed, uncapped)
    found = ways(plan, catalogue, assumed.time_zone)
    tables = [_table("With the pools as they are", centre, plan.pools, found)]
    if (smaller := shrinking(plan.pools)) != plan.pools:
        tables.append(_table("If nodes that are empty for ten minutes were turned off", centre, smaller, found))
    return Comparison(
        tuple(tables), found, traffic, jobs, tuple(_presumed(centre)), tuple(dict.fromkeys(_unknown(centre)))
    )


def _table(title: str, centre: _Centre, pools: Sequence[PoolPlan], found: Sequence[Way]) -> Table:
    alone = {way.name: (("on" if way.is_on else "what if"), way.settings) for way in found}
    on = [way for way in found if way.is_on]
    sets: dict[str, tuple[str, Settings]] = {AS_IS: ("", Settings()), **alone}
    if len(on) > 1:
        sets[ALL_ON] = ("on", together(on))
    counted = [way for way in found if way.settings.slowdown is power.Slowdown.MEASURED]
    if len(counted) > max(len(on), 1):
        sets[EVERYTHING] = ("what if", together(counted))
    outcomes = {name: _run(centre, pools, settings) for name, (_, settings) in sets.items()}
    as_is = outcomes[AS_IS]
    rows = (
        Row(
            name,
            sets[name][0],
            _used(centre, pools, outcome, as_is),
            _delays(centre.work.jobs, outcome, as_is),
            outcome.crowded,
        )
        for name, outcome in outcomes.items()
    )
    return Table(title, tuple(rows))


def _run(centre: _Centre, pools: Sequence[PoolPlan], settings: Settings) -> Outcome:
    powers = power.of(centre.plan, centre.catalogue, settings.caps, settings.slowdown)
    serving = [
        _serving(model, settings.models.get(model.name, Setting(baseline(model))), centre)
        for model in centre.plan.models
    ]
    return simulate(Scenario(pools, serving, settings.packed, powers), centre.traffic, centre.work)


def _serving(model: ModelPlan, setting: Setting, centre: _Centre) -> Serving:
    pools = centre.plan.pools
    cold = cold_start.of(model, pools).total_seconds
    return Serving(
        model=model,
        least=replicas_by_step(centre.traffic.week, setting.schedules, setting.least),
        idle_seconds=setting.idle_seconds,
        queue_depth=queue_depth(model),
        request_seconds=request_seconds(model, centre.assumed),
        cold_start_seconds=centre.assumed.cold_start_seconds if cold is None else cold,
        hold_seconds=model.scaling.hold_seconds if model.scaling else default_hold_seconds(model, pools),
    )


def _used(centre: _Centre, pools: Sequence[PoolPlan], outcome: Outcome, as_is: Outcome) -> Used:
    """Of the week; nodes that are on after it for jobs count by what they are on longer than without a saving."""
    plan, catalogue = centre.plan, centre.catalogue
    joules, money, empty = 0.0, dict[str, float](), 0.0
    for pool in pools:
        tally = outcome.nodes.get(pool.name)
        on_seconds = float(pool.nodes * SECONDS)
        if tally is not None:
            on_seconds = tally.on_seconds + tally.late_seconds - as_is.nodes[pool.name].late_seconds
        joules += on_seconds * centre.uncapped[pool.name].node_idle_watts + outcome.work_joules.get(pool.name, 0.0)
        if tally is None:
            continue
        empty += pool.nodes * _WEEK_HOURS - tally.used_seconds / HOUR
        price = figures.price(pool, plan.cloud, catalogue)
        if price is not None and price.value is not None:
            money[price.currency] = money.get(price.currency, 0.0) + price.value * on_seconds / HOUR
    kwh = joules / _JOULES_PER_KWH * (figures.pue(plan.green, plan.cloud, catalogue).value or 1.0)
    grid = figures.intensity(plan.green, plan.cloud, catalogue).gco2e_per_kwh
    at_least = any(centre.uncapped[pool.name].unknown for pool in pools)
    return Used(
        kwh, at_least, None if grid is None else kwh * grid / 1000, money, outcome.reserved_seconds / HOUR, empty
    )


def _delays(jobs: Sequence[Job], outcome: Outcome, as_is: Outcome) -> Delays:
    later, sooner, missed = Waits(), 0, 0
    for index, job in enumerate(jobs):
        done, before = (found.finished.get(index, LONGEST_SECONDS) for found in (outcome, as_is))
        if done != before:
            later.add(done - before)
            sooner += done < before
        missed += before <= job.deadline < done
    return Delays(
        requests=outcome.requests,
        held=outcome.held,
        refused=outcome.refused,
        longer=outcome.longer,
        jobs=len(jobs),
        later=later,
        sooner=sooner,
        evicted=outcome.evicted,
        missed=missed,
    )


def _presumed(centre: _Centre) -> Iterator[str]:
    plan, assumed = centre.plan, centre.assumed
    yield f"utilisation {plan.green.utilization:g} at a model's busiest hour, and of what quotas leave to jobs"
    yield (
        f"a request takes {assumed.request_seconds:g} s, an embedding {assumed.embedding_seconds:g} s; replicas work "
        "on as many at once as KEDA lets them before it adds one"
    )
    guessed = [model.name for model in plan.models if cold_start.of(model, plan.pools).total_seconds is None]
    if guessed:
        seconds = f"{assumed.cold_start_seconds:g} s"
        yield f"a cold start of {seconds}, which the plan does not know, for {', '.join(guessed)}"
    yield "busy accelerators draw their limit, which few do: what caps save is at most what is shown"
    capping = centre.catalogue.capping
    yield f"speed under a cap: {capping.confidence}, {capping.date}: {capping.source}"


def _unknown(centre: _Centre) -> Iterator[str]:
    plan, catalogue = centre.plan, centre.catalogue
    for found in centre.uncapped.values():
        if found.unknown:
            yield found.unknown
    if figures.pue(plan.green, plan.cloud, catalogue).value is None:
        yield "PUE: watts are the machines' alone"
    if figures.intensity(plan.green, plan.cloud, catalogue).gco2e_per_kwh is None:
        yield "carbon intensity of the grid"
    for pool in plan.pools:
        price = figures.price(pool, plan.cloud, catalogue) if pool.accelerator else None
        if pool.accelerator and (price is None or price.value is None):
            yield f"price of {pool.instance or pool.name}"

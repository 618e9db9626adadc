"""What is declared to use less, what each is expected to save, and what it may delay or cost; for people.

Where nothing honest can be said in figures, words say what it depends on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.catalogue import Catalogue
from infra.plan import CenterPlan, figures
from infra.plan.model import ModelPlan

_WEEK_HOURS = 168
SIMULATED = "benchmarks/green.md"
SIMULATE = "aicc saving"


@dataclass(frozen=True)
class Saving:
    """One way of using less."""

    what: str
    set_to: str
    saves: str
    delays: str


def savings(plan: CenterPlan, catalogue: Catalogue) -> tuple[Saving, ...]:
    """Every one that is declared; none is on by itself."""
    return (
        *_caps(plan, catalogue),
        *(found for model in plan.models for found in _schedules(model, plan, catalogue)),
        *_packing(plan, catalogue),
        *_shifting(plan),
    )


def _caps(plan: CenterPlan, catalogue: Catalogue) -> Iterator[Saving]:
    pue = figures.pue(plan.green, plan.cloud, catalogue).value or 1.0
    for pool in plan.pools:
        cap = pool.power_cap_watts
        free = figures.accelerator_watts(catalogue.accelerators[pool.accelerator]) if pool.accelerator else None
        if cap is None or free is None:
            continue
        watts = pool.accelerators * (free.peak - cap) * pue
        yield Saving(
            f"power cap of pool {pool.name}",
            f"{cap} W of {free.peak:g} W",
            f"up to {watts:,.0f} W while all of it is at its limit; below the cap nothing",
            f"work that reaches the cap takes longer; as measured on another chip: {SIMULATE}",
        )


def _schedules(model: ModelPlan, plan: CenterPlan, catalogue: Catalogue) -> Iterator[Saving]:
    """Against keeping the window's replicas all week."""
    for window in model.scaling.schedules if model.scaling else ():
        shut = _WEEK_HOURS - window.hours_per_week
        pieces = (window.replicas - model.min_replicas) * model.accelerators_per_replica
        yield Saving(
            f"schedule of model {model.name}",
            f"{window.replicas} replicas {window.hours_per_week:.0f} h a week, else {model.min_replicas}",
            f"{pieces} accelerators free {shut:.0f} h a week{_idle(model, pieces, shut, plan, catalogue)}",
            "a first request out of hours waits for the cold start",
        )


def _idle(model: ModelPlan, pieces: int, hours: float, plan: CenterPlan, catalogue: Catalogue) -> str:
    """Where the pool shrinks, its idle power is saved; else others may use what is free, and it draws idle power on."""
    pools = [pool for pool in plan.pools if pool.accelerator == model.accelerator]
    if model.accelerator is None or not any(pool.scales for pool in pools):
        return "; the pool keeps its nodes, which draw their idle power on"
    piece = figures.accelerator_watts(catalogue.accelerators[model.accelerator])
    if piece is None:
        return ""
    host = max(figures.host_watts(pool, catalogue).at(0) / pool.accelerators_per_node for pool in pools)
    pue = figures.pue(plan.green, plan.cloud, catalogue).value or 1.0
    kwh = pieces * (piece.idle + host) * pue * hours / 1000
    return f"; up to {kwh:,.0f} kWh a week of idle power, once the pool shrinks"


def _packing(plan: CenterPlan, catalogue: Catalogue) -> Iterator[Saving]:
    if not plan.saving.bin_packing:
        return
    pue = figures.pue(plan.green, plan.cloud, catalogue).value or 1.0
    idle = []
    for pool in plan.pools:
        piece = figures.accelerator_watts(catalogue.accelerators[pool.accelerator]) if pool.accelerator else None
        if piece:
            node = figures.host_watts(pool, catalogue).at(0) + pool.accelerators_per_node * piece.idle
            idle.append(f"{pool.name} {node * pue:,.0f} W")
    yield Saving(
        "bin packing",
        "nodes in use first",
        f"the idle power of each node that stays empty and is turned off: {', '.join(idle) or 'unknown'}",
        "no delay; a node that fails takes more of a model's replicas with it",
    )


def _shifting(plan: CenterPlan) -> Iterator[Saving]:
    if plan.shifter is None:
        return
    waits = [batch.deferrable.finish_within_hours for batch in plan.applications.batches if batch.deferrable]
    knows = "a forecast" if plan.shifter.forecast else "the grid's usual day"
    known = plan.shifter.forecast is not None or plan.shifter.profile_gco2e_per_kwh is not None
    yield Saving(
        "deferrable jobs",
        f"by {knows}; {len(plan.shifter.budgets)} tenants with a budget" if known else "nothing is known of the grid",
        f"carbon, not energy: by grid and slack, see {SIMULATED}" if known else "nothing: jobs run at once",
        f"{len(waits)} declared batches, up to {max(waits):g} h, and jobs that say so themselves; no deadline is missed"
        if waits
        else "jobs that say so themselves, up to their deadline",
    )

"""One round: every deferrable job is looked at once, and released, held or interrupted. Pure: it says what to write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from . import jobs
from .config import Budget
from .forecast import HOUR, Forecast
from .jobs import Job, MisdeclaredError
from .policy import Decision, decide

DAY = 24 * HOUR
Act = Literal["release", "interrupt", "note", "nothing"]


@dataclass(frozen=True)
class Step:
    """What becomes of one job in this round."""

    job: Job
    act: Act
    reason: str
    slack_seconds: float
    """Until it must run without a break."""
    annotations: Mapping[str, str | None]
    avoided_gco2e: float = 0.0
    over_budget: bool = False


@dataclass(frozen=True)
class Misdeclared:
    """A job that cannot be understood: it is released, as nobody may wait for ever."""

    obj: Mapping[str, Any]
    problem: str


@dataclass
class Round:
    """Everything that one round found."""

    steps: list[Step] = field(default_factory=list)
    misdeclared: list[Misdeclared] = field(default_factory=list)
    missed: Counter[str] = field(default_factory=Counter)
    """Jobs of a tenant that are late, or ended late today."""


def plan(
    objects: Iterable[Mapping[str, Any]], now: float, forecast: Forecast | None, budgets: Mapping[str, Budget]
) -> Round:
    """Decide about every deferrable Job. The most urgent come first, so that a budget goes to them."""
    found, waiting = Round(), []
    spent: dict[str, tuple[float, float]] = {}
    for obj in objects:
        try:
            done = jobs.ended(obj)
            job = jobs.read(obj)
        except MisdeclaredError as error:
            if jobs.ended(obj) is None and obj["spec"].get("suspend"):
                found.misdeclared.append(Misdeclared(obj, str(error)))
            continue
        if (done if done is not None else now) > job.deadline and (done is None or now - done < DAY):
            found.missed[job.tenant] += 1
        if job.released is not None and job.released // DAY == now // DAY:
            _spend(spent, job, forecast.mean(job.released, HOUR) if forecast else 0.0)
        if done is None:
            waiting.append(job)
    for job in sorted(waiting, key=lambda each: (each.work(now).last_moment, each.namespace, each.name)):
        found.steps.append(_step(job, now, forecast, budgets.get(job.tenant), spent))
    return found


def _step(
    job: Job, now: float, forecast: Forecast | None, budget: Budget | None, spent: dict[str, tuple[float, float]]
) -> Step:
    work = job.work(now)
    decision = decide(work, now, forecast)
    slack = work.last_moment - now
    baseline = job.baseline_gco2e_per_kwh or decision.now_gco2e_per_kwh
    notes: dict[str, str | None] = {}
    if baseline is not None and jobs.BASELINE not in job.noted:
        notes[jobs.BASELINE] = f"{baseline:.3f}"
    if job.running:
        if decision.run:
            return Step(job, "nothing", "runs", slack, {})
        ran = 0.0 if job.started is None else max(now - job.started - work.resume_seconds, 0.0)
        notes |= {
            jobs.WORKED_SECONDS: f"{job.worked_seconds + ran:.0f}",
            jobs.REASON: jobs.INTERRUPTED,
            jobs.PLANNED_UNTIL: jobs.written(decision.starts),
        }
        return Step(job, "interrupt", jobs.INTERRUPTED, slack, notes)
    over = _over(job, decision, budget, spent.get(job.tenant, (0.0, 0.0)))
    # A deadline comes before a budget, also where no forecast says that the deadline is the reason.
    if not decision.run or (over and slack > 0 and decision.reason != "deadline"):
        starts = decision.starts if not over else max(decision.starts, (now // DAY + 1) * DAY)
        reason = "budget" if over else job.noted.get(jobs.REASON, "waits") if job.released is not None else "waits"
        notes |= {jobs.REASON: reason, jobs.PLANNED_UNTIL: jobs.written(starts)}
        changed = {name: value for name, value in notes.items() if job.noted.get(name) != value}
        return Step(job, "note", reason, slack, changed)
    notes |= {jobs.REASON: decision.reason, jobs.PLANNED_UNTIL: None}
    first = job.released is None
    if first:
        notes[jobs.RELEASED] = jobs.written(now)
        _spend(spent, job, decision.planned_gco2e_per_kwh or 0.0)
    avoided = 0.0
    if first and baseline is not None and decision.planned_gco2e_per_kwh is not None:
        avoided = (job.expected_kwh or 0.0) * (baseline - decision.planned_gco2e_per_kwh)
    return Step(job, "release", decision.reason, slack, notes, avoided, over_budget=over)


def _spend(spent: dict[str, tuple[float, float]], job: Job, gco2e_per_kwh: float) -> None:
    kwh, grams = spent.get(job.tenant, (0.0, 0.0))
    spent[job.tenant] = (kwh + (job.expected_kwh or 0.0), grams + (job.expected_kwh or 0.0) * gco2e_per_kwh)


def _over(job: Job, decision: Decision, budget: Budget | None, spent: tuple[float, float]) -> bool:
    """Whether the job would exceed what its tenant's may use today; one that says nothing of its energy cannot."""
    if budget is None or job.released is not None or not job.expected_kwh:
        return False
    kwh = spent[0] + job.expected_kwh
    grams = spent[1] + job.expected_kwh * (decision.planned_gco2e_per_kwh or 0.0)
    return (budget.kwh_per_day is not None and kwh > budget.kwh_per_day) or (
        budget.kgco2e_per_day is not None and grams > 1000 * budget.kgco2e_per_day
    )

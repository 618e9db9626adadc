"""When a job should run: pure, so that what is simulated is what runs.

A deadline comes before carbon: once a job must run without a break to be done in time, it runs. Before that, a job that
may not be interrupted starts in the hour from which its whole run emits least; one that may be runs in the hours that
emit least together, and each interruption costs the work that it throws away. Waiting must be worth it (`WORTH`): a
grid without variation delays nobody.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .forecast import HOUR, Forecast

WORTH = 0.02
"""A job waits, or is interrupted, only where that is expected to save this part of what it still emits."""

_DIGITS = 6
"""Hours that emit the same must cost the same: the earlier one is taken."""

Reason = Literal["low-carbon", "waits", "deadline", "no-forecast", "no-gain"]


@dataclass(frozen=True)
class Work:
    """What is left of a job."""

    remaining_seconds: float
    """As expected."""
    deadline: float
    """Seconds since 1970; less whatever margin is kept."""
    interruptible: bool = False
    resume_seconds: float = 0.0
    """Work that an interruption throws away, such as the time since the last checkpoint."""
    begun: bool = False
    running: bool = False

    @property
    def resume_cost_seconds(self) -> float:
        """What is to be done again if it runs from now on."""
        return self.resume_seconds if self.begun and not self.running else 0.0

    @property
    def latest_start(self) -> float:
        """From then on it must run without a break; seconds since 1970."""
        return self.deadline - self.remaining_seconds - self.resume_cost_seconds

    @property
    def last_moment(self) -> float:
        """The latest start; of a job that runs, when it may be interrupted for the last time and still be resumed."""
        return self.latest_start - (self.resume_seconds if self.running else 0.0)


@dataclass(frozen=True)
class Decision:
    """What a job should do now."""

    run: bool
    reason: Reason
    starts: float
    """When it is expected to run next: now, or later; seconds since 1970."""
    planned_gco2e_per_kwh: float | None
    """Of what is left, in the hours that it is expected to run in; None where nothing is known."""
    now_gco2e_per_kwh: float | None
    """Of what is left, if it ran from now on without a break."""


def decide(work: Work, now: float, forecast: Forecast | None) -> Decision:
    """Say whether a job should run now. A job that may not be interrupted, and runs, runs on."""
    if forecast is None:
        return Decision(run=True, reason="no-forecast", starts=now, planned_gco2e_per_kwh=None, now_gco2e_per_kwh=None)
    at_once = _at_once(work, now, forecast)

    def now_because(reason: Reason) -> Decision:
        return Decision(run=True, reason=reason, starts=now, planned_gco2e_per_kwh=at_once, now_gco2e_per_kwh=at_once)

    if now >= work.last_moment or work.remaining_seconds <= 0:
        return now_because("deadline")
    if work.running and not work.interruptible:
        return now_because("low-carbon")
    starts, planned = _in_pieces(work, now, forecast) if work.interruptible else _in_one(work, now, forecast)
    if starts > now and planned > at_once * (1 - WORTH):
        return now_because("no-gain")
    if starts <= now:
        return now_because("low-carbon")
    return Decision(run=False, reason="waits", starts=starts, planned_gco2e_per_kwh=planned, now_gco2e_per_kwh=at_once)


def _at_once(work: Work, now: float, forecast: Forecast) -> float:
    """Intensity if it runs from now on without a break; what it does again is shared out over what is left."""
    useful = max(work.remaining_seconds, 1.0)
    spent = useful + work.resume_cost_seconds
    return forecast.mean(now, spent) * spent / useful


def _in_one(work: Work, now: float, forecast: Forecast) -> tuple[float, float]:
    """The start, now or at a full hour, from which the whole run emits least; and its mean intensity."""
    seconds = max(work.remaining_seconds, 1.0)
    first = (math.floor(now / HOUR) + 1) * HOUR
    last = math.floor(work.latest_start / HOUR) * HOUR
    starts = [now, *range(first, last + 1, HOUR)]
    means = [round(forecast.mean(start, seconds), _DIGITS) for start in starts]
    best = min(range(len(starts)), key=means.__getitem__)
    return starts[best], means[best]


def _in_pieces(work: Work, now: float, forecast: Forecast) -> tuple[float, float]:
    """The next start of a run in pieces that emits least, and its mean intensity per hour of what is left."""
    slots = math.floor((work.last_moment + work.remaining_seconds - now) / HOUR)
    needed = max(1, math.ceil(work.remaining_seconds / HOUR))
    if needed >= slots:
        return now, forecast.mean(now, max(work.remaining_seconds, 1.0))
    costs = [round(forecast.mean(now + HOUR * slot, HOUR), _DIGITS) for slot in range(slots)]
    chosen, cost = cheapest(costs, needed, work.resume_seconds / HOUR, running=work.running, begun=work.begun)
    return now + HOUR * chosen[0], cost / needed


def cheapest(
    costs: Sequence[float], needed: int, resume_hours: float, *, running: bool, begun: bool
) -> tuple[tuple[int, ...], float]:
    """Choose `needed` of the slots so that they cost least, and what they cost.

    Each run after the first does `resume_hours` of work again, at the price of its first slot; the first does too
    where the job has begun and does not run. 0 < needed <= len(costs).
    """
    if resume_hours == 0:
        chosen = sorted(sorted(range(len(costs)), key=costs.__getitem__)[:needed])
        return tuple(chosen), sum(costs[slot] for slot in chosen)
    return _with_resumptions(costs, needed, resume_hours, running=running, begun=begun)


def _with_resumptions(
    costs: Sequence[float], needed: int, resume_hours: float, *, running: bool, begun: bool
) -> tuple[tuple[int, ...], float]:
    """Dynamic programming, from the last slot to the first, over (slots left to run, whether the one before ran)."""
    never = math.inf
    # The least that it costs to run so many slots from here on, where the one before ran, and where it rested.
    after_run, after_rest = [0.0] + [never] * needed, [0.0] + [never] * needed
    choices: list[tuple[list[bool], list[bool]]] = []
    for cost in reversed(costs):
        resumed = cost * (1 + resume_hours)
        runs_on, resumes = [False] * (needed + 1), [False] * (needed + 1)
        next_run, next_rest = [0.0] * (needed + 1), [0.0] * (needed + 1)
        for left in range(1, needed + 1):
            rest = after_rest[left]
            run_on = after_run[left - 1] + cost
            # The first start of a job that has not begun throws nothing away.
            resume = run_on if left == needed and not begun else after_run[left - 1] + resumed
            runs_on[left], resumes[left] = run_on <= rest, resume <= rest
            next_run[left] = run_on if run_on <= rest else rest
            next_rest[left] = resume if resume <= rest else rest
        after_run, after_rest = next_run, next_rest
        choices.append((runs_on, resumes))
    chosen: list[int] = []
    ran, left = running, needed
    for slot, (runs_on, resumes) in enumerate(reversed(choices)):
        ran = (runs_on if ran else resumes)[left]
        chosen += [slot] if ran else []
        left -= ran
    return tuple(chosen), (after_run if running else after_rest)[needed]

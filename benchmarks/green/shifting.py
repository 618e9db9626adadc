"""Jobs that may wait, on a trace of the grid: what each policy emits, delays, and which deadlines it misses.

The policy is the shifter's own (`images/shifter`), asked as the shifter asks it: at every full hour, and when the last
moment has come to start. Every job draws 1 kW.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.green.traces import Trace
from images.shifter.shifter.forecast import DAY_HOURS, HOUR, Forecast, from_profile
from images.shifter.shifter.margin import margin_seconds
from images.shifter.shifter.policy import Work, cheapest, decide

DURATIONS_HOURS = (1, 2, 4, 8, 12, 24)
RESUME_SECONDS = 360
"""What an interruption throws away: six minutes, as if a checkpoint were written every twelve."""
RECENT_DAYS = 7
FORECAST_ERROR = 0.05
"""Standard deviation of a forecast's error, of the year's mean; as in Let's Wait Awhile."""
QUANTILE = 0.3
"""Suspend-resume runs while the intensity is among this part of the last week's hours."""

Knowledge = Callable[[float], Forecast]
"""What is known of the grid at a moment."""


@dataclass(frozen=True)
class Job:
    """A job that may wait."""

    arrival: float
    """Seconds since 1970."""
    seconds: float
    slack_seconds: float

    @property
    def deadline(self) -> float:
        """When it must be done, seconds since 1970."""
        return self.arrival + self.seconds + self.slack_seconds


@dataclass(frozen=True)
class Run:
    """What became of a job."""

    gco2e: float
    done: float
    """Seconds since 1970."""
    interruptions: int = 0


@dataclass(frozen=True)
class Result:
    """A policy over all jobs."""

    policy: str
    saved: float
    """Part of what the jobs emit when each runs at once."""
    mean_delay_hours: float
    longest_delay_hours: float
    missed: int
    interruptions: float
    """A job."""


Policy = Callable[[Job], Run]


def jobs(trace: Trace, slack_hours: float, count: int, seed: int) -> list[Job]:
    """Jobs that come at any time of the trace, after the first week, and whose deadlines are in it."""
    chance = random.Random(seed)  # noqa: S311  a simulation
    drawn = []
    for _ in range(count):
        seconds = HOUR * chance.choice(DURATIONS_HOURS)
        last = trace.actual.end - HOUR * (max(DURATIONS_HOURS) + 48 + 1)
        arrival = chance.uniform(trace.actual.start + RECENT_DAYS * DAY_HOURS * HOUR, last)
        drawn.append(Job(arrival, seconds, slack_hours * HOUR))
    return drawn


def compare(trace: Trace, before: Trace | None, slack_hours: float, count: int, seed: int) -> list[Result]:
    """Every policy on the same jobs; `before` is an earlier trace of the grid, from which a profile is made."""
    work = jobs(trace, slack_hours, count, seed)
    baseline = [at_once(trace)(job) for job in work]
    return [_result(name, policy, work, baseline) for name, policy in policies(trace, before, seed).items()]


def policies(trace: Trace, before: Trace | None, seed: int) -> dict[str, Policy]:
    """By name; ours by what it knows of the grid, and whether it may interrupt."""
    knowledge: dict[str, Knowledge] = {
        "last week's hours": _recent(trace),
        "forecast, 5 % error": _forecast(trace, seed),
    }
    if before is not None:
        knowledge = {"earlier year's profile": _profile(before), **knowledge}
    ours = {
        f"ours, {kind}; {name}": shifted(trace, known, interruptible=kind == "in pieces")
        for kind in ("in one", "in pieces")
        for name, known in knowledge.items()
    }
    return {
        "at once": at_once(trace),
        "suspend-resume by threshold": by_threshold(trace),
        **ours,
        "oracle, in one": oracle(trace, interruptible=False),
        "oracle, in pieces": oracle(trace, interruptible=True),
    }


def at_once(trace: Trace) -> Policy:
    """Carbon-agnostic: the baseline."""

    def run(job: Job) -> Run:
        return Run(_emitted(trace, job.arrival, job.seconds), job.arrival + job.seconds)

    return run


def shifted(trace: Trace, known: Knowledge, *, interruptible: bool) -> Policy:
    """The shifter's policy, with its margin."""

    def wanted(work: Work, now: float) -> bool:
        return decide(work, now, known(now)).run

    return _stepped(trace, wanted, interruptible=interruptible)


def by_threshold(trace: Trace) -> Policy:
    """Suspend-resume: no forecast; runs while the intensity is low for the last week, and when it must."""
    values, start = trace.actual.gco2e_per_kwh, trace.actual.start

    def wanted(work: Work, now: float) -> bool:
        hour = math.floor((now - start) / HOUR)
        week = sorted(values[hour - RECENT_DAYS * DAY_HOURS : hour])
        return now >= work.last_moment or values[hour] <= week[int(QUANTILE * len(week))]

    return _stepped(trace, wanted, interruptible=True)


def oracle(trace: Trace, *, interruptible: bool) -> Policy:
    """The least that any policy can emit in whole hours from a job's arrival, knowing everything; no margin."""

    def run(job: Job) -> Run:
        slots = math.floor((job.deadline - job.arrival) / HOUR)
        costs = [trace.actual.mean(job.arrival + HOUR * slot, HOUR) for slot in range(slots)]
        needed = math.ceil(job.seconds / HOUR)
        if interruptible:
            chosen, cost = cheapest(costs, needed, RESUME_SECONDS / HOUR, running=False, begun=False)
            return Run(cost, job.arrival + HOUR * (chosen[-1] + 1))
        starts = range(slots - needed + 1)
        best = min(starts, key=lambda first: sum(costs[first : first + needed]))
        return Run(sum(costs[best : best + needed]), job.arrival + HOUR * (best + needed))

    return run


def _stepped(trace: Trace, wanted: Callable[[Work, float], bool], *, interruptible: bool) -> Policy:
    """Runs a job as `wanted` says, asked at every full hour and at its latest start; the shifter's margin is kept."""

    def run(job: Job) -> Run:
        now, left, redo, gco2e = job.arrival, job.seconds, 0.0, 0.0
        begun = running = False
        interruptions = 0
        while left > 0:
            deadline = job.deadline - margin_seconds(left)
            work = Work(left + redo, deadline, interruptible, RESUME_SECONDS, begun, running)
            following = (math.floor(now / HOUR) + 1) * HOUR
            if wanted(work, now) or (running and not interruptible):
                redo += work.resume_cost_seconds
                begun = running = True
                spent = min(left + redo, following - now)
                gco2e += _emitted(trace, now, spent)
                again = min(redo, spent)
                redo, left, now = redo - again, left - (spent - again), now + spent
            else:
                interruptions += running
                running = False
                now = min(following, work.last_moment) if work.last_moment > now else following
        return Run(gco2e, now, interruptions)

    return run


def _emitted(trace: Trace, start: float, seconds: float) -> float:
    return trace.actual.mean(start, seconds) * seconds / HOUR


def _profile(before: Trace) -> Knowledge:
    profile = before.profile()
    return lambda now: from_profile(profile, now, 2 * DAY_HOURS)


def _recent(trace: Trace) -> Knowledge:
    """The mean of each hour of the day over the last week."""
    values, start = trace.actual.gco2e_per_kwh, trace.actual.start
    cached: dict[int, Forecast] = {}

    def known(now: float) -> Forecast:
        hour = math.floor((now - start) / HOUR)
        if hour not in cached:
            firsts = range(hour - DAY_HOURS * RECENT_DAYS, hour, DAY_HOURS)
            days = [values[first : first + DAY_HOURS] for first in firsts]
            mean = tuple(sum(day[step] for day in days) / len(days) for step in range(DAY_HOURS))
            cached[hour] = Forecast(start + HOUR * hour, mean)
        return cached[hour]

    return known


def _forecast(trace: Trace, seed: int) -> Knowledge:
    """What will be, each hour with an error of its own."""
    chance = random.Random(seed)  # noqa: S311  a simulation
    spread = FORECAST_ERROR * trace.mean_gco2e_per_kwh
    told = tuple(max(value + chance.gauss(0, spread), 1.0) for value in trace.actual.gco2e_per_kwh)
    whole = Forecast(trace.actual.start, told)
    return lambda _: whole


def _result(name: str, policy: Policy, work: Sequence[Job], baseline: Sequence[Run]) -> Result:
    runs = [policy(job) for job in work]
    delays = [(run.done - job.arrival - job.seconds) / HOUR for run, job in zip(runs, work, strict=True)]
    return Result(
        name,
        1 - sum(run.gco2e for run in runs) / sum(run.gco2e for run in baseline),
        statistics.fmean(delays),
        max(delays),
        sum(run.done > job.deadline + 1 for run, job in zip(runs, work, strict=True)),
        statistics.fmean(run.interruptions for run in runs),
    )

"""The week that is simulated, in steps of a minute, and when a schedule's windows are open in it."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from infra import cron
from infra.plan.model import SchedulePlan

STEP_SECONDS = 60
STEPS = 7 * 24 * 60
SECONDS = STEPS * STEP_SECONDS
HOUR = 3_600
_A_WEEK = datetime(2024, 1, 8)
"""A Monday of the year whose windows `cron` gives, with a week before it from which one may still be open."""


@dataclass(frozen=True)
class Week:
    """Seven days."""

    start: datetime | None = None
    """Of a recorded week; None: Monday, 00:00, wherever a schedule's time zone is."""

    def first_minute(self, time_zone: str) -> int:
        """The minute of the week, from Monday 00:00 in a time zone, with which it starts."""
        if self.start is None:
            return 0
        local = self.start.astimezone(zoneinfo.ZoneInfo(time_zone))
        return (local.weekday() * 24 + local.hour) * 60 + local.minute


@cache
def open_minutes(start: str, end: str) -> tuple[bool, ...]:
    """For each minute of a week from Monday 00:00, local time, whether the window is open."""
    found = [False] * STEPS
    for window in cron.windows(start, end):
        first, last = ((moment - _A_WEEK) // timedelta(minutes=1) for moment in (window.start, window.end))
        for minute in range(max(first, 0), min(last, STEPS)):
            found[minute] = True
    return tuple(found)


def replicas_by_step(week: Week, schedules: tuple[SchedulePlan, ...], otherwise: int) -> tuple[int, ...]:
    """How many replicas run at least, at each step of the week."""
    least = [otherwise] * STEPS
    for window in schedules:
        first, is_open = week.first_minute(window.time_zone), open_minutes(window.start, window.end)
        for step in range(STEPS):
            if is_open[(first + step) % STEPS]:
                least[step] = max(least[step], window.replicas)
    return tuple(least)

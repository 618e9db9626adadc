"""Cron expressions as KEDA reads them, and the windows that a start and an end open: minute, hour, day, month, weekday.

KEDA's cron scaler holds a window open exactly while the next end comes before the next start
(pkg/scalers/cron_scaler.go of 2.21); so two ends in a row open a window that nobody asked for. That is found here.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Self

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIRST = datetime(2024, 1, 1)
"""Local time, of whatever zone; a Monday, of a leap year."""
_YEAR_DAYS = 366
_WEEK_HOURS = 168


class CronError(ValueError):
    """An expression, or a pair of them, that opens no windows; says why."""


@dataclass(frozen=True)
class Cron:
    """When something happens, in local time."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    every_day: bool
    """Whether the day of the month is open (`*`)."""
    every_weekday: bool
    day_fields: str
    """Day, month and weekday, as written."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read five fields.

        Raises CronError.
        """
        fields = text.split()
        if len(fields) != 5:
            raise CronError(f"has {len(fields)} fields, not five: minute, hour, day, month, weekday")
        minute, hour, day, month, weekday = fields
        return cls(
            _field(minute, "minute", 0, 59),
            _field(hour, "hour", 0, 23),
            _field(day, "day", 1, 31),
            _field(month, "month", 1, 12, _MONTHS),
            _field(weekday, "weekday", 0, 6, _DAYS),
            every_day=day in "*?",
            every_weekday=weekday in "*?",
            day_fields=f"{day} {month} {weekday}",
        )

    def times(self) -> Iterator[datetime]:
        """Every time in a year, in order."""
        clock = sorted((hour, minute) for hour in self.hours for minute in self.minutes)
        for step in range(_YEAR_DAYS):
            day = _FIRST + timedelta(days=step)
            if self._is_on(day):
                yield from (day.replace(hour=hour, minute=minute) for hour, minute in clock)

    def _is_on(self, day: datetime) -> bool:
        """Either day field suffices where both say something; that is cron's rule."""
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        both = self.every_day or self.every_weekday
        return (by_day and by_weekday if both else by_day or by_weekday) and day.month in self.months


@dataclass(frozen=True)
class Window:
    """From when to when, in local time."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        """How long it is open."""
        return (self.end - self.start) / timedelta(hours=1)


def windows(start: str, end: str) -> list[Window]:
    """Every window of a year.

    Raises CronError where an expression cannot be read, never comes, or start and end do not take turns.
    """
    opens, closes = Cron.parse(start), Cron.parse(end)
    marked = heapq.merge(((time, False) for time in opens.times()), ((time, True) for time in closes.times()))
    events: list[tuple[datetime, bool]] = []
    for time, kinds in groupby(marked, key=lambda event: event[0]):
        ends = [is_end for _, is_end in kinds]
        if len(ends) > 1:
            raise CronError(f"starts and ends at the same time, {_told(time)}")
        if events and events[-1][1] == ends[0]:
            raise CronError(_twice(events[-1][0], time, is_end=ends[0]))
        events.append((time, ends[0]))
    found = [Window(first, second) for (first, is_end), (second, _) in pairwise(events) if not is_end]
    if not found:
        raise CronError("never opens a window")
    longest = max(found, key=lambda window: window.hours)
    same_days = opens.day_fields == closes.day_fields
    if same_days and longest.hours > 24:
        raise CronError(
            f"ends before it starts: on the same days ({opens.day_fields}), so that it is open from "
            f"{_told(longest.start)} to {_told(longest.end)}, {longest.hours:g} hours"
        )
    return found


def open_hours_a_week(found: list[Window]) -> float:
    """How long a year's windows are open, per week."""
    return sum(window.hours for window in found) / (_YEAR_DAYS * 24) * _WEEK_HOURS


def overlap(first: list[Window], second: list[Window]) -> str | None:
    """Say when windows of two schedules are open together for the first time; None where they never are."""
    every = sorted((*first, *second), key=lambda window: window.start)
    for earlier, later in pairwise(every):
        if later.start < earlier.end:
            return _told(later.start)
    return None


def _twice(first: datetime, second: datetime, *, is_end: bool) -> str:
    if is_end:
        return f"ends twice without a start between, {_told(first)} and {_told(second)}; KEDA would hold it open there"
    return f"starts twice without an end between, {_told(first)} and {_told(second)}; KEDA would keep it shut there"


def _told(time: datetime) -> str:
    return f"{time:%A %H:%M}"


def _field(text: str, name: str, least: int, most: int, words: tuple[str, ...] = ()) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            low, high = least, most
        else:
            low = _number(first, name, least, most, words)
            high = _number(last, name, least, most, words) if dash else (most if step else low)
        width = _number(step, "step", 1, most, ()) if step or "/" in part else 1
        if low > high:
            raise CronError(f"has {part} in its {name}, which ends before it begins")
        found |= set(range(low, high + 1, width))
    return frozenset(found)


def _number(text: str, name: str, least: int, most: int, words: tuple[str, ...]) -> int:
    if text.lower() in words:
        return words.index(text.lower()) + least
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise CronError(f"has {text or 'nothing'} for its {name}; allowed: {least} to {most}")
    return int(text)

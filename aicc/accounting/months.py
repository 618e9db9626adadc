"""Calendar months in UTC, cut into hours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

HOUR_SECONDS = 3_600
Hour = int
"""Of a bucket: when it begins, in seconds since 1970, on the full hour."""


class MonthError(ValueError):
    """Text that names no month, or a month that has not begun."""


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month, UTC."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read `YYYY-MM`. Raises MonthError."""
        found = re.fullmatch(r"(\d{4})-(\d{2})", text)
        if not found or not 1 <= int(found[2]) <= 12 or int(found[1]) < 1970:
            raise MonthError(f"{text!r} is not a month: YYYY-MM, such as 2026-11")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def start(self) -> int:
        """Its first second, since 1970."""
        return int(datetime(self.year, self.number, 1, tzinfo=UTC).timestamp())

    @property
    def end(self) -> int:
        """The first second of the next month."""
        year, number = (self.year + 1, 1) if self.number == 12 else (self.year, self.number + 1)
        return int(datetime(year, number, 1, tzinfo=UTC).timestamp())

    def period(self, now: float) -> Period:
        """The part of it that is over. Raises MonthError where it has not begun."""
        if now <= self.start:
            raise MonthError(f"{self} has not begun: nothing was used in it yet")
        return Period(self.start, min(self.end, int(now)))


@dataclass(frozen=True)
class Period:
    """A stretch of time, cut at full hours: its first and its last bucket may be shorter than an hour."""

    start: int
    until: int
    """The first second after it."""

    @property
    def hours(self) -> Iterator[Hour]:
        """Every bucket, in order."""
        return iter(range(hour_of(self.start), self.until, HOUR_SECONDS))

    def seconds(self, hour: Hour) -> int:
        """How much of the bucket lies in the period."""
        return max(0, min(hour + HOUR_SECONDS, self.until) - max(hour, self.start))

    def since(self, start: int) -> Period:
        """The part of it from `start` on."""
        return Period(min(max(self.start, start), self.until), self.until)


def hour_of(second: float) -> Hour:
    """The bucket that a moment lies in."""
    return int(second // HOUR_SECONDS) * HOUR_SECONDS


def day_of(second: float) -> date:
    """The day that a moment lies in, UTC."""
    return datetime.fromtimestamp(second, UTC).date()


def moment(second: float) -> str:
    """A moment as people read it: `2026-11-27 16:05 UTC`."""
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M} UTC"

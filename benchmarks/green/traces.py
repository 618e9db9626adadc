"""Grid intensity by the hour, from a CSV file of the user's own or of a published collection."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from images.shifter.shifter.forecast import DAY_HOURS, HOUR, Forecast, believable

TIME_COLUMNS = ("Datetime (UTC)", "Time", "timestamp", "datetime", "time")
INTENSITY_COLUMNS = (
    "Carbon Intensity gCO₂eq/kWh (LCA)",
    "Carbon Intensity",
    "carbon_intensity",
    "gco2e_per_kwh",
    "avg_CI",
)
LONGEST_GAP_HOURS = 6


class TraceError(Exception):
    """A file that is no trace: which, where and why."""


@dataclass(frozen=True)
class Trace:
    """Intensity by the hour, without a gap."""

    name: str
    actual: Forecast
    filled_hours: int
    """Hours that the file does not have, and that were given the value of the hour before."""

    @property
    def mean_gco2e_per_kwh(self) -> float:
        """Over the whole trace."""
        return sum(self.actual.gco2e_per_kwh) / len(self.actual.gco2e_per_kwh)

    @property
    def window(self) -> str:
        """First and last day, UTC."""
        first, last = (datetime.fromtimestamp(end, UTC) for end in (self.actual.start, self.actual.end - 1))
        return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"

    @property
    def daily_swing(self) -> float:
        """Mean over the days of (highest - lowest) / mean hour: what there is to gain within a day."""
        values = self.actual.gco2e_per_kwh
        days = [values[first : first + DAY_HOURS] for first in range(0, len(values) - DAY_HOURS + 1, DAY_HOURS)]
        return sum((max(day) - min(day)) * len(day) / sum(day) for day in days) / len(days)

    def profile(self) -> tuple[float, ...]:
        """The mean of each hour of the day, UTC."""
        hours: list[list[float]] = [[] for _ in range(DAY_HOURS)]
        for step, value in enumerate(self.actual.gco2e_per_kwh):
            hours[(self.actual.start // HOUR + step) % DAY_HOURS].append(value)
        return tuple(sum(hour) / len(hour) for hour in hours)


def read(path: Path, name: str, column: str | None = None) -> Trace:
    """Read a CSV file with a time (UTC, ISO 8601) and an intensity (gCO2e/kWh); several rows an hour are averaged.

    Raises TraceError, naming the row, for anything that is not a time or an intensity, and for a longer gap.
    """
    sums: dict[int, tuple[float, int]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        fields = rows.fieldnames or []
        time_column = _column(path, fields, TIME_COLUMNS, None)
        value_column = _column(path, fields, INTENSITY_COLUMNS, column)
        for number, row in enumerate(rows, start=2):
            hour, value = _row(path, number, row[time_column], row[value_column])
            total, count = sums.get(hour, (0.0, 0))
            sums[hour] = (total + value, count + 1)
    if len(sums) < 2 * DAY_HOURS:
        raise TraceError(f"{path}: has {len(sums)} hours; two days or more are needed")
    return _without_gaps(path, name, {hour: total / count for hour, (total, count) in sums.items()})


def _column(path: Path, fields: object, known: tuple[str, ...], asked: str | None) -> str:
    names = [str(field) for field in fields] if isinstance(fields, list) else []
    for name in (asked,) if asked else known:
        if name in names:
            return name
    raise TraceError(f"{path}: has no column {asked or ' or '.join(known)}; it has {', '.join(names)}")


def _row(path: Path, number: int, time: str, value: str) -> tuple[int, float]:
    try:
        moment = datetime.fromisoformat(time)
        intensity = float(value)
    except (ValueError, TypeError) as error:
        raise TraceError(f"{path}:{number}: {error}") from error
    if not believable(intensity):
        raise TraceError(f"{path}:{number}: {value} gCO2e/kWh is nothing that a grid emits")
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return math.floor(utc.timestamp() / HOUR) * HOUR, intensity


def _without_gaps(path: Path, name: str, hours: dict[int, float]) -> Trace:
    first, last = min(hours), max(hours)
    values: list[float] = []
    gap = filled = 0
    for hour in range(first, last + 1, HOUR):
        gap = 0 if hour in hours else gap + 1
        filled += hour not in hours
        if gap > LONGEST_GAP_HOURS:
            until = datetime.fromtimestamp(hour, UTC)
            raise TraceError(f"{path}: lacks more than {LONGEST_GAP_HOURS} hours up to {until}")
        values.append(hours[hour] if hour in hours else values[-1])
    return Trace(name, Forecast(first, tuple(values)), filled)

"""Rates of requests from a CSV file: a column `time`, and one for each model, in requests per second.

The first seven days are used. Rows are equally far apart, a minute to an hour; a time without an offset is UTC.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aicc.errors import AiccError
from aicc.saving.traffic import Traffic, drawn
from aicc.saving.week import STEP_SECONDS, Week
from infra.config.issues import closest

_TIME = "time"
_STEPS_SECONDS = tuple(STEP_SECONDS * minutes for minutes in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60))
_WEEK = timedelta(days=7)
_MOST = 1e6
"""Requests per second and model; more is a mistake, such as a rate per day."""


class TraceError(AiccError):
    """A file that is no trace of requests: where, and why."""


def read(path: Path, models: Sequence[str], seed: int) -> Traffic:
    """The week's requests, drawn at the rates in the file.

    Raises TraceError, naming the row, for the first thing that is wrong with it.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            _head(path, list(rows.fieldnames or ()), models)
            times, rates = _rows(path, rows, models)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TraceError(f"{path}: cannot be read: {error}") from error
    step = times[1] - times[0]
    needed = int(_WEEK / step)
    if len(times) < needed:
        raise TraceError(
            f"{path}: covers {step * len(times)}, from {times[0]}",
            hint=f"seven days are needed: {needed} rows of {step}",
        )
    source = f"{path.name}, {times[0]:%Y-%m-%d} to {times[0] + _WEEK - step:%Y-%m-%d}"
    return drawn({model: found[:needed] for model, found in rates.items()}, seed, Week(times[0]), source)


def _head(path: Path, found: Sequence[str], models: Sequence[str]) -> None:
    form = f"a column `{_TIME}`, and one for each model: {', '.join(models)}"
    if not found:
        raise TraceError(f"{path}: is empty", hint=form)
    if len(set(found)) < len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise TraceError(f"{path}:1: has column {twice!r} twice", hint=form)
    for name in found:
        if name not in {_TIME, *models}:
            near = closest(name, [_TIME, *models])
            raise TraceError(f"{path}:1: column {name!r} is no model", hint=f"did you mean: {near}" if near else form)
    for name in (_TIME, *models):
        if name not in found:
            raise TraceError(f"{path}:1: has no column {name!r}", hint=form)


def _rows(
    path: Path, rows: csv.DictReader[str], models: Sequence[str]
) -> tuple[list[datetime], dict[str, list[float]]]:
    times: list[datetime] = []
    rates: dict[str, list[float]] = {model: [] for model in models}
    for row in rows:
        place = f"{path}:{rows.line_num}"
        time = _time(place, row.get(_TIME))
        _follows(place, time, times)
        times.append(time)
        for model, rate in _rates(place, row, models):
            rates[model].append(rate)
    if len(times) < 2:
        raise TraceError(f"{path}: has {len(times)} rows of rates", hint="seven days are needed")
    return times, rates


def _follows(place: str, time: datetime, before: Sequence[datetime]) -> None:
    """Rows are in order and equally far apart: a gap would be taken for a quiet hour."""
    if not before:
        return
    if time <= before[-1]:
        raise TraceError(f"{place}: {time} is not after the row before it, {before[-1]}", hint="rows must be in order")
    step = time - before[-1]
    if len(before) == 1 and step.total_seconds() not in _STEPS_SECONDS:
        allowed = ", ".join(str(seconds // 60) for seconds in _STEPS_SECONDS)
        raise TraceError(f"{place}: rows are {step} apart", hint=f"allowed, in minutes: {allowed}")
    if len(before) > 1 and step != before[1] - before[0]:
        raise TraceError(
            f"{place}: {time} is {step} after the row before it, and the others are {before[1] - before[0]} apart",
            hint="fill the gap with the rates that were, or with 0 where nobody asked",
        )


def _time(place: str, text: str | None) -> datetime:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError as error:
        raise TraceError(f"{place}: {text!r} is no time", hint="such as 2026-11-23T08:00:00Z") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _rates(place: str, row: dict[str, str | None], models: Sequence[str]) -> Iterator[tuple[str, float]]:
    for model in models:
        text = row.get(model)
        try:
            rate = float(text or "")
        except ValueError as error:
            raise TraceError(f"{place}: {model} is {text!r}, which is no rate", hint="requests per second") from error
        if not (math.isfinite(rate) and 0 <= rate <= _MOST):
            raise TraceError(f"{place}: {model} is {text}", hint=f"requests per second: 0 to {_MOST:,.0f}")
        yield model, rate

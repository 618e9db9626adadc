"""Traces of the grid: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.green.traces import TraceError, read


def written(folder: Path, *rows: str, header: str = "time,carbon_intensity") -> Path:
    path = folder / "trace.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def days(count: int, step_minutes: int = 60) -> list[str]:
    steps = range(0, count * 24 * 60, step_minutes)
    return [f"2025-01-{1 + m // 1440:02}T{m // 60 % 24:02}:{m % 60:02},{100 + m // 60 % 24}" for m in steps]


@pytest.mark.parametrize("step_minutes", [60, 30, 15])
def test_finer_steps_become_hours(tmp_path: Path, step_minutes: int) -> None:
    trace = read(written(tmp_path, *days(3, step_minutes)), "X")
    assert trace.actual.gco2e_per_kwh[:3] == (100, 101, 102)
    assert len(trace.actual.gco2e_per_kwh) == 72
    assert trace.window == "2025-01-01 to 2025-01-03"
    assert trace.profile() == tuple(range(100, 124))
    assert trace.filled_hours == 0


def test_published_headers_are_known(tmp_path: Path) -> None:
    rows = [row.replace(",", ",1,") for row in days(2)]
    header = "Datetime (UTC),Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh (LCA)"
    assert read(written(tmp_path, *rows, header=header), "X").actual.gco2e_per_kwh[1] == 101
    direct = read(written(tmp_path, *rows, header=header), "X", "Carbon Intensity gCO₂eq/kWh (direct)")
    assert direct.mean_gco2e_per_kwh == 1


def test_a_time_zone_is_heeded(tmp_path: Path) -> None:
    rows = [row.replace(",", "+08:00,") for row in days(2)]
    assert read(written(tmp_path, *rows), "X").actual.start % 86_400 == 16 * 3_600


def test_a_short_gap_is_filled_and_counted(tmp_path: Path) -> None:
    rows = days(3)
    del rows[10:13]
    trace = read(written(tmp_path, *rows), "X")
    assert trace.filled_hours == 3
    assert trace.actual.gco2e_per_kwh[9:14] == (109, 109, 109, 109, 113)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (days(1), "two days or more"),
        (["2025-01-01T00:00,-3"], r"trace\.csv:2: -3 gCO2e/kWh is nothing that a grid emits"),
        (["2025-01-01T00:00,nan"], "nan gCO2e/kWh"),
        (["2025-01-01T00:00,100", "2025-01-01T01:00,"], r"trace\.csv:3: could not convert"),
        (["tomorrow,100"], r"trace\.csv:2: Invalid isoformat"),
        ([*days(2), "2025-01-09T00:00,100"], "lacks more than 6 hours"),
    ],
)
def test_what_is_no_trace_is_refused_by_row(tmp_path: Path, rows: list[str], problem: str) -> None:
    with pytest.raises(TraceError, match=problem):
        read(written(tmp_path, *rows), "X")


def test_an_unknown_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="has no column watts; it has time, carbon_intensity"):
        read(written(tmp_path, *days(2)), "X", "watts")

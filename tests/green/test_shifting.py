"""The simulation: its order of policies is what it must be, on a grid whose best hours are known."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchmarks.green.__main__ import main
from benchmarks.green.shifting import compare
from benchmarks.green.traces import Trace
from images.shifter.shifter.forecast import HOUR, Forecast

MONDAY = 1_735_516_800
SOLAR = Trace(
    "solar",
    Forecast(MONDAY, tuple(300 - 200 * max(math.sin((hour % 24 - 6) / 12 * math.pi), 0) for hour in range(24 * 30))),
    0,
)
FLAT = Trace("flat", Forecast(MONDAY, (500.0,) * 24 * 30), 0)


@pytest.mark.parametrize("slack", [6, 24])
def test_ours_saves_more_than_none_and_never_more_than_the_oracle(slack: int) -> None:
    results = {result.policy: result for result in compare(SOLAR, SOLAR, slack, 40, 1)}
    assert results["at once"].saved == 0
    assert all(result.missed == 0 for result in results.values())
    assert all(result.longest_delay_hours <= slack + 1e-6 for result in results.values())
    for kind in ("in one", "in pieces"):
        for name, result in results.items():
            if name.startswith(f"ours, {kind}"):
                assert result.saved > 0.02
                # The oracle starts in whole hours from a job's arrival, ours at those of the clock too.
                assert result.saved <= results[f"oracle, {kind}"].saved + 0.01
    assert results["ours, in pieces; earlier year's profile"].saved > results["suspend-resume by threshold"].saved


def test_on_a_flat_grid_ours_delays_nobody() -> None:
    for result in compare(FLAT, FLAT, 24, 30, 1):
        if "profile" in result.policy or "last week" in result.policy:
            assert (result.mean_delay_hours, result.missed) == (pytest.approx(0), 0)
        assert result.saved == pytest.approx(0, abs=0.02)


def test_the_same_seed_gives_the_same_figures() -> None:
    assert compare(SOLAR, None, 6, 10, 3) == compare(SOLAR, None, 6, 10, 3)
    assert compare(SOLAR, None, 6, 10, 3) != compare(SOLAR, None, 6, 10, 4)


def test_a_user_runs_it_on_a_trace_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hours = enumerate(SOLAR.actual.gco2e_per_kwh[: 24 * 20])
    rows = [f"2025-01-{1 + hour // 24:02}T{hour % 24:02}:00,{value:.1f}" for hour, value in hours]
    path = tmp_path / "own.csv"
    path.write_text("\n".join(["time,gco2e_per_kwh", *rows]), encoding="utf-8")
    assert main(["--trace", f"Own={path}", "--slack", "12", "--jobs", "5"]) == 0
    printed = capsys.readouterr().out
    assert "### Own, 2025-01-01 to 2025-01-20" in printed
    assert "| ours, in one; last week's hours |" in printed
    assert "profile" not in printed, "no earlier year was given"
    assert main(["--trace", f"Own={tmp_path / 'nowhere.csv'}"]) == 2
    assert "nowhere.csv" in capsys.readouterr().err


def test_hours_are_hours() -> None:
    assert SOLAR.actual.end - SOLAR.actual.start == 30 * 24 * HOUR
    assert SOLAR.daily_swing > 0.5

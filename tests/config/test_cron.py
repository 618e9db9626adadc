"""Cron as KEDA reads it: windows, and pairs that open none, or others than are meant."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cron import Cron, CronError, open_hours_a_week, overlap, windows


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("0 8 * * *", "0 20 * * *", 84),
        ("0 20 * * *", "0 6 * * *", 70),
        ("0 8 * * 1-5", "0 20 * * MON-FRI", 60),
        ("30 8 * * 1,3,5", "0 9 * * 1,3,5", 1.5),
        ("0 8 * * 1", "0 18 * * 5", 106),
        ("0 */6 * * *", "0 3-23/6 * * *", 84),
    ],
)
def test_hours_a_week(start: str, end: str, hours: float) -> None:
    assert open_hours_a_week(windows(start, end)) == pytest.approx(hours, rel=0.01)


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        ("0 8 * *", "0 20 * * *", "has 4 fields"),
        ("0 24 * * *", "0 20 * * *", "has 24 for its hour; allowed: 0 to 23"),
        ("0 8 * * 7", "0 20 * * *", "has 7 for its weekday; allowed: 0 to 6"),
        ("0 8 * * fri-mon", "0 20 * * *", "ends before it begins"),
        ("0 8/0 * * *", "0 20 * * *", "has 0 for its step"),
        ("0 8 * * *", "0 8 * * *", "starts and ends at the same time"),
        ("0 8 31 2 *", "0 20 * * *", "ends twice"),
        ("0 8 31 2 *", "0 20 31 2 *", "never opens a window"),
        ("0 8 * * *", "0 20 * * 1-5", "starts twice"),
        ("0 8 * * 1-5", "0 6 * * 1-5", "ends before it starts"),
        ("x 8 * * *", "0 20 * * *", "has x for its minute"),
        ("0 , * * *", "0 20 * * *", "has nothing for its hour"),
    ],
)
def test_what_opens_no_window_that_is_meant_is_refused(start: str, end: str, problem: str) -> None:
    with pytest.raises(CronError, match=problem):
        windows(start, end)


def test_either_day_field_suffices_where_both_say_something() -> None:
    days = {time.strftime("%a %d") for time in Cron.parse("0 8 1 1 mon").times()}
    assert days == {"Mon 01", "Mon 08", "Mon 15", "Mon 22", "Mon 29"}
    assert len(list(Cron.parse("0 8 1 * mon").times())) > 52


def test_overlap_is_found_and_touching_is_none() -> None:
    day, evening = windows("0 8 * * *", "0 18 * * *"), windows("0 18 * * *", "0 22 * * *")
    assert overlap(day, evening) is None
    assert overlap(day, windows("59 17 * * 3", "0 19 * * 3")) == "Wednesday 17:59"


@given(st.integers(0, 23), st.integers(0, 23), st.integers(0, 59))
@settings(max_examples=50, deadline=None)
def test_a_daily_window_is_open_until_its_end_each_day(start: int, end: int, minute: int) -> None:
    if start == end:
        return
    found = windows(f"{minute} {start} * * *", f"{minute} {end} * * *")
    assert {window.end - window.start for window in found} == {timedelta(hours=(end - start) % 24)}
    assert len(found) >= 364

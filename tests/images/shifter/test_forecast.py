"""What is known of the grid, and what is not believed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.shifter.shifter.forecast import HOUR, Forecast, believable, from_feed, from_profile

INTENSITIES = st.lists(st.floats(1, 1500), min_size=1, max_size=60).map(tuple)


def slowly(forecast: Forecast, start: float, seconds: float) -> float:
    """The mean of a span, minute by minute."""
    known = len(forecast.gco2e_per_kwh)
    span = min(24, known)
    values = []
    for minute in range(round(seconds / 60)):
        index = math.floor((start + 60 * minute + 30 - forecast.start) / HOUR)
        values.append(forecast.gco2e_per_kwh[max(index, 0) if index < known else known - span + (index - known) % span])
    return sum(values) / len(values)


@given(INTENSITIES, st.integers(-300, 6000), st.integers(1, 3000))
def test_the_mean_of_any_span_is_that_of_its_minutes(values: tuple[float, ...], start: int, minutes: int) -> None:
    forecast = Forecast(1_000 * HOUR, values)
    begin = forecast.start + 60 * start
    assert forecast.mean(begin, 60 * minutes) == pytest.approx(slowly(forecast, begin, 60 * minutes), rel=1e-6)


def test_a_profile_begins_with_the_hour_of_now() -> None:
    forecast = from_profile(range(100, 124), 5 * HOUR + 1800, 30)
    assert forecast.start == 5 * HOUR
    assert forecast.gco2e_per_kwh[:3] == (105, 106, 107)
    assert forecast.gco2e_per_kwh[19] == 100
    assert len(forecast.gco2e_per_kwh) == 30


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, -math.inf, 261_000, 2_001])
def test_what_no_grid_emits_is_not_believed(value: float) -> None:
    assert not believable(value)
    hours = {HOUR * step: 100.0 for step in range(5)}
    assert from_feed(hours | {0: value}, 0) is None
    cut = from_feed(hours | {3 * HOUR: value}, 0)
    assert cut is not None
    assert cut.gco2e_per_kwh == (100, 100, 100)


def test_a_feed_begins_now_and_ends_at_a_gap() -> None:
    hours = {0: 1.0, HOUR: 2.0, 2 * HOUR: 3.0, 4 * HOUR: 9.0}
    assert from_feed(hours, 1.5 * HOUR) == Forecast(HOUR, (2.0, 3.0))


@pytest.mark.parametrize("now", [2 * HOUR, 100 * HOUR, -HOUR])
def test_a_feed_without_the_hours_ahead_is_stale(now: int) -> None:
    assert from_feed({0: 1.0, HOUR: 2.0, 2 * HOUR: 3.0}, now) is None

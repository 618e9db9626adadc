import math
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aicc.accounting.coverage import FILL_LIMIT_HOURS, Coverage, coverage
from aicc.accounting.months import HOUR_SECONDS, Month, Period

START = Month(2026, 11).start
STEP = 30


def at(hours: float) -> int:
    return START + int(hours * HOUR_SECONDS)


def beats(*stretches: tuple[float, float], step: float = STEP) -> list[float]:
    """Evaluations through stretches of hours."""
    return [
        moment
        for begin, end in stretches
        for index in range(int((end - begin) * HOUR_SECONDS / step))
        if (moment := at(begin) + (index + 1) * step)
    ]


def seen(hours: float, *stretches: tuple[float, float], step: float = STEP) -> Coverage:
    period = Period(START, at(hours))
    return coverage(beats(*stretches, step=step), period, period)


def watt_hours(found: Coverage, rate: dict[int, float], method: str = "measured") -> dict[str, float]:
    result = {"measured": 0.0, "estimated": 0.0}
    for _, known_by, value in found.spread(rate, method):
        assert value is not None
        result[known_by] += value
    return result


def constant(value: float, hours: Iterable[float]) -> dict[int, float]:
    return {at(hour): value for hour in hours}


@pytest.mark.parametrize("step", [15, 30, 60, 300])
def test_a_watched_period_is_covered_whatever_the_interval(step: int) -> None:
    found = seen(48, (0, 48), step=step)
    assert found.watched_hours == pytest.approx(48)
    assert watt_hours(found, constant(1_000, range(48))) == pytest.approx({"measured": 48_000, "estimated": 0})


def test_an_interval_that_changes_on_another_day_is_no_gap() -> None:
    period = Period(START, at(48))
    changed = beats((0, 24), step=15) + beats((24, 48), step=60)
    assert coverage(changed, period, period).watched_hours == pytest.approx(48)


def test_one_missed_evaluation_is_no_gap_and_three_are() -> None:
    period, every = Period(START, at(2)), beats((0, 2))
    assert coverage(every[:50] + every[51:], period, period).watched_hours == pytest.approx(2)
    assert coverage(every[:50] + every[53:], period, period).watched_hours == pytest.approx(2 - 3 * STEP / 3_600)


def test_the_unwatched_share_of_an_hour_is_filled_and_estimated() -> None:
    found = seen(1, (0, 0.75))
    assert watt_hours(found, constant(1_000, [0])) == pytest.approx({"measured": 750, "estimated": 250})


def test_what_is_estimated_stays_estimated() -> None:
    assert watt_hours(seen(1, (0, 1)), constant(1_000, [0]), "estimated")["measured"] == 0


def test_a_gap_up_to_the_limit_is_filled_from_both_sides() -> None:
    found = seen(8, (0, 1), (7, 8))
    filled = watt_hours(found, {at(0): 1_000, at(7): 2_000})
    assert found.unknown_hours == 0
    assert found.filled_hours == pytest.approx(FILL_LIMIT_HOURS)
    assert filled == pytest.approx({"measured": 3_000, "estimated": 6 * 1_500})


def test_a_longer_gap_is_unknown_and_counted() -> None:
    found = seen(9, (0, 1), (8, 9))
    assert found.unknown_hours == 7
    assert watt_hours(found, constant(1_000, range(9)))["estimated"] == 0


def test_a_gap_at_the_periods_start_is_as_long_as_it_is_outside() -> None:
    period, searched = Period(at(6), at(12)), Period(START, at(12))
    short = coverage(beats((0, 4), (8, 12)), period, searched)
    long = coverage(beats((8, 12)), period, searched)
    assert (short.unknown_hours, long.unknown_hours) == (0, 2)


def test_what_is_not_over_yet_is_no_gap() -> None:
    assert seen(10.5, (0, 10)).unknown_hours == 0


def test_a_clock_that_jumps_gives_neither_more_time_nor_an_error() -> None:
    period, every = Period(START, at(24)), beats((0, 24))
    jumped = every[1_000:1_400] + every + [moment + 7 for moment in every[200:300]] + every[::-1]
    assert coverage(jumped, period, period).watched_hours == pytest.approx(24)


def test_two_lone_heartbeats_do_not_stand_for_the_time_between() -> None:
    period = Period(START, at(24))
    assert coverage([at(1), at(20)], period, period).watched_hours < 0.2


def test_without_any_heartbeat_all_is_unknown() -> None:
    found = seen(24)
    assert (found.watched_hours, found.filled_hours, found.unknown_hours) == (0, 0, 24)


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_a_rate_that_cannot_be_true_is_unknown_and_never_a_number(value: float) -> None:
    quantities = [quantity for _, _, quantity in seen(2, (0, 2)).spread({at(0): value, at(1): 5.0}, "measured")]
    assert quantities == [None, pytest.approx(5.0)]


rates = st.dictionaries(
    st.integers(0, 47).map(at),
    st.one_of(st.floats(0, 1e9), st.floats(), st.just(-5.0)),
    max_size=48,
)
stretches = st.lists(st.tuples(st.integers(0, 96), st.integers(1, 40)), max_size=6)


def _beats(pieces: list[tuple[int, int]]) -> list[float]:
    return beats(*((begin / 2, min(48, (begin + length) / 2)) for begin, length in pieces if begin < 96), step=300)


@settings(max_examples=40)
@given(stretches, rates)
def test_whatever_is_recorded_time_adds_up_and_nothing_is_negative(
    pieces: list[tuple[int, int]], rate: dict[int, float]
) -> None:
    period = Period(START, at(48))
    found = coverage(_beats(pieces), period, period)
    assert found.watched_hours + found.filled_hours + found.unknown_hours == pytest.approx(48)
    assert all(value is None or value > 0 for _, _, value in found.spread(rate, "measured"))


@settings(max_examples=40)
@given(stretches, stretches)
def test_gaps_never_reduce_energy_below_the_covered_part(
    pieces: list[tuple[int, int]], gaps: list[tuple[int, int]]
) -> None:
    period, rate = Period(START, at(48)), constant(1_000, range(48))
    every = _beats(pieces)
    lost = [(at(begin / 2), at((begin + length) / 2)) for begin, length in gaps]
    left = [moment for moment in every if not any(begin < moment <= end for begin, end in lost)]
    found = coverage(left, period, period)
    energy = watt_hours(found, rate)
    assert energy["measured"] == pytest.approx(1_000 * found.watched_hours)
    assert sum(energy.values()) == pytest.approx(1_000 * (48 - found.unknown_hours))


@settings(max_examples=40)
@given(stretches, rates, st.integers(1, 95))
def test_the_parts_of_a_period_add_up_to_it(pieces: list[tuple[int, int]], rate: dict[int, float], cut: int) -> None:
    searched, every = Period(START, at(48)), _beats(pieces)
    bounds = ((START, at(48)), (START, at(cut / 2)), (at(cut / 2), at(48)))
    whole, first, second = (
        sum(value or 0.0 for _, _, value in coverage(every, Period(*each), searched).spread(rate, "measured"))
        for each in bounds
    )
    assert first + second == pytest.approx(whole, rel=1e-9)

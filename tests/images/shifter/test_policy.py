"""The policy: deadlines before carbon, and no wait that gains nothing."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from images.shifter.shifter.forecast import HOUR, Forecast
from images.shifter.shifter.policy import WORTH, Work, cheapest, decide

SOLAR = Forecast(0, tuple([300.0] * 10 + [100.0] * 4 + [300.0] * 10) * 3)
"""Clean from 10 to 14 o'clock."""
COSTS = st.lists(st.integers(1, 900).map(float), min_size=1, max_size=9)


def work(hours: float, deadline_hours: float, **changes: float | bool) -> Work:
    return Work(HOUR * hours, HOUR * deadline_hours, **changes)  # type: ignore[arg-type]


def test_a_job_waits_for_the_clean_hours() -> None:
    decision = decide(work(4, 24), 0, SOLAR)
    assert (decision.run, decision.reason, decision.starts) == (False, "waits", 10 * HOUR)
    assert (decision.planned_gco2e_per_kwh, decision.now_gco2e_per_kwh) == (100, 300)
    assert decide(work(4, 24), 10 * HOUR, SOLAR).run


def test_of_two_starts_that_emit_the_same_it_takes_the_earlier() -> None:
    assert decide(work(2, 48), 0, SOLAR).starts == 10 * HOUR


def test_of_hours_that_emit_the_same_the_earlier_is_taken_whenever_it_is_asked() -> None:
    """Sums of the same numbers differ in their last digits."""
    uneven = Forecast(0, tuple([310.1] * 10 + [100.3] * 4 + [310.1] * 10) * 3)
    assert decide(work(7, 70, interruptible=True), 1234.5, uneven).starts == 1234.5 + 10 * HOUR


def test_the_deadline_comes_before_carbon() -> None:
    decision = decide(work(4, 9), 5 * HOUR, SOLAR)
    assert (decision.run, decision.reason) == (True, "deadline")
    assert decide(work(4, 9), 8 * HOUR, SOLAR).run, "late already"


@pytest.mark.parametrize("interruptible", [False, True])
def test_on_a_grid_without_variation_nobody_waits(interruptible: bool) -> None:
    decision = decide(work(4, 40, interruptible=interruptible), 0, Forecast(0, (500.0,) * 48))
    assert (decision.run, decision.reason) == (True, "low-carbon")


def test_what_is_not_worth_it_is_not_waited_for() -> None:
    almost = Forecast(0, (500.0,) * 5 + (500 * (1 - WORTH / 2),) * 5)
    assert decide(work(2, 20), 0, almost).reason == "no-gain"
    assert not decide(work(2, 20), 0, Forecast(0, (500.0,) * 5 + (500 * (1 - WORTH * 2),) * 5)).run


def test_without_a_forecast_a_job_runs_at_once() -> None:
    decision = decide(work(4, 40), 0, None)
    assert (decision.run, decision.reason, decision.planned_gco2e_per_kwh) == (True, "no-forecast", None)


def test_a_running_job_is_stopped_only_where_it_may_be() -> None:
    assert decide(work(8, 48, running=True, begun=True), 14 * HOUR, SOLAR).run
    stopped = decide(work(4, 48, running=True, begun=True, interruptible=True), 14 * HOUR, SOLAR)
    assert (stopped.run, stopped.starts) == (False, 34 * HOUR)


def test_an_interruption_that_costs_more_than_it_saves_is_not_made() -> None:
    given_up = work(1, 48, running=True, begun=True, interruptible=True, resume_seconds=3 * HOUR)
    assert decide(given_up, 14 * HOUR, SOLAR).run


def test_one_that_takes_longer_than_expected_is_never_stopped() -> None:
    assert decide(work(0, 48, running=True, begun=True, interruptible=True), 14 * HOUR, SOLAR).reason == "deadline"


@given(COSTS, st.data(), st.floats(0, 2), st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_cheapest_slots_are_the_cheapest(
    costs: list[float], data: st.DataObject, resume: float, running: bool, begun: bool
) -> None:
    begun = begun or running
    needed = data.draw(st.integers(1, len(costs)))

    def price(chosen: tuple[int, ...]) -> float:
        total, before, first = 0.0, -1 if running else -2, not begun
        for slot in chosen:
            total += costs[slot] * (1 if slot == before + 1 or first else 1 + resume)
            before, first = slot, False
        return total

    chosen, cost = cheapest(costs, needed, resume, running=running, begun=begun)
    assert len(chosen) == needed
    assert cost == pytest.approx(price(chosen))
    assert cost == pytest.approx(min(price(each) for each in combinations(range(len(costs)), needed)))


CASES = st.fixed_dictionaries(
    {
        "now": st.floats(0, 30 * HOUR),
        "seconds": st.floats(60, 20 * HOUR),
        "slack": st.floats(0, 30 * HOUR),
        "resume": st.floats(0, 2 * HOUR),
        "between": st.floats(60, 3 * HOUR),
    }
)


@given(st.lists(st.floats(1, 1200), min_size=1, max_size=72).map(tuple), CASES, st.booleans())
@settings(max_examples=100, deadline=None)
def test_no_deadline_is_missed_whatever_the_grid_does_and_whenever_it_is_asked(
    intensities: tuple[float, ...], case: dict[str, float], interruptible: bool
) -> None:
    """Asked now and then, and at the last moment: that is what the shifter does."""
    forecast, now, left = Forecast(0, intensities), case["now"], case["seconds"]
    deadline, begun, running = now + left + case["slack"], False, False
    for _ in range(2_000):
        what = Work(left, deadline, interruptible, case["resume"], begun, running)
        decision = decide(what, now, forecast)
        if decision.run:
            left += what.resume_cost_seconds
            begun = True
        assert decision.run or not (running and not interruptible)
        running = decision.run
        latest = Work(left, deadline, interruptible, case["resume"], begun, running).latest_start
        step = min(case["between"], left if running else max(latest - now, 1e-3))
        now, left = now + step, left - step if running else left
        if left <= 1e-6:
            break
    assert left <= 1e-6
    assert now <= deadline + 1e-2
    assert math.isfinite(now)

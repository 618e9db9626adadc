"""One round: what becomes of each job, whatever it says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from images.shifter.shifter import jobs
from images.shifter.shifter.config import Budget
from images.shifter.shifter.forecast import Forecast
from images.shifter.shifter.round import Step, plan
from tests.images.shifter.cases import MIDNIGHT, SOLAR, at, job, merged


def only(objects: list[dict[str, Any]], now: float, forecast: Forecast | None = SOLAR, **budgets: Budget) -> Step:
    [step] = plan(objects, now, forecast, budgets).steps
    return step


def test_a_job_is_held_and_told_until_when() -> None:
    step = only([job()], at(1))
    assert (step.act, step.reason) == ("note", "waits")
    assert step.annotations == {
        jobs.REASON: "waits",
        jobs.PLANNED_UNTIL: "2025-11-27T10:00:00Z",
        jobs.BASELINE: "300.000",
    }


def test_what_is_noted_already_is_not_written_again() -> None:
    held = job()
    merged(held["metadata"], {"annotations": dict(only([held], at(1)).annotations)})
    assert only([held], at(2)).annotations == {}


def test_it_is_released_in_the_clean_hours_with_what_that_avoids() -> None:
    held = job(expected_kwh="10")
    merged(held["metadata"], {"annotations": dict(only([held], at(1)).annotations)})
    step = only([held], at(10))
    assert (step.act, step.reason, step.avoided_gco2e) == ("release", "low-carbon", 2000)
    assert step.annotations[jobs.RELEASED] == "2025-11-27T10:00:00Z"
    assert step.annotations[jobs.PLANNED_UNTIL] is None


def test_the_deadline_releases_whatever_the_hour_with_a_margin() -> None:
    held = job(finish_within_hours="13")
    assert only([held], at(7.9)).act == "note"
    assert only([held], at(8.59)).reason == "low-carbon"
    assert only([held], at(8.61)).reason == "deadline", "4 h of work, and 10 % of it as a margin"


def test_without_a_forecast_it_runs_at_once() -> None:
    assert only([job()], at(1), None).reason == "no-forecast"


def test_one_that_may_be_interrupted_is_and_its_work_is_remembered() -> None:
    running = job(suspend=False, created=at(10), interruptible="true", expected_hours="6", resume_minutes="15")
    running["metadata"]["annotations"][jobs.RELEASED] = jobs.written(at(10))
    running["metadata"]["annotations"][f"{jobs.DOMAIN}/finish-within-hours"] = "40"
    step = only([running], at(14))
    assert step.act == "interrupt"
    assert step.annotations[jobs.WORKED_SECONDS] == str(4 * 3600 - 900)
    assert step.annotations[jobs.PLANNED_UNTIL] == "2025-11-28T10:00:00Z"
    assert only([job(suspend=False, created=at(10), finish_within_hours="40", expected_hours="6")], at(14)).act == (
        "nothing"
    )


def test_in_kueue_s_hands_it_counts_as_running_until_it_is_interrupted() -> None:
    queued = job(interruptible="true", queue="default")
    queued["metadata"]["labels"][jobs.KUEUE_QUEUE] = "default"
    assert only([queued], at(10)).act == "nothing"
    assert only([queued], at(1)).act == "interrupt", "it waits in the queue, and would start in a dirty hour"
    queued["metadata"]["annotations"][jobs.REASON] = jobs.INTERRUPTED
    assert only([queued], at(1)).act == "note"
    assert only([queued], at(10)).act == "release"


@pytest.mark.parametrize(
    ("notes", "problem"),
    [
        ({"expected_hours": ""}, "expected-hours is missing"),
        ({"expected_hours": "soon"}, "expected-hours is 'soon', not a number"),
        ({"expected_hours": "-1"}, "expected-hours is -1, not from 0 to"),
        ({"expected_hours": "nan"}, "expected-hours is nan"),
        ({"finish_within_hours": ""}, "must have exactly one of"),
        ({"deadline": "2025-12-01T00:00:00Z"}, "must have exactly one of"),
        ({"finish_within_hours": "", "deadline": "tomorrow"}, "aicc.io/deadline: Invalid isoformat"),
        ({"finish_within_hours": "", "deadline": "2025-12-01T00:00:00"}, "has no time zone"),
        ({"finish_within_hours": "2"}, "finish-within-hours is less than aicc.io/expected-hours"),
        ({"interruptible": "yes"}, "interruptible is 'yes', not true or false"),
        ({"expected_kwh": "inf"}, "expected-kwh is inf"),
    ],
)
def test_a_job_that_cannot_be_understood_is_let_go_and_named(notes: dict[str, str], problem: str) -> None:
    found = plan([job(**notes), job("sound")], at(1), SOLAR, {})
    [misdeclared] = found.misdeclared
    assert problem in misdeclared.problem
    assert [step.job.name for step in found.steps] == ["sound"]


def test_what_somebody_broke_of_our_own_notes_is_as_if_it_were_not_there() -> None:
    broken = job(shifter_released="yesterday", shifter_worked_seconds="-5", shifter_at_once_gco2e_per_kwh="x")
    assert only([broken], at(1)).act == "note"


def test_a_tenant_over_its_budget_waits_for_tomorrow_but_never_beyond_a_deadline() -> None:
    budget = Budget(kwh_per_day=15)
    first, second, other = job("a", expected_kwh="10"), job("b", expected_kwh="10"), job("c", tenant="apps")
    found = plan([first, second, other], at(10), SOLAR, {"research": budget})
    assert [(step.job.name, step.act, step.reason) for step in found.steps] == [
        ("c", "release", "low-carbon"),
        ("a", "release", "low-carbon"),
        ("b", "note", "budget"),
    ]
    assert found.steps[2].annotations[jobs.PLANNED_UNTIL] == "2025-11-28T00:00:00Z"
    urgent = only([job(expected_kwh="99")], at(23), SOLAR, research=budget)
    assert (urgent.act, urgent.reason, urgent.over_budget) == ("release", "deadline", True)


def test_nor_where_nothing_is_known_of_the_grid() -> None:
    over = job(expected_kwh="99")
    assert only([over], at(19), None, research=Budget(kwh_per_day=15)).reason == "budget"
    urgent = only([over], at(19.7), None, research=Budget(kwh_per_day=15))
    assert (urgent.act, urgent.reason, urgent.over_budget) == ("release", "no-forecast", True)


def test_what_ran_today_counts_after_a_restart() -> None:
    ran = job("a", expected_kwh="10", shifter_released=jobs.written(at(1)))
    ran["status"]["conditions"] = [{"type": "Complete", "status": "True", "lastTransitionTime": jobs.written(at(5))}]
    budget = {"research": Budget(kwh_per_day=15)}
    assert plan([ran, job("b", expected_kwh="10")], at(10), SOLAR, budget).steps[0].reason == "budget"
    tomorrow = plan([ran, job("b", expected_kwh="10", finish_within_hours="60")], at(34), SOLAR, budget)
    assert tomorrow.steps[0].act == "release"


def test_carbon_is_a_budget_too() -> None:
    budget = Budget(kgco2e_per_day=0.5)
    assert only([job(expected_kwh="4")], at(10), SOLAR, research=budget).act == "release"
    assert only([job(expected_kwh="6")], at(10), SOLAR, research=budget).reason == "budget"


def test_a_late_job_is_counted_for_a_day() -> None:
    late = job(suspend=False, created=MIDNIGHT, finish_within_hours="5")
    assert plan([late], at(6), SOLAR, {}).missed == {"research": 1}
    late["status"]["conditions"] = [{"type": "Complete", "status": "True", "lastTransitionTime": jobs.written(at(6))}]
    assert plan([late], at(7), SOLAR, {}).missed == {"research": 1}
    assert plan([late], at(40), SOLAR, {}).missed == {}

"""Requests that are drawn, and the week they are in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aicc.saving import jobs, traffic
from aicc.saving.week import STEP_SECONDS, STEPS, Week, open_minutes, replicas_by_step
from infra.plan.model import SchedulePlan
from tests.saving.centres import CATALOGUE, model, plan

OFFICE = SchedulePlan("0 8 * * 1-5", "0 20 * * 1-5", "Asia/Shanghai", 2, 60)


def test_as_many_are_drawn_as_the_rates_say() -> None:
    rates = {"slow": [0.01] * 168, "fast": [20.0] * 168, "none": [0.0] * 168}
    found = traffic.drawn(rates, seed=7)
    totals = {name: sum(counts) for name, counts in found.counts.items()}
    assert totals["none"] == 0
    # Six standard deviations.
    for name, expected in (("slow", 0.01 * 604_800), ("fast", 20 * 604_800)):
        assert abs(totals[name] - expected) < 6 * expected**0.5
    assert {len(counts) for counts in found.counts.values()} == {STEPS}


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    rates = {"m": [0.1] * 168}
    first, again, other = (traffic.drawn(rates, seed) for seed in (1, 1, 2))
    assert first == again
    assert first.counts != other.counts
    step = next(step for step in range(STEPS) if first.counts["m"][step] > 2)
    times = first.times("m", step)
    assert times == again.times("m", step) == sorted(times)
    assert len(times) == first.counts["m"][step]
    assert all(step * STEP_SECONDS <= time < (step + 1) * STEP_SECONDS for time in times)


def test_a_synthetic_week_is_quiet_at_night_for_an_enterprise_and_never_for_the_public() -> None:
    centre = plan(models=[model("office"), model("public")])
    served = [centre.models[0], centre.models[1]]
    by_kind = {}
    for kind in ("enterprise", "cloud-service"):
        found = traffic.synthetic(served, {"apps": kind}, {"office": 5.0, "public": 5.0}, seed=1)  # type: ignore[dict-item]
        by_kind[kind] = found.counts["office"]
    night, noon, sunday = slice(120, 300), slice(600, 720), slice(6 * 1_440 + 600, 6 * 1_440 + 720)
    assert sum(by_kind["enterprise"][night]) * 100 < sum(by_kind["enterprise"][noon])
    assert sum(by_kind["enterprise"][sunday]) * 10 < sum(by_kind["enterprise"][noon])
    assert sum(by_kind["cloud-service"][night]) * 6 > sum(by_kind["cloud-service"][noon])


def test_windows_are_open_as_cron_says() -> None:
    found = open_minutes(OFFICE.start, OFFICE.end)
    assert sum(found) == 5 * 12 * 60
    assert [found[minute] for minute in (479, 480, 1_199, 1_200, 5 * 1_440 + 600)] == [False, True, True, False, False]
    over_night = open_minutes("0 20 * * *", "0 6 * * *")
    assert over_night[0]
    assert over_night[6 * 60 - 1]
    assert not over_night[6 * 60]


def test_a_recorded_week_starts_where_its_time_zone_says() -> None:
    # Monday 00:00 UTC is 08:00 in Shanghai, when the window opens.
    recorded = replicas_by_step(Week(datetime(2026, 11, 23, tzinfo=UTC)), (OFFICE,), 0)
    assert recorded[0] == 2
    assert sum(recorded) == 2 * 5 * 12 * 60
    assert recorded[12 * 60] == 0
    assert replicas_by_step(Week(), (OFFICE,), 1)[:1] == (1,)


def test_jobs_of_a_recorded_week_come_while_people_work() -> None:
    centre = plan(3, lab=24)
    monday, saturday = (jobs.drawn(centre, CATALOGUE, 0, 1, minute) for minute in (0, 5 * 1_440))
    for found, first_working_day in ((monday, 0), (saturday, 2)):
        days = [int(job.arrival // 86_400) for job in found]
        working = sum(first_working_day <= day < first_working_day + 5 for day in days)
        assert working > 3 * (len(days) - working)


@pytest.mark.parametrize("kind", traffic.SHAPES)
def test_the_busiest_hour_is_what_was_asked_for(kind: str) -> None:
    shape = traffic.SHAPES[kind]  # type: ignore[index]
    assert len(shape.weekday) == 24
    assert max(shape.weekday) == pytest.approx(1, abs=0.02)

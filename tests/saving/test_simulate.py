"""Weeks that are worked out by hand."""

from __future__ import annotations

import pytest

from aicc.saving import power
from aicc.saving.jobs import Job
from aicc.saving.nodes import NODE_START_SECONDS
from aicc.saving.scenarios import shrinking
from aicc.saving.simulate import Work
from aicc.saving.week import HOUR, SECONDS
from infra.plan.scaling import POLL_SECONDS
from tests.saving.centres import CATALOGUE, asked, model, plan, serving, week

TEN_O_CLOCK = 600
"""Monday, in minutes of the week."""


def job(pieces: int, hours: float, arrival_hours: float = 0.0, tenant: str = "lab") -> Job:
    arrival, seconds = arrival_hours * HOUR, hours * HOUR
    return Job(tenant, "nvidia-h20", pieces, arrival, seconds, arrival + seconds + HOUR)


def work(*jobs: Job, quota: int = 16) -> Work:
    return Work(jobs, {("lab", "nvidia-h20"): quota}, {"apps": 1, "lab": 0})


def test_one_request_waits_for_node_and_model_and_both_go_again() -> None:
    centre = plan(models=[model()])
    found = week(centre, [serving(centre)], asked({TEN_O_CLOCK: 1}), pools=shrinking(centre.pools))
    assert found.requests == found.held.count == 1
    assert found.held.percentile(1) == pytest.approx(POLL_SECONDS + NODE_START_SECONDS + 100)
    assert found.refused == 0
    # On until it was empty for ten minutes; then from the request on: its minute, half a minute more, ten minutes
    # without another, up to the next full minute; and ten minutes empty again.
    assert found.nodes["h20"].on_seconds == 600 + 720 + 600
    assert found.nodes["h20"].used_seconds == found.reserved_seconds == 720
    idle, busy = 0.15 * 400, 400
    host = CATALOGUE.host.peak_watts_per_vcpu.value - CATALOGUE.host.idle_watts_per_vcpu.value  # type: ignore[operator]
    watts = busy - idle + host * float(centre.pools[0].cpu_cores) / 8
    assert found.work_joules["h20"] == pytest.approx(10 / 64 * watts)


def test_where_nodes_stay_a_stopped_model_frees_accelerators_and_saves_no_energy() -> None:
    centre, traffic = plan(models=[model()]), asked({TEN_O_CLOCK: 1})
    stopped = week(centre, [serving(centre)], traffic)
    kept = week(centre, [serving(centre, replicas=1)], traffic)
    assert stopped.held.percentile(1) == pytest.approx(POLL_SECONDS + 100)
    assert kept.held.count == 0
    assert stopped.nodes["h20"].on_seconds == kept.nodes["h20"].on_seconds == SECONDS
    assert stopped.work_joules == kept.work_joules
    assert (stopped.reserved_seconds, kept.reserved_seconds) == (720, SECONDS)


def test_who_comes_while_it_starts_waits_less_and_who_is_held_too_long_is_refused() -> None:
    centre = plan(models=[model()])
    found = week(centre, [serving(centre, hold_seconds=60.0)], asked({TEN_O_CLOCK: 30}))
    assert found.held.count == 30
    assert found.held.percentile(1) == 60
    # All within a minute of the first, who waits 110 s: nobody waits less than 50 s, and most wait for too long.
    assert min(found.held.by_seconds) > 50
    assert 0 < found.refused < 30


def test_a_window_opens_by_the_clock_and_nobody_waits_in_it() -> None:
    centre = plan(models=[model()])
    open_at = [1 if 480 <= step < 1_200 else 0 for step in range(10_080)]
    inside = week(centre, [serving(centre, least=open_at)], asked({TEN_O_CLOCK: 5}))
    outside = week(centre, [serving(centre, least=open_at)], asked({1_300: 1}))
    assert inside.held.count == 0
    assert inside.reserved_seconds == (1_200 - 480) * 60
    assert outside.held.count == 1


def test_more_replicas_run_while_more_is_asked() -> None:
    centre = plan(models=[model(replicas={"min": 1, "max": 2})])
    found = week(centre, [serving(centre, replicas=1)], asked({TEN_O_CLOCK: 500}))
    # 500 requests a minute of 10 s: 83 at once, of which a replica takes 64; the second stays for five minutes.
    assert found.reserved_seconds == SECONDS + 5 * 60
    assert found.crowded == {}
    assert week(centre, [serving(centre, replicas=1)], asked({TEN_O_CLOCK: 800})).crowded == {"chat": 1}


def test_packing_leaves_a_node_empty() -> None:
    centre = plan(nodes=2, lab=16)
    jobs = work(job(4, 2), job(4, 2))
    spread, packed = (week(centre, [], asked({}), jobs, packed=packed) for packed in (False, True))
    assert spread.nodes["h20"].used_seconds == 2 * 2 * HOUR
    assert packed.nodes["h20"].used_seconds == 2 * HOUR
    assert spread.finished == packed.finished == {0: 2 * HOUR, 1: 2 * HOUR}


def test_packing_lets_a_large_job_start_that_spreading_keeps_waiting() -> None:
    centre = plan(nodes=2, lab=16)
    jobs = work(job(1, 2), job(1, 3), job(8, 1, 1))
    spread, packed = (week(centre, [], asked({}), jobs, packed=packed) for packed in (False, True))
    assert spread.finished[2] == 3 * HOUR
    assert packed.finished[2] == 2 * HOUR


def test_a_job_beyond_its_tenant_s_quota_waits_and_one_that_fits_goes_before_it() -> None:
    centre = plan(nodes=2, lab=8)
    found = week(centre, [], asked({}), work(job(4, 1), job(8, 1), job(4, 1), quota=8))
    assert found.finished == {0: HOUR, 2: HOUR, 1: 2 * HOUR}


def test_a_model_takes_the_place_of_a_job_which_begins_anew() -> None:
    centre = plan(lab=8, models=[model(tenant="apps", parallel={"tensor": 8}, replicas={"min": 0, "max": 1})], nodes=2)
    # Two jobs of all accelerators; the model's first request comes after half an hour.
    found = week(centre, [serving(centre)], asked({30: 1}), work(job(8, 1), job(8, 2)))
    assert found.evicted == 1
    assert found.finished[1] == 2 * HOUR
    # One lost its place for as long as the model stayed, from 30 to 42 minutes past, and is looked at a minute later.
    assert found.finished[0] == pytest.approx((43 + 60) * 60)
    assert found.held.percentile(1) == pytest.approx(POLL_SECONDS + 100)


def test_a_cap_makes_jobs_and_answers_longer_by_what_was_measured() -> None:
    centre = plan(lab=8, nodes=2, models=[model(replicas={"min": 1, "max": 2})])
    traffic, jobs = asked({TEN_O_CLOCK: 60}), work(job(8, 1))
    capped = power.of(centre, CATALOGUE, {"h20": 280}, power.Slowdown.MEASURED)
    free = week(centre, [serving(centre, replicas=1)], traffic, jobs)
    found = week(centre, [serving(centre, replicas=1)], traffic, jobs, powers=capped)
    assert free.longer.count == 0
    assert found.finished[0] == pytest.approx(HOUR / 0.895)
    assert found.longer.count == 60
    assert found.longer.percentile(1) == pytest.approx(10 / 0.895 - 10)
    assert found.work_joules["h20"] < free.work_joules["h20"]

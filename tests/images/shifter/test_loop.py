"""The loop against an API that keeps jobs, with a clock of its own, and a feed that fails in every way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from aicc import vocabulary
from images.shifter.shifter import config, jobs
from images.shifter.shifter.cluster import ClusterError
from images.shifter.shifter.config import Budget, Config, Feed, Profile
from images.shifter.shifter.grid import REJECTIONS, Grid, hours_of
from images.shifter.shifter.loop import Loop
from images.shifter.shifter.metrics import Metrics
from tests.images.shifter.cases import SOLAR, at, job, merged

NAMESPACES = ("tenant-gone", "tenant-research")
DAY = Profile(tuple([300.0] * 10 + [100.0] * 4 + [300.0] * 10), "UTC")


class Kept:
    """Jobs in memory."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        self.objects = {each["metadata"]["name"]: each for each in objects}
        self.refuse: dict[str, int] = {}
        self.active: dict[str, bool] = {}
        self.writes = 0

    def jobs(self, namespace: str, label: str) -> list[dict[str, Any]]:
        assert label == "aicc.io/deferrable=true"
        if namespace == "tenant-gone":
            raise ClusterError(404, "gone")
        return [each for each in self.objects.values() if each["metadata"]["namespace"] == namespace]

    def patch_job(self, namespace: str, name: str, patch: Mapping[str, Any]) -> None:
        if name in self.refuse:
            raise ClusterError(self.refuse[name], "no")
        self.writes += 1
        assert patch["metadata"]["resourceVersion"] == self.objects[name]["metadata"]["resourceVersion"]
        merged(self.objects[name], json.loads(json.dumps(patch)))

    def set_workload_active(self, namespace: str, job_uid: str, *, active: bool) -> bool:
        self.active[job_uid] = active
        return True


def loop(api: Kept, settings: Config | None = None) -> tuple[Loop, CollectorRegistry, list[str]]:
    registry, told = CollectorRegistry(), []
    settings = replace(settings or Config(profile=DAY), namespaces=NAMESPACES)
    metrics = Metrics(registry, settings)
    return (
        Loop(api, settings, Grid(settings.profile, settings.feed, metrics.rejected), metrics, told.append),
        registry,
        told,
    )


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"aicc_shifter_{name}", labels)


def test_a_day_of_a_job() -> None:
    api = Kept(job(expected_kwh="10"))
    shifter, registry, told = loop(api)
    for hour in range(10):
        shifter.once(at(hour))
        assert api.objects["train"]["spec"]["suspend"]
    assert api.writes == 1, "it is noted once that it waits"
    assert value(registry, "jobs", tenant="research", state="waiting") == 1
    assert value(registry, "slack_seconds", tenant="research") == pytest.approx((24 - 4.4 - 9) * 3600)
    shifter.once(at(10))
    assert not api.objects["train"]["spec"]["suspend"]
    assert value(registry, "avoided_gco2e_total", tenant="research") == 2000
    assert value(registry, "released_total", tenant="research", reason="low-carbon") == 1
    assert told[-1] == "2025-11-27T10:00:00Z release tenant-research/train: low-carbon"


def test_a_shifter_that_is_killed_and_started_anew_goes_on() -> None:
    """Every hour another one: what it must know is on the job."""
    api = Kept(job(interruptible="true", finish_within_hours="48", expected_hours="6"))
    ran, running = 0, False
    for hour in range(48):
        if not running and not api.objects["train"]["spec"]["suspend"]:
            raise AssertionError("nobody released it")
        loop(api)[0].once(at(hour))
        suspended = api.objects["train"]["spec"]["suspend"]
        if not suspended and not running:
            api.objects["train"]["status"] = {"startTime": jobs.written(at(hour))}
        running = not suspended
        ran += running
        if ran == 6:
            break
    assert ran == 6
    assert hour < 40


def test_the_next_round_is_no_later_than_a_job_s_last_moment() -> None:
    shifter, _, _ = loop(Kept(job(expected_hours="0.1", finish_within_hours="10.27167")))
    assert shifter.sleep_seconds(shifter.once(at(1))) == 60
    assert shifter.sleep_seconds(shifter.once(at(9.995))) == pytest.approx(36, abs=1)


def test_one_job_that_is_refused_holds_up_no_other() -> None:
    api = Kept(job("a"), job("b"), job("c"))
    api.refuse = {"a": 403, "b": 409}
    shifter, registry, told = loop(api)
    shifter.once(at(10))
    assert not api.objects["c"]["spec"]["suspend"]
    assert value(registry, "failed_requests_total") == 2, "a conflict is none; a namespace that is gone is one"
    assert any(line.startswith("refused: 403") for line in told)


def test_a_job_that_is_refused_past_its_last_moment_is_seen_to_wait() -> None:
    api = Kept(job())
    api.refuse = {"train": 403}
    shifter, registry, _ = loop(api)
    shifter.once(at(23))
    assert value(registry, "jobs", tenant="research", state="waiting") == 1
    assert value(registry, "jobs", tenant="research", state="running") is None
    assert value(registry, "slack_seconds", tenant="research") == pytest.approx((24 - 4.4 - 23) * 3600)
    api.refuse = {}
    shifter.once(at(23.1))
    assert value(registry, "jobs", tenant="research", state="running") == 1
    assert value(registry, "slack_seconds", tenant="research") is None


def test_what_a_stack_declares_is_counted_from_0() -> None:
    _, nothing, _ = loop(Kept())
    assert value(nothing, "feed_rejected_total", reason="unreachable") is None
    feed = Feed("http://127.0.0.1:1/")
    _, registry, _ = loop(Kept(), Config(feed=feed, budgets={"research": Budget(kwh_per_day=1)}))
    assert {value(registry, "feed_rejected_total", reason=reason) for reason in REJECTIONS} == {0}
    assert value(registry, "over_budget_total", tenant="research") == 0


def test_every_series_is_in_the_vocabulary_with_its_labels() -> None:
    api, settings = Kept(job(expected_kwh="5")), Config(profile=DAY, budgets={"research": Budget(kwh_per_day=1)})
    shifter, registry, _ = loop(api, settings)
    for hour in (1, 22):
        shifter.once(at(hour))
    known = vocabulary.load()["shifter"]
    found: dict[str, set[str]] = {}
    for family in registry.collect():
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                found.setdefault(sample.name, set()).update(sample.labels)
    for family in registry.collect():
        assert family.name in known or f"{family.name}_total" in known, family.name
    assert {name: set(known[name].labels) for name in found} == found


def test_with_kueue_a_job_is_released_into_its_queue_and_interrupted_through_its_workload() -> None:
    api = Kept(job(queue="default", interruptible="true", expected_hours="6", finish_within_hours="40"))
    shifter, _, _ = loop(api, Config(profile=DAY, kueue=True))
    shifter.once(at(10))
    held = api.objects["train"]
    assert held["metadata"]["labels"][jobs.KUEUE_QUEUE] == "default"
    assert held["spec"]["suspend"], "Kueue itself lets it run"
    held["spec"]["suspend"], held["status"] = False, {"startTime": jobs.written(at(10))}
    shifter.once(at(14))
    assert api.active == {"uid-train": False}
    shifter.once(at(14.1))
    assert held["metadata"]["annotations"][jobs.WORKED_SECONDS] == str(4 * 3600), "counted once"
    held["spec"]["suspend"] = True
    shifter.once(at(34))
    assert api.active == {"uid-train": True}


def test_a_job_that_cannot_be_understood_runs_and_says_why() -> None:
    api = Kept(job(expected_hours="soon"))
    shifter, registry, _ = loop(api)
    shifter.once(at(1))
    assert not api.objects["train"]["spec"]["suspend"]
    assert "not a number" in api.objects["train"]["metadata"]["annotations"][jobs.REASON]
    assert value(registry, "misdeclared_jobs") == 1


@contextmanager
def feed(answer: bytes, status: int = 200) -> Iterator[str]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/forecast"
        finally:
            server.shutdown()
            thread.join()


def told(*hours: float, first: float = 0) -> bytes:
    return json.dumps(
        {"hours": [{"time": jobs.written(at(first + step)), "gco2ePerKwh": hour} for step, hour in enumerate(hours)]}
    ).encode()


def test_a_feed_comes_before_the_usual_day() -> None:
    with feed(told(*[300.0] * 5, *[50.0] * 4, *[300.0] * 20)) as url:
        api = Kept(job())
        shifter, registry, _ = loop(api, Config(profile=DAY, feed=Feed(url)))
        shifter.once(at(1))
        assert value(registry, "forecast_source", source="feed") == 1
        assert api.objects["train"]["metadata"]["annotations"][jobs.PLANNED_UNTIL] == "2025-11-27T05:00:00Z"


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (b"", 503, "unreachable"),
        (b"not json", 200, "malformed"),
        (b"[]", 200, "malformed"),
        (b'{"hours": [{"time": "2025-11-27T01:00:00", "gco2ePerKwh": 3}]}', 200, "malformed"),
        (told(-5, -5, -5, -5), 200, "absurd-or-stale"),
        (told(0, 0, 0, 0), 200, "absurd-or-stale"),
        (told(300_000, 300_000, 300_000), 200, "absurd-or-stale"),
        (told(300, 300, 300, first=-9), 200, "absurd-or-stale"),
        (
            json.dumps({"hours": [{"time": "2025-11-27T01:00:00Z", "gco2ePerKwh": None}]}).encode(),
            200,
            "absurd-or-stale",
        ),
    ],
)
def test_a_feed_that_is_missing_stale_or_absurd_is_counted_and_deadlines_are_kept(
    answer: bytes, status: int, reason: str
) -> None:
    with feed(answer, status) as url:
        api = Kept(job())
        shifter, registry, _ = loop(api, Config(profile=DAY, feed=Feed(url)))
        shifter.once(at(1))
        assert value(registry, "feed_rejected_total", reason=reason) == 1
        assert value(registry, "forecast_source", source="profile") == 1
        assert api.objects["train"]["spec"]["suspend"], "the usual day is known"
        bare, registry, _ = loop(api, Config(feed=Feed(url)))
        bare.once(at(1))
        assert not api.objects["train"]["spec"]["suspend"]
        assert value(registry, "released_total", tenant="research", reason="no-forecast") == 1


def test_nobody_listening_is_unreachable() -> None:
    with feed(b"") as url:
        pass
    shifter, registry, _ = loop(Kept(job()), Config(profile=DAY, feed=Feed(url)))
    shifter.once(at(1))
    assert value(registry, "feed_rejected_total", reason="unreachable") == 1


def test_published_formats_are_read() -> None:
    hour = int(at(1))
    halves = [("2025-11-27T01:00Z", 100), ("2025-11-27T01:30Z", 200)]
    uk = {"data": [{"from": time, "intensity": {"forecast": value}} for time, value in halves]}
    maps = {"forecast": [{"datetime": "2025-11-27T01:00:00.000Z", "carbonIntensity": 326}]}
    assert hours_of(uk, "uk-carbon-intensity") == {hour: 150}
    assert hours_of(maps, "electricity-maps") == {hour: 326}


def test_a_profile_s_hours_are_those_of_its_zone() -> None:
    grid = Grid(Profile(tuple(float(hour) for hour in range(1, 25)), "Asia/Shanghai"), None)
    forecast, source = grid.forecast(at(0))
    assert source == "profile"
    assert forecast
    assert forecast.gco2e_per_kwh[0] == 9, "midnight in UTC is 8 o'clock in Shanghai"


def test_the_configuration_is_read(tmp_path: Path) -> None:
    path = tmp_path / "shifter.json"
    given = {
        "profile": {"hours": list(SOLAR.gco2e_per_kwh[:24]), "timeZone": "UTC"},
        "feed": {"url": "https://x.example/f", "format": "plain", "tokenFile": "/run/t"},
        "budgets": {"research": {"kwhPerDay": 5}},
        "kueue": True,
    }
    path.write_text(json.dumps(given), encoding="utf-8")
    read = config.read(path)
    assert read.profile == Profile(SOLAR.gco2e_per_kwh[:24], "UTC")
    assert read.feed == Feed("https://x.example/f", "plain", "/run/t")
    assert read.budgets == {"research": Budget(5)}
    assert read.kueue

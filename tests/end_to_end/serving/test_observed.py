"""What people see of a centre that serves: a full overview, panels that a load moves, a deferrable job held and run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import pytest

from aicc.accounting.prometheus import HttpSource
from aicc.dashboards.files import dashboards
from aicc.dashboards.interpolate import Span
from aicc.dashboards.page.panels import Dashboards
from images.shifter.shifter import jobs
from infra import names
from tests.end_to_end.serving import deferred
from tests.end_to_end.serving.centre import ASK, CHAT, NAMESPACE, NEEDS_A_NODE, SCRAPE_SECONDS, TENANT, WATCHED, Serving
from tests.support.centre import RESTRICTED, eventually
from tests.support.monitored import Monitored

pytestmark = NEEDS_A_NODE

OVERVIEW = "aicc-overview"
MOVES = {
    "aicc-tenant": ("Requests", "Tokens", "First token, p95"),
    "aicc-serving": ("Requests", "Tokens", "First token, p95", "Per token, p95"),
}
"""By dashboard: what a load moves."""
AT_A_TIME, LEAST_REQUESTS = 4, 24
MOVED_SECONDS, FULL_SECONDS = 120, 360
"""Budgets are evaluated every five minutes."""
HOLDER: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "holder", "namespace": NAMESPACE},
    "spec": {
        "runtimeClassName": "zhenwu-810e",
        "containers": [
            {
                "name": "work",
                "image": "example.com/train:1",
                "resources": {"limits": {"alibabacloud.com/ppu": 4}},
                "securityContext": RESTRICTED,
            }
        ],
    },
}
"""On a simulated node."""


@pytest.fixture(scope="module", autouse=True)
def held(serving: Serving) -> Iterator[None]:
    """Something holds accelerators, as no model of this centre does."""
    with serving.kube() as kube:
        kube.create(HOLDER)
        yield
        kube.delete("v1", "Pod", "holder", NAMESPACE)


@pytest.fixture(scope="module")
def page(serving: Serving) -> Iterator[Dashboards]:
    with closing(HttpSource(serving.status()["monitoring"]["prometheus"])) as source:
        yield Dashboards(dashboards(), source)


def answers(page: Dashboards, uid: str, panel: Mapping[str, Any], **chosen: Sequence[str]) -> list[dict[str, Any]]:
    now = int(time.time())
    span = Span(now - 600, now, 2 * SCRAPE_SECONDS, SCRAPE_SECONDS)
    found = page.answers(uid, panel["id"], chosen, span)
    assert not [answer for answer in found if "error" in answer]
    return found


def panels(uid: str) -> dict[str, Mapping[str, Any]]:
    """By title."""
    return {panel["title"]: panel for panel in dashboards()[uid]["panels"] if panel["type"] != "row"}


def values(page: Dashboards) -> dict[tuple[str, str], float]:
    """What the figures that a load moves say now, of the watched tenant and the chat model; 0 where there is none."""
    found = {}
    for uid, titles in MOVES.items():
        for title in titles:
            [answer] = answers(page, uid, panels(uid)[title], tenant=[WATCHED], model=[CHAT])
            found[uid, title] = last(answer)
    return found


def last(answer: Mapping[str, Any]) -> float:
    """The newest value of an answer's one series; 0 where there is none."""
    if not answer["result"]:
        return 0.0
    [series] = answer["result"]
    return float((series["values"][-1] if "values" in series else series["value"])[1])


def ask(serving: Serving) -> None:
    """A few answers, streamed."""
    for _ in range(AT_A_TIME):
        with serving.client(WATCHED).chat.completions.create(
            model=CHAT, messages=ASK, max_tokens=8, stream=True
        ) as stream:
            assert list(stream)


def test_a_load_moves_the_tenant_s_and_the_model_s_panels(serving: Serving, page: Dashboards) -> None:
    before, asked = values(page), 0

    def moved() -> bool:
        nonlocal asked
        ask(serving)
        asked += AT_A_TIME
        after = values(page)
        return asked >= LEAST_REQUESTS and all(after[figure] > before[figure] for figure in after)

    assert set(before.values()) == {0.0}, "the tenant has asked for nothing yet"
    eventually(moved, "every figure is above what it was", MOVED_SECONDS)


def test_each_panel_of_the_overview_shows_something_every_target_is_up_and_no_rule_fails(
    serving: Serving, page: Dashboards
) -> None:
    prometheus = Monitored(serving.status()["monitoring"]["prometheus"])
    eventually(lambda: prometheus.wrong() == [], "every target is up, and every rule was evaluated without an error")

    def empty() -> list[str]:
        ask(serving)
        shown = {title: answers(page, OVERVIEW, panel) for title, panel in panels(OVERVIEW).items()}
        firing = last(shown["Firing alerts"][0])
        lacking = [title for title, found in shown.items() if not all(answer["result"] for answer in found)]
        return [title for title in lacking if title != "What fires" or firing]

    eventually(lambda: empty() == [], "no panel of the overview is empty", FULL_SECONDS)


def test_a_deferrable_job_over_its_day_is_held_until_its_deadline_allows_no_more(serving: Serving) -> None:
    def job() -> Mapping[str, Any]:
        with serving.kube() as kube:
            found = kube.get("batch/v1", "Job", deferred.NAME, NAMESPACE)
        assert found is not None
        return found

    eventually(lambda: jobs.ended(job()) is not None, "the job has run", deferred.HELD_SECONDS + 60)
    notes = job()["metadata"]["annotations"]
    assert job()["status"]["succeeded"] == 1
    assert notes[jobs.REASON] == "deadline"
    assert jobs.moment(notes[jobs.RELEASED]) >= serving.deferred_at + deferred.HELD_SECONDS - 1, "it was held"
    told = serving.kubectl("logs", "-n", names.SYSTEM_NAMESPACE, "deployment/shifter")
    assert f"release {NAMESPACE}/{deferred.NAME}: deadline" in told
    prometheus = Monitored(serving.status()["monitoring"]["prometheus"])
    over = f'aicc_shifter_over_budget_total{{tenant="{TENANT}"}}'
    eventually(lambda: prometheus.value(over) == 1, "that it was over its day is counted")

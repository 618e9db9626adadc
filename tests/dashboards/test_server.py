"""The page's server: it reads, answers on loopback under its own name, and asks Prometheus for nothing but panels."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pytest

from aicc.accounting.prometheus import HttpSource
from aicc.dashboards.files import UIDS, dashboards
from aicc.dashboards.page.panels import Dashboards
from aicc.dashboards.page.server import LONGEST_SECONDS, MOST_POINTS, DashboardServer
from tests.dashboards.conftest import CENTRE, SPAN
from tests.dashboards.test_queries import panel_of

ABOUT = {"stack": "synthetic", "prometheus": "http://127.0.0.1:1"}
TIME = {"from": str(SPAN.start), "to": str(SPAN.end), "points": "100"}


@contextmanager
def serving(page: Dashboards) -> Iterator[DashboardServer]:
    with DashboardServer(page, ABOUT, 0, SPAN.scrape_seconds) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def server(page: Dashboards) -> Iterator[DashboardServer]:
    with serving(page) as server:
        yield server


@pytest.fixture(scope="module")
def alone() -> Iterator[DashboardServer]:
    """One whose Prometheus is not there."""
    with closing(HttpSource("http://127.0.0.1:1")) as source, serving(Dashboards(dashboards(), source)) as server:
        yield server


def ask(server: DashboardServer, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()


def panel_path(uid: str, title: str, **query: str) -> str:
    return f"/api/dashboards/{uid}/panels/{panel_of(uid, title)['id']}?{urlencode({**TIME, **query})}"


def said(answer: tuple[int, dict[str, str], bytes]) -> Any:
    return json.loads(answer[2])


def test_it_listens_on_loopback_alone(alone: DashboardServer) -> None:
    assert alone.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1.evil.example:80", ""])
def test_a_foreign_name_that_resolves_to_loopback_gets_nothing(alone: DashboardServer, host: str) -> None:
    status, _, body = ask(alone, "/api/dashboards", Host=host)
    assert (status, b"aicc-overview" in body) == (421, False)


def test_its_own_names_are_answered(alone: DashboardServer) -> None:
    for host in ("127.0.0.1", "localhost"):
        assert ask(alone, "/api/dashboards", Host=f"{host}:{alone.port}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_it_only_reads(alone: DashboardServer, method: str) -> None:
    assert ask(alone, "/api/dashboards", method)[0] == 501


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../server.py",
        "/assets/..%2fserver.py",
        "/assets/page.html",
        "/assets/nothing.js",
        "/d/aicc-nothing",
        "/api/v1/query?query=up",
        "/api/dashboards/aicc-nothing",
        "/api/dashboards/aicc-overview/panels/999?from=1&to=2&points=3",
    ],
)
def test_there_is_nothing_else(alone: DashboardServer, path: str) -> None:
    status, _, body = ask(alone, path)
    assert status == 404
    assert json.loads(body)["error"].startswith("there is no")


@pytest.mark.parametrize("path", ["/d/aicc-overview", "/assets/page.js", "/api/dashboards", "/nothing"])
def test_every_answer_forbids_other_sources(alone: DashboardServer, path: str) -> None:
    _, headers, _ = ask(alone, path)
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_first_page_is_the_overview(alone: DashboardServer) -> None:
    status, headers, _ = ask(alone, "/")
    assert (status, headers["Location"]) == (302, "/d/aicc-overview")


def test_the_menu_has_every_dashboard(alone: DashboardServer) -> None:
    found = said(ask(alone, "/api/dashboards"))
    assert found["about"] == ABOUT
    assert [item["uid"] for item in found["dashboards"]] == list(UIDS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "yesterday"},
        {"from": TIME["to"], "to": TIME["from"]},
        {"from": str(SPAN.end - LONGEST_SECONDS - 1)},
        {"to": "9" * 30, "from": "9" * 30},
        {"points": "0"},
        {"points": str(MOST_POINTS + 1)},
    ],
)
def test_a_time_that_would_be_too_much_is_refused(alone: DashboardServer, wrong: dict[str, str]) -> None:
    status, _, body = ask(alone, f"/api/names?{urlencode({**TIME, **wrong})}")
    assert status == 400
    assert json.loads(body)["error"].startswith("from ")


def test_a_prometheus_that_is_gone_is_said_to_be(alone: DashboardServer) -> None:
    status, _, body = ask(alone, panel_path("aicc-overview", "Power now"))
    assert status == 502
    assert json.loads(body)["error"].startswith("no answer from Prometheus at http://127.0.0.1:1")


@pytest.mark.cluster
def test_a_panel_s_answer_is_what_its_query_gives(server: DashboardServer) -> None:
    found = said(ask(server, panel_path("aicc-nodes", "Utilisation by pool", **{"var-pool": "zhenwu"})))
    (answer,) = found["answers"]
    assert 'pool=~"zhenwu"' in answer["expr"]
    (series,) = answer["result"]
    assert series["metric"] == {"pool": "zhenwu"}
    times = [at for at, _ in series["values"]]
    assert {later - earlier for earlier, later in pairwise(times)} == {found["step"]}
    assert len(times) <= int(TIME["points"]) + 1


@pytest.mark.cluster
@pytest.mark.parametrize("value", ['zhenwu"} or up{job="meter', "zhenwu|.*", "zhenwu\\", "$__all\n"])
def test_a_chosen_value_cannot_become_a_query(server: DashboardServer, value: str) -> None:
    (answer,) = said(ask(server, panel_path("aicc-nodes", "Utilisation by pool", **{"var-pool": value})))["answers"]
    assert answer["result"] == []


@pytest.mark.cluster
def test_variables_offer_what_there_is(server: DashboardServer) -> None:
    found = said(ask(server, f"/api/dashboards/aicc-nodes/variables?{urlencode(TIME)}"))
    assert found["pool"] == sorted(pool.name for pool in CENTRE.pools)


@pytest.mark.cluster
def test_names_get_colours_by_what_they_name(server: DashboardServer) -> None:
    found = said(ask(server, f"/api/names?{urlencode(TIME)}"))
    assert found == {
        "tenant": ["enterprise", "research"],
        "pool": ["ascend", "attic", "general", "zhenwu"],
        "model": ["chat", "embed"],
    }

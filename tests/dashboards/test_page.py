"""The page in a headless Chromium: every dashboard is drawn, nobody but the page's server is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aicc.dashboards.files import UIDS, dashboards
from aicc.dashboards.page.panels import Dashboards
from aicc.dashboards.page.server import DashboardServer
from tests.dashboards.conftest import CENTRE
from tests.dashboards.test_server import serving
from tests.support.browser import Browser, browser

pytestmark = pytest.mark.cluster
TIME = f"from={CENTRE.start}000&to={CENTRE.end}000"
STATES = "return [...document.querySelectorAll('.panel')].map(panel => panel.dataset.state)"
TRACES = "return [...document.querySelectorAll('.js-plotly-plot')].map(chart => chart.data.length)"


@pytest.fixture(scope="module")
def server(page: Dashboards) -> Iterator[DashboardServer]:
    with serving(page) as server:
        yield server


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with browser() as window:
        window.resize(1600, 1200)
        yield window


def opened(window: Browser, server: DashboardServer, uid: str, query: str = TIME) -> None:
    window.open(f"{server.address}/d/{uid}?{query}")
    window.until(lambda: drawn(window), f"{uid} is not drawn")


def drawn(window: Browser) -> bool:
    states = window.script(STATES)
    return bool(states) and "asked" not in states and window.script("return state.textContent").endswith("UTC")


@pytest.mark.parametrize("uid", UIDS)
def test_a_dashboard_is_drawn_without_an_error(window: Browser, server: DashboardServer, uid: str) -> None:
    window.complaints()
    opened(window, server, uid)
    assert "error" not in window.script(STATES), window.text
    assert window.complaints() == []
    traces = window.script(TRACES)
    charts = [panel for panel in dashboards()[uid]["panels"] if panel["type"] in {"timeseries", "piechart"}]
    assert len(traces) == len(charts)
    assert all(traces)
    assert window.asked() <= {f"127.0.0.1:{server.port}"}
    assert "figures are simulated, not measured" in window.text


def test_a_chosen_pool_narrows_the_page_and_is_in_its_address(window: Browser, server: DashboardServer) -> None:
    opened(window, server, "aicc-nodes")
    assert "ascend-0" in window.text
    window.click("#variables summary")
    window.script("document.querySelectorAll('#variables details[open] label')[4].click()")
    window.until(lambda: "ascend-0" not in window.text and drawn(window), "the pool is not narrowed to")
    assert "zhenwu-1" in window.text
    assert "var-pool=zhenwu" in window.script("return location.search")


def test_a_table_s_cell_leads_to_its_dashboard(window: Browser, server: DashboardServer) -> None:
    opened(window, server, "aicc-overview")
    window.script("[...document.querySelectorAll('td a')].find(link => link.textContent === 'embed').click()")
    window.until(lambda: "/d/aicc-serving" in window.script("return location.pathname"), "no other dashboard")
    assert window.script("return location.search").startswith("?var-model=embed")


def test_it_can_be_light_and_stays_so(window: Browser, server: DashboardServer) -> None:
    theme = "return document.documentElement.dataset.theme"
    opened(window, server, "aicc-cost", f"{TIME}&theme=dark")
    assert window.script(theme) == "dark"
    window.click("#theme")
    assert window.script(theme) == "light"
    opened(window, server, "aicc-cost")
    assert window.script(theme) == "light"


def test_money_is_of_one_currency_and_says_which(window: Browser, server: DashboardServer) -> None:
    opened(window, server, "aicc-cost")
    window.shows("Per hour, CNY")


def test_a_time_without_data_is_said_in_words(window: Browser, server: DashboardServer) -> None:
    before = CENTRE.start - 30 * 86_400
    opened(window, server, "aicc-overview", f"from={before}000&to={before + 3600}000")
    assert "error" not in window.script(STATES)
    assert "no requests" in window.text
    assert "the meter is not there" not in window.text  # a count of no nodes is 0, and that is what is shown

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from aicc.accounting.recorded import Recorded
from aicc.statements.page import as_html
from infra.catalogue import load
from infra.estimate import Estimate, estimate
from infra.plan import CenterPlan
from tests.accounting.recordings import beats, centre, flat, stated
from tests.support.browser import browser

ATTACK = "<script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def sources(local_plan: CenterPlan) -> Estimate:
    return estimate(local_plan, load())


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_page_opens_offline_draws_its_charts_and_asks_nobody(tmp_path: Path, sources: Estimate) -> None:
    jobs = {("blue", "train", "measured"): flat(50, 48)}
    found = stated(centre(48, heartbeats=beats((0, 20), (23, 48)), job_watts=jobs), 48)
    (tmp_path / "statement.html").write_text(as_html(found, sources))
    with served(tmp_path) as url, browser() as window:
        window.open(f"{url}/statement.html")
        window.until(lambda: window.script("return document.querySelectorAll('svg.main-svg').length") >= 8, "no charts")
        assert window.asked() == {url.removeprefix("http://")}
        assert window.script("return document.documentElement.lang") == "en"
        for text in ("Tenant blue (research)", "hours were not watched", "sum of the accounts", "train", "PUE, mean"):
            window.shows(text)
        unnamed = "return [...document.querySelectorAll('figure')].filter(it => !it.getAttribute('aria-label')).length"
        assert window.script(unnamed) == 0
        loose = "return [...document.querySelectorAll('th')].filter(it => !it.getAttribute('scope')).length"
        assert window.script(loose) == 0
        wide = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert window.script(wide)


def test_names_from_anywhere_are_text(tmp_path: Path, sources: Estimate) -> None:
    base = centre(24)
    watts = {("blue", ATTACK, "measured"): flat(100, 24)} | dict(base.model_watts)
    tenants = {**base.tenants, (ATTACK, "x"): flat(1, 24)}
    html = as_html(stated(centre(24, model_watts=watts, tenants=tenants), 24), sources)
    assert ATTACK not in html
    (tmp_path / "statement.html").write_text(html)
    with served(tmp_path) as url, browser() as window:
        window.open(f"{url}/statement.html")
        window.shows("document.title='owned'")
        assert window.script("return document.title") == "Energy statement 2026-11: Every account, test"


def test_a_month_of_nothing_is_a_page_that_says_so(sources: Estimate) -> None:
    html = as_html(stated(Recorded(tenants={("blue", "research"): {}}), 24), sources)
    assert "nothing was recorded in 2026-11: every figure is unknown" in html
    assert 'class="plotly-graph-div"' not in html

"""A synthetic centre in a real Prometheus, recorded once for every test of queries and of the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from aicc.accounting.prometheus import HttpSource
from aicc.dashboards.files import dashboards
from aicc.dashboards.interpolate import Span
from aicc.dashboards.page.panels import Dashboards
from tests.dashboards.recorded import STEP_SECONDS, recorded
from tests.dashboards.small_centre import SmallCentre

CENTRE = SmallCentre(start=1_793_577_600, hours=5)
"""From 2 November 2026, 00:00 UTC, on."""
SPAN = Span(CENTRE.start, CENTRE.end, 60, STEP_SECONDS)


@pytest.fixture(scope="session")
def prometheus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with recorded(CENTRE, tmp_path_factory.mktemp("recorded")) as url:
        yield url


@pytest.fixture(scope="session")
def page(prometheus_url: str) -> Iterator[Dashboards]:
    with closing(HttpSource(prometheus_url)) as source:
        yield Dashboards(dashboards(), source)

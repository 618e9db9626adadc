"""Every panel's and every variable's query, run against a real Prometheus with data, returns series."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest

from aicc.dashboards.files import dashboards
from aicc.dashboards.page.panels import Dashboards, UndrawableError
from tests.dashboards.conftest import CENTRE, SPAN
from tests.dashboards.recorded import records
from tests.dashboards.small_centre import PUE, TENANTS

ALL = dashboards()
RECORD = re.compile(r"aicc:[\w:]+")
LABEL = re.compile(r"\{\{(\w+)\}\}")
EVERY = [
    pytest.param(uid, panel, id=f"{uid}: {panel['title']}")
    for uid, document in ALL.items()
    for panel in document["panels"]
    if panel["type"] != "row"
]


def without_fallback(uid: str, panel: dict[str, Any], page: Dashboards) -> Dashboards:
    """The same panel, if it did not say 0 where there is nothing: so that a misspelt series is found."""
    document = deepcopy(ALL[uid])
    for one in document["panels"]:
        for target in one.get("targets", ()):
            target["expr"] = target["expr"].replace(" or vector(0)", "")
    return Dashboards({uid: document}, page._source)


@pytest.mark.cluster
@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_a_panel_s_queries_return_series(uid: str, panel: dict[str, Any], page: Dashboards) -> None:
    for answer in without_fallback(uid, panel, page).answers(uid, panel["id"], {}, SPAN):
        assert "error" not in answer, answer
        assert answer["result"], f"{panel['title']}: {answer['expr']}"


@pytest.mark.cluster
@pytest.mark.parametrize("uid", ALL)
def test_a_panel_s_queries_can_be_narrowed_to_one_value_of_each_variable(uid: str, page: Dashboards) -> None:
    chosen = {name: values[:1] for name, values in page.options(uid, {}, SPAN).items()}
    for panel in ALL[uid]["panels"]:
        if panel["type"] == "row":
            continue
        for answer in page.answers(uid, panel["id"], chosen, SPAN):
            assert "error" not in answer, answer


@pytest.mark.cluster
@pytest.mark.parametrize("uid", ALL)
def test_every_variable_has_values(uid: str, page: Dashboards) -> None:
    for name, values in page.options(uid, {}, SPAN).items():
        assert values, name


@pytest.mark.cluster
def test_a_variable_offers_what_goes_with_those_before_it(page: Dashboards) -> None:
    assert page.options("aicc-nodes", {"pool": ["zhenwu"]}, SPAN)["node"] == ["zhenwu-0", "zhenwu-1"]


@pytest.mark.cluster
def test_a_panel_s_legend_names_series_by_labels_that_they_have(page: Dashboards) -> None:
    for uid, document in ALL.items():
        for panel in document["panels"]:
            if panel["type"] == "row":
                continue
            for target, answer in zip(panel.get("targets", ()), page.answers(uid, panel["id"], {}, SPAN), strict=True):
                labels = {name for series in answer["result"] for name in series["metric"]}
                wanted = set(LABEL.findall(target.get("legendFormat", "")))
                assert wanted <= labels, (uid, panel["title"], answer["expr"])


@pytest.mark.cluster
def test_figures_are_those_of_the_centre(page: Dashboards) -> None:
    """The pages' sums, against what is known of the centre."""
    held = value(page, "aicc-overview", "Accelerators in use")
    now = [pod for pod in CENTRE.pods if pod.is_there(CENTRE.hours)]
    assert held == pytest.approx(
        sum(pod.pieces for pod in now) / sum(pool.pieces * pool.nodes for pool in CENTRE.pools)
    )
    accounts = series(page, "aicc-overview", "IT power by tenant")
    assert set(accounts) == {*TENANTS, "platform", "idle"}
    assert value(page, "aicc-overview", "Power now") == pytest.approx(PUE * sum(accounts.values()), rel=1e-3)
    assert value(page, "aicc-green", "Unknown nodes") == 1


def panel_of(uid: str, title: str) -> dict[str, Any]:
    return next(panel for panel in ALL[uid]["panels"] if panel["title"] == title)


def value(page: Dashboards, uid: str, title: str) -> float:
    (only,) = series(page, uid, title).values()
    return only


def series(page: Dashboards, uid: str, title: str) -> dict[str, float]:
    """The last value of each series of a panel, by its only label."""
    (answer,) = page.answers(uid, panel_of(uid, title)["id"], {}, SPAN)
    found = {}
    for one in answer["result"]:
        name = next(iter(one["metric"].values()), "")
        found[name] = float((one["values"][-1] if "values" in one else one["value"])[1])
    return found


def test_every_record_that_a_panel_reads_is_recorded() -> None:
    read = {name for _, panel in (case.values for case in EVERY) for name in RECORD.findall(str(panel["targets"]))}
    assert read - records() == set()


def test_a_panel_that_the_page_cannot_draw_is_an_error() -> None:
    document = deepcopy(ALL["aicc-overview"])
    document["panels"][1]["type"] = "geomap"
    with pytest.raises(UndrawableError, match="aicc-overview: panel 'Nodes ready' is of type 'geomap'"):
        Dashboards({"aicc-overview": document}, None)  # type: ignore[arg-type]

"""What holds for every dashboard, whoever adds it; the queries themselves are run in test_queries."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from aicc.dashboards import __main__ as generator
from aicc.dashboards import definitions
from aicc.dashboards.files import FOLDER, UIDS, dashboards

ALL = dashboards()
COLUMNS = 24
OWN = re.compile(r"\$(?:__rate_interval|__range_s|__range|__interval)\b")


def panels(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in document["panels"] if panel["type"] != "row"]


EVERY = [pytest.param(uid, panel, id=f"{uid}: {panel['title']}") for uid in ALL for panel in panels(ALL[uid])]


def test_the_files_are_those_of_the_definitions() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*")}
    assert there == generator.generated(), "make dashboards"


def test_every_dashboard_is_in_menus_and_no_other() -> None:
    assert [str(define().uid) for define in definitions.ALL] == list(UIDS)


@pytest.mark.parametrize("uid", ALL)
def test_a_dashboard_is_findable_and_tells_its_panels_apart(uid: str) -> None:
    document = ALL[uid]
    titles = Counter(panel["title"] for panel in panels(document))
    assert [title for title, times in titles.items() if times > 1] == []
    numbers = [panel["id"] for panel in document["panels"]]
    assert len(set(numbers)) == len(numbers)
    assert document["tags"] == ["aicc"]
    assert document["description"]
    assert [link["type"] for link in document["links"]] == ["dashboards"]


@pytest.mark.parametrize("uid", ALL)
def test_panels_fill_their_rows_and_none_covers_another(uid: str) -> None:
    taken: Counter[tuple[int, int]] = Counter()
    for panel in ALL[uid]["panels"]:
        at = panel["gridPos"]
        taken.update((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"]))
    assert max(taken.values()) == 1
    lines = {y for _, y in taken}
    gaps = {y for y in lines if sum(1 for x in range(COLUMNS) if (x, y) in taken) != COLUMNS}
    assert lines == set(range(max(lines) + 1))
    assert gaps == set()
    assert max(x for x, _ in taken) == COLUMNS - 1


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_a_panel_says_what_it_shows_and_what_is_bad(uid: str, panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert "Bad: " in panel["description"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"]
    assert defaults["noValue"]
    assert defaults["thresholds"]["steps"][0]["value"] is None
    bounds = [step["value"] for step in defaults["thresholds"]["steps"][1:]]
    assert bounds == sorted(bounds)


@pytest.mark.parametrize(("uid", "panel"), EVERY)
def test_a_panel_uses_declared_variables_only(uid: str, panel: dict[str, Any]) -> None:
    declared = {variable["name"] for variable in ALL[uid]["templating"]["list"]}
    for target in panel["targets"]:
        used = set(re.findall(r"\$(\w+)", OWN.sub("", target["expr"])))
        assert used <= declared, target["expr"]


@pytest.mark.parametrize("uid", ALL)
def test_every_variable_narrows_something(uid: str) -> None:
    document = ALL[uid]
    text = " ".join(target["expr"] for panel in panels(document) for target in panel["targets"])
    text += " ".join(str(variable["query"]) for variable in document["templating"]["list"])
    unused = [item["name"] for item in document["templating"]["list"] if f"${item['name']}" not in text]
    assert unused == ["datasource"]  # which every panel's data source is


def links(uid: str) -> set[str]:
    found: set[str] = set()
    for panel in panels(ALL[uid]):
        found |= {link["url"] for link in panel.get("links", [])}
        for override in panel["fieldConfig"]["overrides"]:
            for item in override["properties"]:
                found |= {link["url"] for link in item["value"]} if item["id"] == "links" else set()
    return found


@pytest.mark.parametrize("uid", ALL)
def test_links_lead_somewhere_and_set_what_is_there(uid: str) -> None:
    for url in links(uid):
        match = re.fullmatch(r"/d/(aicc-\w+)(?:\?var-(\w+)=\$\{__value\.text\})?", url)
        assert match, url
        assert match[1] in ALL
        assert match[2] is None or match[2] in {item["name"] for item in ALL[match[1]]["templating"]["list"]}


@pytest.mark.parametrize("uid", ALL)
def test_simulated_data_is_said_to_be_simulated_at_the_top(uid: str) -> None:
    first = panels(ALL[uid])[0]
    assert first["title"] == "Simulated"
    assert first["gridPos"] == {"x": 0, "y": 0, "w": COLUMNS, "h": 2}
    assert 'simulated="true"' in first["targets"][0]["expr"]


def test_the_same_account_has_the_same_colour_everywhere() -> None:
    found: dict[str, set[str]] = {}
    for uid in ALL:
        for panel in panels(ALL[uid]):
            for override in panel["fieldConfig"]["overrides"]:
                for item in override["properties"]:
                    if item["id"] == "color":
                        found.setdefault(override["matcher"]["options"], set()).add(item["value"]["fixedColor"])
    assert {name for name, colours in found.items() if len(colours) > 1} == set()
    assert {"idle", "platform", "measured", "estimated", "unknown"} <= set(found)

"""Every alert, as `alerts/*.yaml` beside this tells it: quiet, firing with its labels, resolved; its text and runbook.

A case is turned into promtool's own tests, of the series `ALERTS` that Prometheus writes of every alert.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aicc import progress, toolbox
from aicc.paths import REPO
from tests.monitoring.rules.expressions import ALERTS, ORDER, needed
from tests.monitoring.rules.reconcile import CHART
from tests.support.promtool import Promtool, PromtoolError

HERE = Path(__file__).parent / "alerts"
CASES = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("*.yaml"))}
SEVERITIES = {"page", "ticket", "info"}
OWNERS = {"serving", "accelerators", "platform", "tenants", "accounting"}


def write(folder: Path, case: dict[str, Any], test: dict[str, Any]) -> Path:
    """A file of promtool's with one case, beside the rules that it needs."""
    alert = ALERTS[case["alert"]]
    # `rules`: the case gives the other records as series.
    rules = [*(rule for rule in needed(alert) if rule["file"] in case.get("rules", ORDER)), alert]
    shipped = [{key: value for key, value in rule.items() if key != "file"} for rule in rules]
    (folder / f"{case['alert']}.rules").write_text(yaml.safe_dump({"groups": [{"name": "needed", "rules": shipped}]}))
    path = folder / f"{case['alert']}.test"
    document = {"rule_files": [f"{case['alert']}.rules"], "evaluation_interval": "1m", "tests": [test]}
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def promtools(case: dict[str, Any]) -> dict[str, Any]:
    firing = f'ALERTS{{alertname="{case["alert"]}",alertstate="firing"}}'
    labels = {"__name__": "ALERTS", "alertname": case["alert"], "alertstate": "firing", **case["labels"]}
    labels |= ALERTS[case["alert"]]["labels"]
    shown = ",".join(f'{name}="{value}"' for name, value in labels.items())
    tests = [{"expr": firing, "eval_time": case["firing"], "exp_samples": [{"labels": f"{{{shown}}}", "value": 1}]}]
    tests += [{"expr": firing, "eval_time": case[moment]} for moment in ("quiet", "resolved") if moment in case]
    return {
        "name": case["alert"],
        "interval": "1m",
        "input_series": [{"series": name, "values": str(values)} for name, values in case["series"].items()],
        "promql_expr_test": tests,
    }


@pytest.mark.parametrize("family", sorted(CASES))
def test_alerts_fire_are_quiet_and_resolve(promtool: Promtool, tmp_path: Path, family: str) -> None:
    promtool.test_rules([write(tmp_path, case, promtools(case)) for case in CASES[family]])


def test_every_alert_has_a_case_with_all_three_states() -> None:
    told = {case["alert"]: case for cases in CASES.values() for case in cases}
    assert told.keys() == ALERTS.keys()
    assert [name for name, case in told.items() if not {"quiet", "firing", "resolved"} <= case.keys()] == ["Watchdog"]


def test_what_an_alert_says_is_rendered(promtool: Promtool, tmp_path: Path) -> None:
    """Expecting none, promtool prints what it got: no template may have failed, and every one shows a figure."""
    files = []
    for case in (case for family in CASES.values() for case in family):
        expected = [{"eval_time": case["firing"], "alertname": case["alert"], "exp_alerts": []}]
        files.append(write(tmp_path, case, promtools(case) | {"promql_expr_test": [], "alert_rule_test": expected}))
    with pytest.raises(PromtoolError) as found:
        promtool.test_rules(files)
    got = str(found.value)
    assert "<error" not in got
    assert "<no value>" not in got
    assert "{{" not in got
    assert [alert for alert in ALERTS if f'alertname="{alert}"' not in got] == []


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_an_alert_says_who_what_and_how_to_mend_it(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in SEVERITIES
    assert rule["labels"]["owner"] in OWNERS
    texts = rule["annotations"]
    assert set(texts) == {"summary", "description", "runbook_url"}
    assert "$value" in texts["description"], "a description has a figure"
    page, anchor = texts["runbook_url"].split("#")
    assert anchor == alert.lower()
    assert page == f"docs/runbooks/{rule['file']}.md"
    section = sections(REPO / page)[alert]
    assert [part for part in ("**Means.**", "**Impact.**", "**Look.**", "**Mend.**") if part not in section] == []


def test_a_runbook_has_no_section_of_an_alert_that_is_gone() -> None:
    found = {name for file in {rule["file"] for rule in ALERTS.values()} for name in alerts_in(file)}
    assert found == ALERTS.keys()


def test_inhibitions_name_alerts_that_exist(tmp_path: Path) -> None:
    inhibitions = yaml.safe_load((CHART / "alertmanager" / "inhibit-rules.yaml").read_text(encoding="utf-8"))
    named = [
        name
        for rule in inhibitions
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
        for name in re.fullmatch(r'alertname=~?"([^"]+)"', matcher)[1].split("|")
    ]
    assert [name for name in named if not any(re.fullmatch(name, alert) for alert in ALERTS)] == []
    config = {"route": {"receiver": "none"}, "receivers": [{"name": "none"}], "inhibit_rules": inhibitions}
    file = tmp_path / "alertmanager.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    amtool = toolbox.ensure(["amtool"], progress.reporter())["amtool"]
    subprocess.run([amtool, "check-config", file], check=True, capture_output=True)


def test_each_page_is_accounted_for() -> None:
    """Few wake somebody: docs/architecture/monitoring.md says why of each."""
    text = (REPO / "docs" / "architecture" / "monitoring.md").read_text(encoding="utf-8")
    pages = {name for name, rule in ALERTS.items() if rule["labels"]["severity"] == "page"}
    table = text.split("## Pages", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == pages


def alerts_in(file: str) -> Iterator[str]:
    for name in sections(REPO / "docs" / "runbooks" / f"{file}.md"):
        if (re.fullmatch(r"[A-Z][A-Za-z]+", name) and re.search(r"[a-z][A-Z]", name)) or name == "Watchdog":
            yield name


def sections(page: Path) -> dict[str, str]:
    """A page's sections by heading."""
    parts = re.split(r"^## (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))

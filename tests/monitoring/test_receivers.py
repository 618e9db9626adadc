"""What a DingTalk robot is sent: the chart's template, filled in by Alertmanager's own template engine.

That Alertmanager sends it (`payload`) takes 0.32 or newer; the one that the local centre runs is older.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from aicc import paths, progress, toolbox
from tests.charts.test_monitoring import FULL, _Loader
from tests.support.helm import Helm


def payload() -> str:
    """As the chart renders it into the AlertmanagerConfig."""
    helm = Helm(toolbox.ensure(["helm"], progress.reporter())["helm"])
    text = helm.template(paths.CHARTS / "monitoring", FULL, release="monitoring", namespace="aicc-monitoring")
    bodies = [body for body in yaml.load_all(text, Loader=_Loader) if body]
    [config] = [body for body in bodies if body["kind"] == "AlertmanagerConfig"]
    [receiver] = [each for each in config["spec"]["receivers"] if each["name"] == "robot"]
    return str(receiver["webhookConfigs"][0]["payload"])


def alert(summary: str, **annotations: str) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "TenantOverBudget", "severity": "ticket", "tenant": "research"},
        "annotations": {"summary": summary, **annotations},
        "startsAt": "2026-11-27T00:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": "1",
    }


def sent(folder: Path, *alerts: dict[str, Any], status: str = "firing") -> Any:
    """The message, read as the robot reads it."""
    amtool = toolbox.ensure(["amtool"], progress.reporter())["amtool"]
    data = {
        "receiver": "robot",
        "status": status,
        "alerts": alerts,
        "groupLabels": {},
        "commonLabels": {"alertname": "TenantOverBudget"},
        "commonAnnotations": {},
        "externalURL": "",
    }
    (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")
    (folder / "none.tmpl").touch()
    given = [f"--template.glob={folder / 'none.tmpl'}", f"--template.data={folder / 'data.json'}"]
    command = [amtool, "template", "render", *given, f"--template.text={payload()}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_robot_gets_its_own_form_whatever_an_alert_says(tmp_path: Path) -> None:
    summary = 'research: "93 %" of its budget\nand {{ more }} \\'
    message = sent(tmp_path, alert(summary, runbook_url="https://example.com/runbooks/budget.md"), alert("another"))
    assert set(message) == {"msgtype", "markdown"}
    assert message["msgtype"] == "markdown"
    assert message["markdown"]["title"] == "FIRING: TenantOverBudget"
    assert message["markdown"]["text"] == (
        "### FIRING: TenantOverBudget"
        f"\n\n- **ticket** {summary} [runbook](https://example.com/runbooks/budget.md)"
        "\n\n- **ticket** another"
    )


def test_it_is_told_that_an_alert_is_over(tmp_path: Path) -> None:
    assert sent(tmp_path, alert("a"), status="resolved")["markdown"]["title"] == "RESOLVED: TenantOverBudget"

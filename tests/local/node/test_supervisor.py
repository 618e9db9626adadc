"""The supervisor, without a sandbox: parts that end are started again, later each time, and that is on record."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from aicc.local.node.layout import Layout
from aicc.paths import REPO

from .conftest import until

PROGRAM = """
import sys
from pathlib import Path
from aicc.local.node.layout import Layout
from aicc.local.node.parts import Part
from aicc.local.node.supervisor import Supervisor

home = Layout(Path(sys.argv[1]))
ready = home.home / "ready"
Supervisor(home, (
    Part("fails", ("sh", "-c", "exit 3"), lambda: False),
    Part("waits", ("sleep", "1000"), ready.exists),
    Part("follows", ("sleep", "1000"), lambda: True, after="waits"),
)).run()
"""


def _events(where: Layout, part: str) -> list[dict[str, object]]:
    if not where.events.exists():
        return []
    lines = [json.loads(line) for line in where.events.read_text().splitlines()]
    return [line for line in lines if line["part"] == part]


def test_parts_are_started_in_order_and_again_after_ever_longer_pauses(tmp_path: Path) -> None:
    where = Layout(tmp_path)
    where.logs.mkdir()
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, cwd=REPO, start_new_session=True) as supervisor:
        try:
            until(lambda: len(_events(where, "fails")) >= 8)
            assert _events(where, "follows") == []
            (tmp_path / "ready").touch()
            until(lambda: _events(where, "follows"))
            state = until(lambda: (found := json.loads(where.state.read_text())["parts"]) and found["follows"]["ready"])
            assert state is True
        finally:
            for line in subprocess.check_output(["ps", "-o", "pid=", "--ppid", str(supervisor.pid)], text=True).split():
                subprocess.run(["kill", line], check=False)
            supervisor.kill()
    ended = [event for event in _events(where, "fails") if event["event"] == "ended"]
    assert {event["code"] for event in ended} == {3}
    started = [event for event in _events(where, "fails") if event["event"] == "started"]
    pauses = [
        (datetime.fromisoformat(str(start["time"])) - datetime.fromisoformat(str(end["time"]))).total_seconds()
        for end, start in zip(ended, started[1:], strict=False)
    ]
    assert pauses[2] > pauses[0]

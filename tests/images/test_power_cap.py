"""The program that caps, with a tool in place of nvidia-smi that keeps limits as a driver does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from power_cap.__main__ import keep

from aicc.paths import REPO

TOOL = """#!{python}
import json, pathlib, sys
state = pathlib.Path({state!r})
limits = json.loads(state.read_text())
arguments = sys.argv[1:]
if arguments[0].startswith("--query-gpu=index,power.limit,power.min_limit,power.max_limit,power.default_limit"):
    for index, limit in limits.items():
        print(f"{{index}}, {{limit:.2f}}, 200.00, 700.00, 700.00")
elif arguments[0] == "-i" and arguments[2] == "-pl":
    if {deaf}:
        print("All done.")
        sys.exit(0)
    if not 200 <= int(arguments[3]) <= 700:
        sys.exit("out of range")
    limits[arguments[1]] = float(arguments[3])
    state.write_text(json.dumps(limits))
else:
    sys.exit(9)
"""


class Driver:
    def __init__(self, folder: Path, *, deaf: bool = False) -> None:
        self.state = folder / "limits.json"
        self.state.write_text('{"0": 700.0, "1": 700.0}')
        tool = folder / "nvidia-smi"
        tool.write_text(TOOL.format(python=sys.executable, state=str(self.state), deaf=deaf))
        tool.chmod(0o700)
        self.environment = {**os.environ, "PATH": str(folder), "PYTHONPATH": str(REPO / "images" / "power-cap")}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "power_cap", *arguments]
        return subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE, text=True)

    def has(self, *watts: float) -> bool:
        return self.state.read_text() == f'{{"0": {watts[0]}, "1": {watts[1]}}}'


@pytest.fixture
def driver(tmp_path: Path) -> Driver:
    return Driver(tmp_path)


def eventually(driver: Driver, *watts: float) -> None:
    deadline = time.monotonic() + 60
    while not driver.has(*watts):
        assert time.monotonic() < deadline, driver.state.read_text()
        time.sleep(0.05)


def test_every_device_is_capped_and_given_back(driver: Driver) -> None:
    with driver.start("--watts=500") as process:
        eventually(driver, 500.0, 500.0)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert driver.has(700.0, 700.0)
    assert "device 0: from 700 W to 500 W" in said


def test_a_limit_that_somebody_changed_is_set_anew(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", driver.environment["PATH"])
    assert keep(500) == 0
    driver.state.write_text('{"0": 700.0, "1": 500.0}')
    assert keep(500) == 0
    assert driver.has(500.0, 500.0)


def test_a_cap_that_the_driver_cannot_keep_is_refused_before_any_device_is_changed(driver: Driver) -> None:
    with driver.start("--watts=150") as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "150 W is not from 200 to 700 W; nothing was set" in said
    assert driver.has(700.0, 700.0)


def test_a_driver_that_says_yes_and_keeps_its_limit_is_found_out(tmp_path: Path) -> None:
    with Driver(tmp_path, deaf=True).start("--watts=500") as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the driver still has 700 W, 700 W instead of 500 W" in said


def test_a_node_without_the_tool_says_so(driver: Driver, tmp_path: Path) -> None:
    (tmp_path / "nvidia-smi").unlink()
    with driver.start("--watts=500") as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "nvidia-smi" in said

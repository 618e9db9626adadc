"""`aicc dashboard` as a program: without a terminal, to its address, and to its end."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from aicc import stacks
from aicc.commands.dashboard import scrape_seconds
from aicc.paths import REPO

PROMETHEUS = "http://127.0.0.1:1"


@contextmanager
def dashboard(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "aicc", "dashboard", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(REPO), "NO_COLOR": "1"}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line = process.stdout.readline()
    assert line.startswith("dashboards of stack local: http://127.0.0.1:"), line
    return line.rpartition(" ")[2].strip()


def status(url: str, path: str) -> int:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        connection.request("GET", path)
        return connection.getresponse().status


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_serves_and_ends_well(how: signal.Signals) -> None:
    with dashboard("--prometheus", PROMETHEUS) as process:
        url = address(process)
        assert process.stdout
        assert process.stdout.readline() == f"they show what {PROMETHEUS} says; Ctrl-C ends them\n"
        assert [status(url, path) for path in ("/d/aicc-overview", "/assets/plotly.js", "/x")] == [200, 200, 404]
        process.send_signal(how)
        assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 0


def test_a_stack_s_address_is_the_same_each_time() -> None:
    found = set()
    for _ in range(2):
        with dashboard("--prometheus", PROMETHEUS) as process:
            found.add(address(process))
    assert len(found) == 1


def test_a_port_that_is_taken_is_a_clear_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with dashboard("--prometheus", PROMETHEUS, "--port", port) as process:
            _, errors = process.communicate(timeout=60)
    assert process.returncode == 4
    assert errors == f"error: something else listens on 127.0.0.1:{port}\n  → name another --port, or none\n"


def test_samples_are_as_far_apart_as_the_plan_says() -> None:
    local = stacks.stack("local")
    assert local.plan.monitoring
    assert scrape_seconds(local) == local.plan.monitoring.scrape_seconds == 15
    assert scrape_seconds(replace(local, plan=replace(local.plan, monitoring=None))) == 60

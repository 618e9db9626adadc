"""An engine whose machine vanishes: no packet comes back, so nothing says that it is gone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from aicc import paths
from tests.gateway.stack import KEYS, Engine, Gateway, Process, call, running, wait_for
from tests.support.helm import Helm

SOURCE = paths.REPO / "images" / "gateway" / "patience" / "patience.c"
ROUTERS_OWN_SECONDS = 10
"""SMG gives up on a connection after ten seconds, and then tries the same engine again."""
HERE, THERE, PORT = "10.231.77.1", "10.231.77.2", 18000
NAME = f"aicc-{os.getpid()}"
"""Of the namespace, and of the link to it."""
ABSENT = [what for what in ("ip", "cc") if shutil.which(what) is None]

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or bool(ABSENT),
    reason=f"a machine that vanishes is a network namespace: that needs root, ip and cc; absent: {ABSENT}",
)


@pytest.fixture
def preload(tmp_path: Path) -> Path:
    built = tmp_path / "patience.so"
    subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", "-o", built, SOURCE], check=True)
    return built


@contextmanager
def other_machine() -> Iterator[Callable[[], None]]:
    """A network namespace behind a link; what is given cuts it off, without a word to anybody."""

    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True)

    ip("netns", "add", NAME)
    try:
        ip("link", "add", NAME, "type", "veth", "peer", "name", "eth0", "netns", NAME)
        ip("addr", "add", f"{HERE}/30", "dev", NAME)
        ip("link", "set", NAME, "up")
        ip("-n", NAME, "addr", "add", f"{THERE}/30", "dev", "eth0")
        ip("-n", NAME, "link", "set", "eth0", "up")
        yield lambda: ip("-n", NAME, "link", "set", "eth0", "down")
    finally:
        # The namespace itself goes once its last connection has, the link at once.
        subprocess.run(["ip", "link", "del", NAME], check=False, capture_output=True)
        ip("netns", "del", NAME)


def engine_there(folder: Path) -> Engine:
    inside = ["ip", "netns", "exec", NAME, sys.executable, "-m", "tests.support.engine"]
    command = [*inside, "--host", THERE, "--port", str(PORT), "--model", "tiny"]
    return Engine("tiny", PORT, Process.start(command, folder / "far.log"), THERE)


def answered_by(gateway: Gateway) -> set[str]:
    found = json.loads(call(gateway.router_port, "GET", "/workers").body)["workers"]
    return {worker["url"] for worker in found if worker["is_healthy"]}


def test_requests_are_answered_by_another_before_the_router_itself_would_have_noticed(
    gate: Path, helm: Helm, preload: Path, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        vanish = stack.enter_context(other_machine())
        far, near = engine_there(tmp_path), Engine.start("tiny", tmp_path)
        stack.callback(far.process.stop)
        stack.callback(near.process.stop)
        gateway = stack.enter_context(running(Gateway(tmp_path, gate, helm, ("tiny",), preload=preload), [far, near]))
        wait_for(lambda: len(answered_by(gateway)) == 2, "both engines are known", seconds=30)
        for number in range(20):
            assert gateway.chat(f"{number} hello").status == 200
        vanish()
        assert [status_of(gateway, f"{number} again") for number in range(20)] == [200] * 20


def status_of(gateway: Gateway, content: str) -> int:
    """Of a client that waits less than the router does for a single attempt."""
    connection = HTTPConnection("127.0.0.1", gateway.port, timeout=ROUTERS_OWN_SECONDS - 1)
    body = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": content}]})
    try:
        connection.request("POST", "/v1/chat/completions", body, {"Authorization": f"Bearer {KEYS['cloud']}"})
        return connection.getresponse().status
    finally:
        connection.close()

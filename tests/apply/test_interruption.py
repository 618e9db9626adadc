from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from aicc.kube.client import Kube
from aicc.local import processes
from aicc.local.cluster import LocalCluster
from aicc.local.configuration import Layout
from aicc.paths import REPO
from aicc.progress import Reporter
from tests.support.centre import eventually

from .apply_many import COUNT
from .builders import Stack, config_map, namespace

pytestmark = pytest.mark.cluster
ENOUGH = 20


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_apply_that_is_ended_in_the_middle_is_completed_or_undone_by_the_next_run(
    cluster: LocalCluster, stack: Stack, how: signal.Signals
) -> None:
    mine = Stack(stack.kube, f"ended-{how.name.lower()}", stack.reporter)
    command = [sys.executable, "-m", "tests.apply.apply_many", str(cluster.kubeconfig), mine.name]
    with subprocess.Popen(command, cwd=REPO, env=os.environ, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: len(mine.live()) >= ENOUGH, "some are applied")
        process.send_signal(how)
    assert process.returncode != 0
    assert ENOUGH <= len(mine.live()) < COUNT

    outcome = mine.apply(namespace(mine.name), config_map("c0", mine.name), config_map("new", mine.name))
    assert set(mine.live()) == {f"{mine.name}/c0", f"{mine.name}/new"}
    assert len(outcome.pruned) >= ENOUGH - 1
    mine.destroy()
    assert (mine.live(), mine.live("v1", "Namespace")) == ({}, {})


def test_a_restart_of_the_api_server_in_the_middle_is_waited_out(
    cluster: LocalCluster, stack: Stack, reporter: Reporter
) -> None:
    declared = [config_map(f"c{number}", "restart") for number in range(COUNT)]
    with Kube.from_kubeconfig(cluster.kubeconfig, concurrency=2) as slow, ThreadPoolExecutor(1) as background:
        running = background.submit(Stack(slow, stack.name, reporter).apply, namespace("restart"), *declared)
        eventually(lambda: len(stack.live()) >= ENOUGH, "some are applied")
        layout = Layout(cluster.kubeconfig.parent.resolve() / "control-plane")
        processes.kill(layout, ["kube-apiserver"])
        assert not running.done()
        cluster.start(reporter)
        outcome = running.result()
    assert len(outcome.created) == COUNT + 1
    assert len(stack.live()) == COUNT

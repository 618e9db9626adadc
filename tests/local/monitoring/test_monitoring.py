"""Monitoring beside a real control plane: on loopback, back when killed, its data kept, and nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from aicc import stacks
from aicc.local.cluster import LocalCluster
from aicc.local.monitoring.layout import METER, PROGRAMS, PROMETHEUS, SIMULATOR
from aicc.local.monitoring.monitoring import Monitoring
from aicc.stacks import Stack
from tests.support.centre import eventually, small_config
from tests.support.monitored import Monitored
from tests.support.recorder import Recorder

pytestmark = pytest.mark.cluster
NAME = "monitored"


@pytest.fixture(scope="module")
def stack(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    file = tmp_path_factory.mktemp("stack") / f"Pulumi.{NAME}.yaml"
    file.write_text(yaml.safe_dump({"config": {"ai-compute-center:center": small_config()}}))
    cluster = LocalCluster(NAME, real_node=False)
    try:
        cluster.start(Recorder())
        yield stacks.stack(str(file))
    finally:
        cluster.delete(Recorder())


@pytest.fixture
def monitoring(stack: Stack) -> Iterator[Monitoring]:
    own = Monitoring(NAME)
    start(own, stack)
    yield own
    own.delete()
    assert own.status() is None


def start(monitoring: Monitoring, stack: Stack) -> None:
    assert stack.plan.monitoring is not None
    monitoring.start(stack, stack.plan.monitoring, None, Recorder())


def pids(monitoring: Monitoring) -> dict[str, int | None]:
    status = monitoring.status()
    assert status is not None
    return {program.name: program.pid for program in status.programs}


def address(monitoring: Monitoring) -> Monitored:
    status = monitoring.status()
    assert status is not None
    return Monitored(status.prometheus)


def test_every_program_runs_and_listens_on_loopback_alone(monitoring: Monitoring) -> None:
    found = pids(monitoring)
    assert list(found) == list(PROGRAMS)
    listeners = [
        connection.laddr.ip
        for pid in found.values()
        for connection in psutil.Process(pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listeners) == len(PROGRAMS)
    assert set(listeners) == {"127.0.0.1"}


def test_starting_again_changes_nothing_and_what_was_killed_comes_back(monitoring: Monitoring, stack: Stack) -> None:
    before = pids(monitoring)
    start(monitoring, stack)
    assert pids(monitoring) == before
    for name in (METER, SIMULATOR):
        psutil.Process(before[name]).kill()
    status = monitoring.status()
    assert status is not None
    assert status.short == ["meter does not run", "simulator does not run"]
    start(monitoring, stack)
    after = pids(monitoring)
    assert all(after.values())
    assert {name for name in PROGRAMS if after[name] != before[name]} == {METER, SIMULATOR}


def test_a_prometheus_that_was_killed_keeps_what_it_had(monitoring: Monitoring, stack: Stack) -> None:
    query = 'count(count_over_time(up{job="apiserver"}[1h]))'
    eventually(lambda: address(monitoring).value(query) == 1, "the API server was read once")
    first = first_read(monitoring)
    psutil.Process(pids(monitoring)[PROMETHEUS]).kill()
    start(monitoring, stack)
    assert first_read(monitoring) == first


def first_read(monitoring: Monitoring) -> float:
    """When the API server was read for the first time, in seconds since the epoch."""
    [series] = address(monitoring).get("query", query='up{job="apiserver"}[1h]')["result"]
    return float(series["values"][0][0])


def test_stopped_it_keeps_its_data_and_goes_on_where_it_was(monitoring: Monitoring, stack: Stack) -> None:
    ports = address(monitoring).url
    monitoring.stop()
    assert monitoring.status() is None
    start(monitoring, stack)
    assert address(monitoring).url.startswith(ports.rpartition(":")[0])


def test_what_is_written_is_its_owner_s_alone(monitoring: Monitoring, state: Path) -> None:
    home = state / "aicc" / NAME / "monitoring"
    open_to_others = [path for path in home.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o077]
    assert open_to_others == []

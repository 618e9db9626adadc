"""KEDA beside a real control plane: it listens on loopback, comes back when killed, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from aicc.errors import ClusterError
from aicc.kube.client import Kube
from aicc.local.cluster import LocalCluster
from aicc.local.keda import certificates
from aicc.local.keda.keda import Keda
from aicc.local.keda.layout import OPERATOR, PROGRAMS, Layout
from aicc.local.keda.network import Network, network_of
from tests.support.keda import BUILT
from tests.support.recorder import Recorder

STACK = "with-keda"


@pytest.fixture(scope="module")
def kube(state: Path) -> Iterator[Kube]:
    cluster = LocalCluster(STACK, real_node=False)
    cluster.start(Recorder())
    try:
        with Kube.from_kubeconfig(cluster.kubeconfig) as connected:
            yield connected
    finally:
        cluster.delete(Recorder())


@pytest.fixture
def keda(kube: Kube) -> Iterator[Keda]:
    started = Keda(STACK)
    started.start(kube, network_of(STACK, None), Recorder())
    yield started
    started.delete()


def pids(keda: Keda) -> dict[str, int | None]:
    return {program.name: program.pid for program in keda.status()}


@BUILT
@pytest.mark.cluster
def test_both_programs_run_and_every_listener_is_on_loopback(keda: Keda) -> None:
    found = pids(keda)
    assert list(found) == list(PROGRAMS)
    listeners = [
        connection.laddr.ip
        for pid in found.values()
        for connection in psutil.Process(pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listeners) == 4
    assert set(listeners) == {"127.0.0.1"}


@BUILT
@pytest.mark.cluster
def test_starting_again_changes_nothing(keda: Keda, kube: Kube) -> None:
    before = pids(keda)
    keda.start(kube, network_of(STACK, None), Recorder())
    assert pids(keda) == before


@BUILT
@pytest.mark.cluster
def test_what_was_killed_is_seen_and_comes_back(keda: Keda, kube: Kube) -> None:
    operator = psutil.Process(pids(keda)[OPERATOR])
    operator.kill()
    psutil.wait_procs([operator], timeout=10)
    assert pids(keda)[OPERATOR] is None
    keda.start(kube, network_of(STACK, None), Recorder())
    assert all(pids(keda).values())


@BUILT
@pytest.mark.cluster
def test_a_stack_that_asks_for_it_no_more_has_none(keda: Keda, kube: Kube) -> None:
    processes = [psutil.Process(pid) for pid in pids(keda).values()]
    keda.retire(kube)
    assert keda.status() == ()
    # One that nobody has reaped yet holds nothing any more.
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)
    assert kube.get("apiregistration.k8s.io/v1", "APIService", "v1beta1.external.metrics.k8s.io") is None


@BUILT
@pytest.mark.cluster
def test_keys_and_credentials_are_their_owner_s_alone_and_on_no_command_line(keda: Keda, state: Path) -> None:
    home = state / "aicc" / STACK / "keda"
    secret = [home / "certificates" / "tls.key", home / "kubeconfig"]
    assert [path.stat().st_mode & 0o077 for path in secret] == [0, 0]
    kept = [line for path in secret for line in path.read_text().splitlines() if len(line) > 60]
    for pid in pids(keda).values():
        line = " ".join(psutil.Process(pid).cmdline())
        assert not any(text.strip() in line for text in kept)


def test_ports_are_kept(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert layout.ports() is None
    chosen = layout.choose_ports()
    assert layout.ports() == chosen
    assert len(set(vars(chosen).values())) == 4


def test_a_spoilt_record_of_ports_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"adapter": 1')
    assert Layout(tmp_path).ports() is None


def test_a_machine_without_openssl_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match="openssl is not on PATH"):
        certificates.issue(tmp_path)


def test_the_authority_s_key_is_not_kept(tmp_path: Path) -> None:
    certificates.issue(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"ca.crt", "tls.crt", "tls.key"}


def test_a_process_is_in_the_network_that_it_was_started_in() -> None:
    here = Network("", None)
    assert here.holds(psutil.Process().pid)
    assert not here.holds(2**22 + 1), "there is no such process"
    assert here.prefix == ()
    assert Network("", 17).prefix == ("nsenter", "--net=/proc/17/ns/net")

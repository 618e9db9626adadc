"""The lease on a real API server: one holder at a time, dead holders taken over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from aicc.apply import lease
from aicc.errors import LockedError
from aicc.kube.client import Kube
from aicc.kube.transport import UnreachableError
from aicc.progress import PlainReporter

pytestmark = pytest.mark.cluster
PLACE = (lease.API, lease.KIND, "aicc-shared", lease.NAMESPACE)


@pytest.fixture(autouse=True)
def clean(kube: Kube) -> Iterator[None]:
    yield
    kube.delete(*PLACE)


def _held_by(kube: Kube, holder: str, renewed: timedelta) -> None:
    at = (datetime.now(UTC) - renewed).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    kube.create(
        {
            "apiVersion": lease.API,
            "kind": lease.KIND,
            "metadata": {"name": "aicc-shared", "namespace": lease.NAMESPACE},
            "spec": {"holderIdentity": holder, "leaseDurationSeconds": 60, "acquireTime": at, "renewTime": at},
        }
    )


def test_it_is_held_during_the_run_and_gone_after(kube: Kube, reporter: PlainReporter) -> None:
    with lease.held(kube, "shared", reporter):
        found = kube.get(*PLACE)
        assert found is not None
        assert "process" in found["spec"]["holderIdentity"]
    assert kube.get(*PLACE) is None


def test_it_is_gone_after_a_run_that_failed(kube: Kube, reporter: PlainReporter) -> None:
    with pytest.raises(RuntimeError), lease.held(kube, "shared", reporter):
        raise RuntimeError
    assert kube.get(*PLACE) is None


def test_a_run_that_lost_the_api_server_says_so_at_once_and_leaves_it_to_the_next(
    kube: Kube, reporter: PlainReporter
) -> None:
    with pytest.raises(UnreachableError, match="gone"), lease.held(kube, "shared", reporter):
        raise UnreachableError("gone")
    assert kube.get(*PLACE) is not None, "it was not asked for"
    with lease.held(kube, "shared", reporter):
        pass
    assert kube.get(*PLACE) is None


def test_a_live_holder_elsewhere_is_named(kube: Kube, reporter: PlainReporter) -> None:
    _held_by(kube, "ada@otherhost, process 7", timedelta(seconds=5))
    with (
        pytest.raises(LockedError, match="in use by ada@otherhost, process 7"),
        lease.held(kube, "shared", reporter),
    ):
        pytest.fail("it was not refused")
    assert kube.get(*PLACE) is not None


def test_a_holder_that_stopped_renewing_is_taken_over(kube: Kube, reporter: PlainReporter) -> None:
    _held_by(kube, "ada@otherhost, process 7", timedelta(seconds=lease.DURATION_SECONDS + 1))
    with lease.held(kube, "shared", reporter):
        found = kube.get(*PLACE)
        assert found is not None
        assert "otherhost" not in found["spec"]["holderIdentity"]


def test_a_dead_process_of_this_machine_is_taken_over_at_once(
    kube: Kube, reporter: PlainReporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    _held_by(kube, "ada@thishost, process 4194303", timedelta(seconds=1))
    monkeypatch.setattr("socket.gethostname", lambda: "thishost")
    with lease.held(kube, "shared", reporter):
        assert kube.get(*PLACE) is not None


def test_it_is_renewed(kube: Kube, reporter: PlainReporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.05)
    with lease.held(kube, "shared", reporter):
        before = kube.get(*PLACE)
        assert before is not None
        renewed = before["spec"]["renewTime"]
        for _ in range(200):
            now = kube.get(*PLACE)
            assert now is not None
            if now["spec"]["renewTime"] > renewed:
                return
        pytest.fail("never renewed")

"""Volumes of the real node against a real API server with its controllers: none is lost, and none is reused full."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aicc.errors import ClusterError
from aicc.kube.client import Kube
from aicc.local import volumes
from tests.support.centre import eventually
from tests.support.recorder import Recorder

pytestmark = pytest.mark.cluster
NODE, STACK = "host-0", "volumes"
ALL = {f"{kind}-{index}" for kind in volumes.CLASSES for index in range(volumes.OF_EACH)}


def _there(kube: Kube) -> dict[str, dict[str, Any]]:
    return {volume["metadata"]["name"]: volume for volume in kube.list("v1", "PersistentVolume")}


@pytest.fixture(autouse=True)
def _none_after(kube: Kube, state: Path) -> Iterator[None]:
    yield
    for claim in kube.list("v1", "PersistentVolumeClaim", "default"):
        kube.delete("v1", "PersistentVolumeClaim", claim["metadata"]["name"], "default")
    for name in _there(kube):
        kube.delete("v1", "PersistentVolume", name)
    eventually(lambda: not _there(kube), "volumes are still there")
    volumes.forget(STACK)


def _offer(kube: Kube, node: str = NODE) -> dict[str, dict[str, Any]]:
    volumes.reconcile(kube, STACK, node, Recorder())
    return _there(kube)


def _claim(kube: Kube, name: str) -> None:
    """Have a claim of the same name use the volume."""
    kind = name.rpartition("-")[0]
    spec = {
        "accessModes": [volumes.CLASSES[kind]],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": kind,
        "volumeName": name,
    }
    metadata = {"name": name, "namespace": "default"}
    kube.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
    _becomes(kube, name, "Bound")


def _release(kube: Kube, name: str) -> None:
    """As a volume is after its claim was deleted."""
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "default", "name": "gone", "uid": "gone"}
    kube.patch("v1", "PersistentVolume", name, {"spec": {"claimRef": claim}})
    _becomes(kube, name, "Released")


def _becomes(kube: Kube, name: str, phase: str) -> None:
    eventually(lambda: _there(kube)[name]["status"].get("phase") == phase, f"{name} did not become {phase}")


def test_every_volume_is_offered_on_the_node_and_again_changes_nothing(kube: Kube) -> None:
    first = _offer(kube)
    assert set(first) == ALL
    assert {name: each["metadata"]["uid"] for name, each in _offer(kube).items()} == {
        name: each["metadata"]["uid"] for name, each in first.items()
    }


def test_pods_of_any_user_write_into_a_folder_that_nobody_else_reaches(kube: Kube) -> None:
    _offer(kube)
    home = volumes.folder(STACK)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {stat.S_IMODE((home / name).stat().st_mode) for name in ALL} == {0o777}


def test_what_a_claim_uses_is_kept(kube: Kube) -> None:
    _offer(kube)
    kept = volumes.folder(STACK) / "aicc-shared-0" / "weights"
    kept.write_text("kept")
    _claim(kube, "aicc-shared-0")
    _offer(kube)
    assert kept.read_text() == "kept"


def test_a_volume_whose_claim_is_gone_is_emptied_and_offered_again(kube: Kube) -> None:
    before = _offer(kube)
    left = volumes.folder(STACK) / "aicc-block-3" / "left"
    left.write_text("another's")
    _release(kube, "aicc-block-3")
    after = _offer(kube)
    assert set(after) == ALL
    assert not left.exists()
    changed = {name for name in ALL if before[name]["metadata"]["uid"] != after[name]["metadata"]["uid"]}
    assert changed == {"aicc-block-3"}
    assert "deletionTimestamp" not in after["aicc-block-3"]["metadata"]


def test_a_node_of_another_name_is_offered_all_of_them(kube: Kube) -> None:
    _offer(kube)
    for each in _offer(kube, "host-1").values():
        [term] = each["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
        assert term["matchExpressions"][0]["values"] == ["host-1"]


def test_a_claimed_volume_of_a_node_that_is_no_more_is_said_and_not_emptied(
    kube: Kube, monkeypatch: pytest.MonkeyPatch
) -> None:
    _offer(kube)
    kept = volumes.folder(STACK) / "aicc-block-1" / "kept"
    kept.write_text("kept")
    _claim(kube, "aicc-block-1")
    monkeypatch.setattr(volumes, "_WAIT_SECONDS", 2.0)
    with pytest.raises(ClusterError, match=r"still claimed on a node that is no more: .*aicc-block-1"):
        _offer(kube, "host-1")
    assert kept.read_text() == "kept"


def test_volumes_of_others_are_left_alone(kube: Kube) -> None:
    other = volumes.manifest("somebody-s", "aicc-block", Path("/srv/other"), "elsewhere")
    uid = kube.create(other)["metadata"]["uid"]
    _release(kube, "somebody-s")
    assert _offer(kube)["somebody-s"]["metadata"]["uid"] == uid


def test_forgetting_removes_what_they_hold_and_is_no_error_twice(kube: Kube) -> None:
    _offer(kube)
    volumes.forget(STACK)
    volumes.forget(STACK)
    assert not volumes.folder(STACK).exists()

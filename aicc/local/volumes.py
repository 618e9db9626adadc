"""Volumes on a local cluster's real node: folders of this machine, offered before anything claims one.

They are `local` PersistentVolumes, so no pod mounts a path of the host. Their size is nominal: all share the disk. What
a deleted claim leaves is thrown away the next time.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aicc import paths
from aicc.errors import ClusterError
from aicc.kube.client import Kube
from aicc.progress import Reporter
from infra.clouds.local_paths import state_home

CLASSES = {"aicc-block": "ReadWriteOnce", "aicc-shared": "ReadWriteMany"}
"""Access modes; on one node, many pods are many writers of a folder."""
OF_EACH = 8
CAPACITY = "1Ti"
"""More than any claim of a centre on one machine: what it says is a limit is the claim's."""
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.2


def folder(stack: str) -> Path:
    """Where they are kept."""
    return state_home() / stack / "volumes"


def reconcile(kube: Kube, stack: str, node: str, reporter: Reporter) -> None:
    """Offer every volume on the node; those whose claim is gone are emptied and offered again.

    Raises ClusterError where one that has to go is still claimed; nothing of it is emptied.
    """
    there = {volume["metadata"]["name"]: volume for volume in kube.list("v1", "PersistentVolume")}
    wanted = {f"{kind}-{index}": kind for kind in CLASSES for index in range(OF_EACH)}
    spent = [name for name in wanted if _spent(there.get(name), node)]
    with reporter.step("Offering volumes", total=len(wanted)) as step:
        kube.map(lambda name: kube.delete("v1", "PersistentVolume", name), spent)
        _wait_until_gone(kube, spent)
        home = paths.private_dir(folder(stack))
        for name in wanted:
            if name in spent:
                shutil.rmtree(home / name, ignore_errors=True)
            _make(home / name)
        missing = [name for name in wanted if name in spent or name not in there]
        kube.map(lambda name: kube.create(manifest(name, wanted[name], home / name, node)), missing)
        step.update(len(wanted))


def forget(stack: str) -> None:
    """Remove what they hold, once no cluster is there."""
    shutil.rmtree(folder(stack), ignore_errors=True)


def manifest(name: str, kind: str, path: Path, node: str) -> dict[str, Any]:
    """Return one volume."""
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": CAPACITY},
            "accessModes": [CLASSES[kind]],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": kind,
            "local": {"path": str(path)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }


def _spent(volume: Mapping[str, Any] | None, node: str) -> bool:
    """Whether a volume is of no use as it is: its claim is gone, or it is on another node."""
    if volume is None:
        return False
    [term] = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    return volume.get("status", {}).get("phase") in {"Released", "Failed"} or (
        term["matchExpressions"][0]["values"] != [node]
    )


def _wait_until_gone(kube: Kube, spent: Sequence[str]) -> None:
    """The cluster's controllers let go of a deleted volume after a moment, and of a claimed one never."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while left := [name for name in spent if kube.get("v1", "PersistentVolume", name) is not None]:
        if time.monotonic() > deadline:
            raise ClusterError(
                f"volumes are still claimed on a node that is no more: {', '.join(left)}",
                hint="delete their claims (kubectl get pvc -A), and run the command again",
            )
        time.sleep(_POLL_SECONDS)


def _make(path: Path) -> None:
    path.mkdir(exist_ok=True)
    # For users of pods, of whom this machine knows nothing; the folder above is private.
    path.chmod(0o777)

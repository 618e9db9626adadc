"""Simulated nodes: Node objects that kwok keeps Ready, made to be exactly those that the plan's pools ask for.

Real nodes are never touched: everything here carries, and selects, the label `aicc.io/simulated`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from aicc.errors import ClusterError, NotReadyError
from aicc.kube.client import Kube
from aicc.kube.readiness import holds
from aicc.kube.transport import ApiError
from aicc.local.configuration import NODE_ANNOTATION
from aicc.progress import Reporter
from infra import quantity, versions

SIMULATED = {"aicc.io/simulated": "true"}
"""The label of every simulated node."""

_DECLARED_LABELS = "aicc.io/declared-labels"
"""The annotation that remembers which labels are ours to remove: others may add theirs."""
_SELECTOR = ",".join(f"{key}={value}" for key, value in SIMULATED.items())
_KUBELET_LABELS = {
    f"{prefix}kubernetes.io/{key}": value
    for prefix in ("", "beta.")
    for key, value in {"os": "linux", "arch": "amd64"}.items()
}
_NODE_INFO = {"kubeletVersion": f"kwok-{versions.KWOK}", "operatingSystem": "linux", "architecture": "amd64"}
_KUBELET_CAPACITY = {"pods": "110"}
_LIFECYCLE_TAINTS = "node.kubernetes.io/"
"""Taints below this prefix belong to the node lifecycle controller."""
_NOT_READY = "node.kubernetes.io/not-ready"
_WAIT_SECONDS = 600.0
_POLL_SECONDS = 1.0

Node = Mapping[str, Any]


@dataclass(frozen=True)
class SimulatedNode:
    """One node as its pool declares it."""

    name: str
    labels: Mapping[str, str]
    taints: Sequence[Mapping[str, str]]
    """In Kubernetes' spelling: key, value, effect."""
    capacity: Mapping[str, str]
    """Quantities by resource, such as cpu, memory and extended resources."""

    def all_labels(self) -> dict[str, str]:
        """Return its labels with those that a kubelet and the node lifecycle controller set."""
        return _KUBELET_LABELS | {"kubernetes.io/hostname": self.name} | dict(self.labels) | SIMULATED

    def all_capacity(self) -> dict[str, str]:
        """Return its capacity, with a kubelet's limit on pods where none is given."""
        return _KUBELET_CAPACITY | dict(self.capacity)

    def manifest(self) -> dict[str, Any]:
        """Return the Node object, Ready as it stands: one write instead of five until pods can be placed on it."""
        labels, capacity = self.all_labels(), self.all_capacity()
        annotations = {**NODE_ANNOTATION, _DECLARED_LABELS: ",".join(sorted(labels))}
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.name, "labels": labels, "annotations": annotations},
            "spec": {"taints": [dict(taint) for taint in self.taints]},
            "status": {
                "capacity": capacity,
                "allocatable": capacity,
                "addresses": [{"type": "Hostname", "address": self.name}],
                "conditions": [{"type": "Ready", "status": "True", "reason": "Simulated"}],
                "nodeInfo": _NODE_INFO,
                "phase": "Running",
            },
        }


@dataclass(frozen=True)
class NodeChanges:
    """How many nodes `reconcile` found in each case."""

    created: int
    changed: int
    deleted: int
    unchanged: int


def reconcile(kube: Kube, nodes: Sequence[SimulatedNode], reporter: Reporter) -> NodeChanges:
    """Make the cluster's simulated nodes exactly `nodes`, and wait until all are Ready.

    Pods on a node that goes are deleted first, without regard to disruption budgets, so that their controllers place
    them elsewhere. Raises ClusterError where a real node has a wanted name, NotReadyError where nodes stay NotReady.
    """
    live = {node["metadata"]["name"]: node for node in _list(kube)}
    wanted = {node.name: node for node in nodes}
    absent = [node for name, node in wanted.items() if name not in live]
    different = [node for name, node in wanted.items() if name in live and _differs(node, live[name])]
    surplus = [name for name in live if name not in wanted]
    if absent or different or surplus:
        with reporter.step("Changing simulated nodes", total=len(absent) + len(different) + len(surplus)) as step:
            _remove(kube, surplus)
            step.update(len(surplus))
            kube.map(lambda node: _change(kube, node, live[node.name]), different)
            step.update(len(surplus) + len(different))
            kube.map(lambda node: _create(kube, node), absent)
    if absent or not all(_is_ready(live[name]) for name in wanted):
        _wait_ready(kube, frozenset(wanted), reporter)
    return NodeChanges(len(absent), len(different), len(surplus), len(wanted) - len(absent) - len(different))


def _list(kube: Kube) -> list[dict[str, Any]]:
    return kube.list("v1", "Node", label_selector=_SELECTOR)


def _create(kube: Kube, node: SimulatedNode) -> None:
    try:
        kube.create(node.manifest())
    except ApiError as error:
        if error.code != 409:
            raise
        found = kube.get("v1", "Node", node.name)
        # An attempt whose answer was lost may have created it; anything else of that name is not ours.
        if found is None or not SIMULATED.items() <= found["metadata"].get("labels", {}).items():
            raise ClusterError(
                f"there is a real node named {node.name}, so no simulated one can be made",
                hint="rename the pool, or remove that node",
            ) from error


def _differs(node: SimulatedNode, live: Node) -> bool:
    wanted, metadata, status = node.manifest()["metadata"], live["metadata"], live.get("status", {})
    return not (
        wanted["labels"].items() <= metadata.get("labels", {}).items()
        and wanted["annotations"].items() <= metadata.get("annotations", {}).items()
        and _declared_taints(live) == _normalised(node.taints)
        and _amounts(status.get("capacity", {})) == _amounts(node.all_capacity())
        and _amounts(status.get("allocatable", {})) == _amounts(node.all_capacity())
    )


def _change(kube: Kube, node: SimulatedNode, live: Node) -> None:
    manifest = node.manifest()
    declared = live["metadata"].get("annotations", {}).get(_DECLARED_LABELS, "").split(",")
    metadata = {
        "labels": _replacing(filter(None, declared), manifest["metadata"]["labels"]),
        "annotations": manifest["metadata"]["annotations"],
    }
    taints = [*manifest["spec"]["taints"], *_lifecycle_taints(live)]
    kube.patch("v1", "Node", node.name, {"metadata": metadata, "spec": {"taints": taints}})
    status = {
        field: _replacing(live.get("status", {}).get(field, ()), node.all_capacity())
        for field in ("capacity", "allocatable")
    }
    kube.patch_status("v1", "Node", node.name, status)


def _replacing(old: Iterable[str], new: Mapping[str, str]) -> dict[str, str | None]:
    """Return the merge patch that removes the keys in `old` that `new` has not, and sets the others."""
    return {**dict.fromkeys(old), **new}


def _remove(kube: Kube, names: Sequence[str]) -> None:
    """Drain and delete nodes. The nodes go last, because kwok ends pods only on nodes that exist."""
    if not names:
        return
    gone = frozenset(names)
    if occupied := sorted({pod["spec"]["nodeName"] for pod in _pods_on(kube, gone)}):
        kube.map(lambda name: kube.patch("v1", "Node", name, {"spec": {"unschedulable": True}}), occupied)
        deadline = time.monotonic() + _WAIT_SECONDS
        while pods := _without_daemons(_pods_on(kube, gone)):
            if time.monotonic() > deadline:
                raise NotReadyError(
                    f"{len(pods)} pods on nodes that are to go do not end, such as {_title(pods[0])}",
                    hint="something else holds them, such as a finalizer: `kubectl get pod -o yaml` shows what",
                )
            leaving = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
            kube.map(lambda pod: _delete_pod(kube, pod), leaving)
            time.sleep(_POLL_SECONDS)
    kube.map(lambda name: kube.delete("v1", "Node", name), names)


def _pods_on(kube: Kube, nodes: frozenset[str]) -> list[dict[str, Any]]:
    return [pod for pod in kube.list("v1", "Pod") if pod["spec"].get("nodeName") in nodes]


def _without_daemons(pods: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out pods of DaemonSets: they would come back at once, and the pod garbage collector ends them."""
    return [
        pod
        for pod in pods
        if not any(owner["kind"] == "DaemonSet" for owner in pod["metadata"].get("ownerReferences", ()))
    ]


def _delete_pod(kube: Kube, pod: Node) -> None:
    metadata = pod["metadata"]
    kube.delete("v1", "Pod", metadata["name"], metadata["namespace"])


def _wait_ready(kube: Kube, wanted: frozenset[str], reporter: Reporter) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    with reporter.step("Waiting for simulated nodes", total=len(wanted)) as step:
        while waiting := wanted - {node["metadata"]["name"] for node in _list(kube) if _is_ready(node)}:
            step.update(len(wanted) - len(waiting))
            if time.monotonic() > deadline:
                raise NotReadyError(
                    f"{len(waiting)} of {len(wanted)} simulated nodes are not Ready, such as {min(waiting)}",
                    hint="kwok keeps them Ready: start the cluster again, which restarts it where it does not answer",
                )
            time.sleep(_POLL_SECONDS)
        step.update(len(wanted))


def _is_ready(node: Node) -> bool:
    """Whether pods can be placed: Ready, and any taint from when it was not taken off."""
    return holds(node, "Ready") and not any(
        taint["key"] == _NOT_READY for taint in node.get("spec", {}).get("taints", ())
    )


def _declared_taints(node: Node) -> list[dict[str, str]]:
    taints = node.get("spec", {}).get("taints", ())
    return _normalised([taint for taint in taints if not taint["key"].startswith(_LIFECYCLE_TAINTS)])


def _lifecycle_taints(node: Node) -> list[Mapping[str, str]]:
    taints = node.get("spec", {}).get("taints", ())
    return [taint for taint in taints if taint["key"].startswith(_LIFECYCLE_TAINTS)]


def _normalised(taints: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return taints in an order and spelling that compare: an empty value may be left out."""
    present = [{key: taint[key] for key in ("key", "value", "effect") if taint.get(key)} for taint in taints]
    return sorted(present, key=lambda taint: (taint["key"], taint["effect"]))


def _amounts(quantities: Mapping[str, str]) -> dict[str, Fraction | str]:
    """Return quantities as numbers: the API server rewrites `2048Mi` as `2Gi`."""
    return {name: _amount(text) for name, text in quantities.items()}


def _amount(text: str) -> Fraction | str:
    try:
        return quantity.parse(text)
    except ValueError:
        return text  # written by someone else, in a form that we never write: it differs


def _title(pod: Node) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"

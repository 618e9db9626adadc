"""Why an object is not ready, or not gone, in the words of the cluster."""

from __future__ import annotations

from collections.abc import Mapping

from aicc.kube.client import Kube
from aicc.kube.readiness import Object, condition, own_status


def why_not_ready(kube: Kube, obj: Object | None) -> str:
    """The readiness message, and for a workload what stops its newest pod that is not ready.

    Also of what nothing waits for: who asks wants to know.
    """
    message = own_status(obj).message
    if obj is None:
        return message
    refused = condition(obj, "ReplicaFailure") or {}
    reason = refused.get("message") if refused.get("status") == "True" else _newest_pod_reason(kube, obj)
    return f"{message}; {reason}" if reason else message


def why_not_gone(kube: Kube, obj: Object) -> str:
    """The finalizers that hold a deleted object, and for a namespace what is left in it."""
    metadata = obj["metadata"]
    live = kube.get(obj["apiVersion"], obj["kind"], metadata["name"], metadata.get("namespace"))
    if live is None:
        return "gone just now"
    held_by = (live["metadata"].get("finalizers") or []) + ((live.get("spec") or {}).get("finalizers") or [])
    contents = [
        each["message"]
        for each in (live.get("status") or {}).get("conditions") or []
        if each["status"] == "True" and (each["type"].startswith("Namespace") or each["type"] == "Terminating")
    ]
    return "; ".join([f"held by finalizer {', '.join(held_by) or '(none)'}", *contents])


def _newest_pod_reason(kube: Kube, workload: Object) -> str | None:
    labels = _pod_labels(workload)
    if not labels:
        return None
    pods = kube.list(
        "v1",
        "Pod",
        workload["metadata"].get("namespace"),
        ",".join(f"{key}={value}" for key, value in labels.items()),
    )
    # A pod that has failed wants for nothing, in kstatus' words; it speaks where no other pod does.
    failed = [pod for pod in pods if (pod.get("status") or {}).get("phase") == "Failed"]
    waiting = [pod for pod in pods if not own_status(pod).current] or failed
    if not waiting:
        return None
    newest = max(waiting, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
    return f"Pod {newest['metadata']['name']}: {_pod_reason(newest)}"


def _pod_labels(workload: Object) -> Mapping[str, str] | None:
    """What a workload's pods are labelled with; a LeaderWorkerSet selects its own by its name."""
    if workload["kind"] == "LeaderWorkerSet":
        return {"leaderworkerset.sigs.k8s.io/name": workload["metadata"]["name"]}
    selector = (workload.get("spec") or {}).get("selector")
    return selector.get("matchLabels") if isinstance(selector, dict) else None


def _pod_reason(pod: Object) -> str:
    scheduled = condition(pod, "PodScheduled") or {}
    if scheduled.get("status") == "False" and scheduled.get("message"):
        return str(scheduled["message"])
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        if stopped := _stopped(container):
            # A container that keeps its log as its message may have said much before what it ended with.
            detail = _last_line(stopped.get("message")) or f"exit code {stopped.get('exitCode')}"
            return f"container {container['name']}: {stopped['reason']}: {detail}"
    ready = condition(pod, "Ready") or {}
    return str(ready.get("message") or own_status(pod).message)


def _stopped(container: Object) -> Object | None:
    """Why a container does not run: what it waits for, or how it ended."""
    now = container.get("state") or {}
    found = now.get("waiting") or now.get("terminated") or (container.get("lastState") or {}).get("terminated")
    usual = {None, "PodInitializing", "ContainerCreating", "Completed"}
    return found if found and found.get("reason") not in usual else None


def _last_line(text: str | None) -> str:
    return next((line for line in reversed((text or "").splitlines()) if line.strip()), "")

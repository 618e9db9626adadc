"""Whether an object has reached what its spec asks for: the rules of kstatus, so that other tools agree.

A port of sigs.k8s.io/cli-utils v0.37.2, pkg/kstatus/status, which decides from one object without asking the cluster.
Four kinds have a rule here that kstatus lacks. Later objects depend on the controller of three: Namespace, APIService
and ResourceQuota (until its status is computed, every object that it counts is refused). A LeaderWorkerSet is a model
on several nodes, which is waited for like any other. A Job's rule is another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from aicc.kube.discovery import group_of

Object = Mapping[str, Any]

SCHEDULE_WINDOW = timedelta(seconds=15)
"""How long a pod may be unscheduled before it counts as unschedulable."""
SKIP_AWAIT = "pulumi.com/skipAwait"
"""The annotation of what nothing waits for, whatever becomes of it; the Pulumi CLI heeds it, too."""
NO_DEADLINE = 2**31 - 1
"""`progressDeadlineSeconds` with which a Deployment never reports progress."""


class State(StrEnum):
    """Where an object is on its way."""

    CURRENT = "current"
    IN_PROGRESS = "in_progress"
    FAILED = "failed"
    TERMINATING = "terminating"
    NOT_FOUND = "not_found"


@dataclass(frozen=True)
class Readiness:
    """An object's state and why."""

    state: State
    message: str

    @property
    def current(self) -> bool:
        """Whether the object is what its spec asks for."""
        return self.state is State.CURRENT


def status_of(obj: Object | None) -> Readiness:
    """The readiness of an object as the API server returned it, for who waits for it; None where there is none."""
    if obj is not None and (obj["metadata"].get("annotations") or {}).get(SKIP_AWAIT) == "true":
        return _current("Nothing waits for it")
    return own_status(obj)


def own_status(obj: Object | None) -> Readiness:
    """The readiness of an object by itself, whether or not anything waits for it."""
    if obj is None:
        return Readiness(State.NOT_FOUND, "Resource not found")
    if found := _generic(obj):
        return found
    group, kind = group_of(obj["apiVersion"]), obj["kind"]
    if rule := _RULES.get(f"{group}/{kind}" if group else kind):
        return rule(obj)
    return _ready_condition(obj) or _current("Resource is current")


def condition(obj: Object, kind: str) -> Object | None:
    """The object's status condition of a type."""
    return next((each for each in _conditions(obj) if each.get("type") == kind), None)


def holds(obj: Object, kind: str) -> bool:
    """Whether the object's status condition of a type is true."""
    return any(each["type"] == kind and each["status"] == "True" for each in _conditions(obj))


def _generic(obj: Object) -> Readiness | None:
    metadata = obj["metadata"]
    if metadata.get("deletionTimestamp"):
        return Readiness(State.TERMINATING, "Resource scheduled for deletion")
    generation, observed = metadata.get("generation"), (obj.get("status") or {}).get("observedGeneration")
    if generation is not None and observed is not None and observed != generation:
        return _waiting(f"{obj['kind']} generation is {generation}, but latest observed generation is {observed}")
    for each in _conditions(obj):
        if each["type"] == "Reconciling" and each["status"] == "True":
            return _waiting(each.get("message", ""))
        if each["type"] == "Stalled" and each["status"] == "True":
            return _failed(each.get("message", ""))
    return None


def _ready_condition(obj: Object) -> Readiness | None:
    ready = condition(obj, "Ready")
    if ready is None:
        return None
    return _current("Resource is Ready") if ready["status"] == "True" else _waiting(ready.get("message", ""))


def _always(_: Object) -> Readiness:
    return _current("Resource is always ready")


def _deployment(obj: Object) -> Readiness:
    progressing = _int(obj, "spec.progressDeadlineSeconds", NO_DEADLINE) == NO_DEADLINE
    if progress := condition(obj, "Progressing"):
        if progress.get("reason") == "ProgressDeadlineExceeded":
            return _failed("Progress deadline exceeded")
        progressing |= progress["status"] == "True" and progress.get("reason") == "NewReplicaSetAvailable"
    wanted = _int(obj, "spec.replicas", 1)
    replicas, updated = _int(obj, "status.replicas"), _int(obj, "status.updatedReplicas")
    available, ready = _int(obj, "status.availableReplicas"), _int(obj, "status.readyReplicas")
    return (
        _short("Replicas", replicas, wanted)
        or _short("Updated", updated, wanted)
        or _extra(replicas, wanted)
        or _short("Available", available, updated)
        or _short("Ready", ready, wanted)
        or (None if progressing else _waiting("ReplicaSet not Available"))
        or (None if holds(obj, "Available") else _waiting("Deployment not Available"))
        or _current(f"Deployment is available. Replicas: {replicas}")
    )


def _stateful_set(obj: Object) -> Readiness:
    if _get(obj, "spec.updateStrategy.type") == "OnDelete":
        return _current("StatefulSet is using the ondelete update strategy")
    wanted, replicas = _int(obj, "spec.replicas", 1), _int(obj, "status.replicas")
    if found := (
        _short("Replicas", replicas, wanted)
        or _short("Ready", _int(obj, "status.readyReplicas"), wanted)
        or _extra(replicas, wanted)
    ):
        return found
    partition = _get(obj, "spec.updateStrategy.rollingUpdate.partition")
    if partition is not None:
        updated = _int(obj, "status.updatedReplicas")
        return _short("updated", updated, wanted - int(partition)) or _current(
            f"Partition rollout complete. updated: {updated}"
        )
    if found := _short("current", _int(obj, "status.currentReplicas"), wanted):
        return found
    if _get(obj, "status.currentRevision") != _get(obj, "status.updateRevision"):
        return _waiting("Waiting for updated revision to match current")
    return _current(f"All replicas scheduled as expected. Replicas: {replicas}")


def _leader_worker_set(obj: Object) -> Readiness:
    """Replicas are whole groups: one is ready when each of its pods is."""
    wanted = _int(obj, "spec.replicas", 1)
    return (
        _short("Updated groups", _int(obj, "status.updatedReplicas"), wanted)
        or _extra(_int(obj, "status.replicas"), wanted)
        or _short("Ready groups", _int(obj, "status.readyReplicas"), wanted)
        or (None if holds(obj, "Available") or not wanted else _waiting("LeaderWorkerSet not Available"))
        or _current(f"All groups are ready. Groups: {wanted}")
    )


def _replica_set(obj: Object) -> Readiness:
    if holds(obj, "ReplicaFailure"):
        return _waiting("Replica Failure condition. Check Pods")
    wanted, replicas = _int(obj, "spec.replicas", 1), _int(obj, "status.replicas")
    return (
        _short("Labelled", _int(obj, "status.fullyLabeledReplicas"), wanted)
        or _short("Available", _int(obj, "status.availableReplicas"), wanted)
        or _short("Ready", _int(obj, "status.readyReplicas"), wanted)
        or _extra(replicas, wanted)
        or _current(f"ReplicaSet is available. Replicas: {replicas}")
    )


def _daemon_set(obj: Object) -> Readiness:
    for field in ("metadata.generation", "status.observedGeneration", "status.desiredNumberScheduled"):
        if _get(obj, field) is None:
            return _waiting(f"DaemonSet {field} not found")
    wanted = _int(obj, "status.desiredNumberScheduled")
    return (
        _short("Current", _int(obj, "status.currentNumberScheduled"), wanted)
        or _short("Updated", _int(obj, "status.updatedNumberScheduled"), wanted)
        or _short("Available", _int(obj, "status.numberAvailable"), wanted)
        or _short("Ready", _int(obj, "status.numberReady"), wanted)
        or _current(f"All replicas scheduled as expected. Replicas: {wanted}")
    )


def _claim(obj: Object) -> Readiness:
    phase = _get(obj, "status.phase") or "unknown"
    return _current("PVC is Bound") if phase == "Bound" else _waiting(f"PVC is not Bound. phase: {phase}")


def _pod(obj: Object) -> Readiness:
    phase = _get(obj, "status.phase")
    if phase == "Succeeded":
        return _current("Pod has completed successfully")
    if phase == "Failed":
        return _current("Pod has completed, but not successfully")
    if phase == "Running":
        return _running_pod(obj)
    if phase == "Pending":
        return _pending_pod(obj)
    return _waiting(f"Pod phase {phase}" if phase else "Pod phase not available")


def _running_pod(obj: Object) -> Readiness:
    if holds(obj, "Ready"):
        return _current("Pod is Ready")
    looping = [
        each["name"]
        for each in _get(obj, "status.containerStatuses") or []
        if _get(each, "state.waiting.reason") == "CrashLoopBackOff"
    ]
    if looping:
        return _failed(f"Containers in CrashLoop state: {','.join(looping)}")
    return _waiting("Pod is running but is not Ready")


def _pending_pod(obj: Object) -> Readiness:
    scheduled = condition(obj, "PodScheduled") or {}
    if scheduled.get("status") != "False" or scheduled.get("reason") != "Unschedulable":
        return _waiting("Pod is in the Pending phase")
    created = _get(obj, "metadata.creationTimestamp")
    if created and datetime.now(UTC) - datetime.fromisoformat(created) < SCHEDULE_WINDOW:
        return _waiting("Pod has not been scheduled")
    return _failed("Pod could not be scheduled")


def _job(obj: Object) -> Readiness:
    """A job is current once its work is done, and while it is suspended.

    kstatus asks only whether the controller does its work. What depends on a job depends on what it did, and the Pulumi
    CLI waits for it too. A suspended job, held by a person or a queue, is as its spec asks, as in kstatus. The spec
    decides, since the condition lags behind when a job is resumed.
    """
    completions = _int(obj, "spec.completions", _int(obj, "spec.parallelism", 1))
    succeeded, failed = _int(obj, "status.succeeded"), _int(obj, "status.failed")
    if holds(obj, "Complete"):
        return _current(f"Job Completed. succeeded: {succeeded}/{completions}")
    if holds(obj, "Failed"):
        return _failed(f"Job Failed. failed: {failed}/{completions}")
    if _get(obj, "spec.suspend"):
        return _current("Job is suspended")
    if not _get(obj, "status.startTime"):
        return _waiting("Job not started")
    return _waiting(f"Job in progress. success:{succeeded}, active: {_int(obj, 'status.active')}, failed: {failed}")


def _service(obj: Object) -> Readiness:
    if _get(obj, "spec.type") == "LoadBalancer" and not _get(obj, "spec.clusterIP"):
        return _waiting("ClusterIP not set. Service type: LoadBalancer")
    return _current("Service is ready")


def _disruption_budget(_: Object) -> Readiness:
    return _current("AllowedDisruptions has been computed.")


def _definition(obj: Object) -> Readiness:
    for each in _conditions(obj):
        if each["type"] == "NamesAccepted" and each["status"] == "False":
            return _failed(each.get("message", ""))
        if each["type"] == "Established":
            if each["status"] == "False" and each.get("reason") != "Installing":
                return _failed(each.get("message", ""))
            if each["status"] == "True":
                return _current("CRD is established")
    return _waiting("Install in progress")


def _namespace(obj: Object) -> Readiness:
    phase = _get(obj, "status.phase")
    return _current("Namespace is Active") if phase == "Active" else _waiting(f"Namespace phase: {phase}")


def _api_service(obj: Object) -> Readiness:
    available = condition(obj, "Available") or {"status": "Unknown", "message": "APIService not observed"}
    return _current("APIService is available") if available["status"] == "True" else _waiting(available["message"])


def _resource_quota(obj: Object) -> Readiness:
    if _get(obj, "status.hard") == _get(obj, "spec.hard"):
        return _current("Usage has been computed")
    return _waiting("Usage has not been computed")


_RULES: Mapping[str, Callable[[Object], Readiness]] = {
    "ConfigMap": _always,
    "Namespace": _namespace,
    "PersistentVolumeClaim": _claim,
    "Pod": _pod,
    "ResourceQuota": _resource_quota,
    "Secret": _always,
    "Service": _service,
    "apiextensions.k8s.io/CustomResourceDefinition": _definition,
    "apiregistration.k8s.io/APIService": _api_service,
    "apps/DaemonSet": _daemon_set,
    "apps/Deployment": _deployment,
    "apps/ReplicaSet": _replica_set,
    "apps/StatefulSet": _stateful_set,
    "batch/CronJob": _always,
    "batch/Job": _job,
    "leaderworkerset.x-k8s.io/LeaderWorkerSet": _leader_worker_set,
    "policy/PodDisruptionBudget": _disruption_budget,
}


def _current(message: str) -> Readiness:
    return Readiness(State.CURRENT, message)


def _waiting(message: str) -> Readiness:
    return Readiness(State.IN_PROGRESS, message)


def _failed(message: str) -> Readiness:
    return Readiness(State.FAILED, message)


def _short(what: str, have: int, wanted: int) -> Readiness | None:
    return _waiting(f"{what}: {have}/{wanted}") if wanted > have else None


def _extra(replicas: int, wanted: int) -> Readiness | None:
    return _waiting(f"Pending termination: {replicas - wanted}") if replicas > wanted else None


def _conditions(obj: Object) -> list[Object]:
    return (obj.get("status") or {}).get("conditions") or []


def _get(obj: Object, path: str) -> Any:
    value: Any = obj
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value


def _int(obj: Object, path: str, default: int = 0) -> int:
    value = _get(obj, path)
    return value if isinstance(value, int) else default

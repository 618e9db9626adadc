from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from aicc.kube.readiness import State, status_of

UPSTREAM: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("kstatus_cases.yaml").read_text())


@pytest.mark.parametrize("case", [pytest.param(each, id=each["name"]) for each in UPSTREAM])
def test_the_state_is_the_one_kstatus_gives(case: dict[str, Any]) -> None:
    obj = case["object"]
    if obj["metadata"].get("creationTimestamp") == "NOW":
        obj["metadata"]["creationTimestamp"] = datetime.now(UTC).isoformat()
    assert status_of(obj).state == case["state"]


def obj(kind: str, api_version: str = "v1", **content: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "test"}, **content}


def conditions(*each: tuple[str, str]) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, "message": f"{kind} it is"} for kind, status in each]}


def groups(**status: Any) -> dict[str, Any]:
    return obj("LeaderWorkerSet", "leaderworkerset.x-k8s.io/v1", spec={"replicas": 2}, status=status)


@pytest.mark.parametrize(
    ("given", "state", "message"),
    [
        (None, State.NOT_FOUND, "Resource not found"),
        (
            obj("Pod", metadata={"name": "test", "deletionTimestamp": "2026-01-01T00:00:00Z"}),
            State.TERMINATING,
            "Resource scheduled for deletion",
        ),
        (obj("Any", "a/v1", status=conditions(("Stalled", "True"))), State.FAILED, "Stalled it is"),
        (obj("Any", "a/v1", status=conditions(("Reconciling", "True"))), State.IN_PROGRESS, "Reconciling it is"),
        (
            obj("Any", "a/v1", status=conditions(("Ready", "True"), ("Reconciling", "True"))),
            State.IN_PROGRESS,
            "Reconciling it is",
        ),
        (obj("Namespace", status={"phase": "Active"}), State.CURRENT, "Namespace is Active"),
        (obj("Namespace"), State.IN_PROGRESS, "Namespace phase: None"),
        (
            obj("APIService", "apiregistration.k8s.io/v1", status=conditions(("Available", "False"))),
            State.IN_PROGRESS,
            "Available it is",
        ),
        (
            obj("APIService", "apiregistration.k8s.io/v1", status=conditions(("Available", "True"))),
            State.CURRENT,
            "APIService is available",
        ),
        (
            obj("Job", "batch/v1", status={"startTime": "2026-01-01T00:00:00Z", "active": 1}),
            State.IN_PROGRESS,
            "Job in progress. success:0, active: 1, failed: 0",
        ),
        # Held back by its declaration or by a queue: before the controller has seen it, and after.
        (obj("Job", "batch/v1", spec={"suspend": True}), State.CURRENT, "Job is suspended"),
        (
            obj("Job", "batch/v1", spec={"suspend": True}, status=conditions(("Suspended", "True"))),
            State.CURRENT,
            "Job is suspended",
        ),
        # Resumed, which the controller has not seen.
        (
            obj("Job", "batch/v1", spec={"suspend": False}, status=conditions(("Suspended", "True"))),
            State.IN_PROGRESS,
            "Job not started",
        ),
        (
            obj("Job", "batch/v1", spec={"suspend": True}, status=conditions(("Failed", "True"))),
            State.FAILED,
            "Job Failed. failed: 0/1",
        ),
        (
            obj(
                "Job",
                "batch/v1",
                metadata={"name": "test", "annotations": {"pulumi.com/skipAwait": "true"}},
                status=conditions(("Failed", "True")),
            ),
            State.CURRENT,
            "Nothing waits for it",
        ),
        (obj("ResourceQuota", spec={"hard": {"pods": "1"}}), State.IN_PROGRESS, "Usage has not been computed"),
        (
            obj("ResourceQuota", spec={"hard": {"pods": "1"}}, status={"hard": {"pods": "1"}}),
            State.CURRENT,
            "Usage has been computed",
        ),
        (groups(), State.IN_PROGRESS, "Updated groups: 0/2"),
        (groups(updatedReplicas=2, replicas=3, readyReplicas=3), State.IN_PROGRESS, "Pending termination: 1"),
        (groups(updatedReplicas=2, replicas=2, readyReplicas=1), State.IN_PROGRESS, "Ready groups: 1/2"),
        (groups(updatedReplicas=2, replicas=2, readyReplicas=2), State.IN_PROGRESS, "LeaderWorkerSet not Available"),
        (
            groups(updatedReplicas=2, replicas=2, readyReplicas=2, **conditions(("Available", "True"))),
            State.CURRENT,
            "All groups are ready. Groups: 2",
        ),
        (
            obj("Deployment", "apps/v1", spec={"replicas": 4}, status={"replicas": 2}),
            State.IN_PROGRESS,
            "Replicas: 2/4",
        ),
    ],
)
def test_a_state_comes_with_its_reason(given: dict[str, Any] | None, state: State, message: str) -> None:
    readiness = status_of(given)
    assert (readiness.state, readiness.message) == (state, message)

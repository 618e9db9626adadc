"""Why something is not ready, in the cluster's own words."""

from __future__ import annotations

from typing import Any, cast

import pytest

from aicc.apply.explain import why_not_ready
from aicc.kube.client import Kube
from aicc.kube.transport import Object

JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "weights", "namespace": "tenant-a"},
    "spec": {"selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "1"}}},
    "status": {"failed": 1, "conditions": [{"type": "Failed", "status": "True"}]},
}


class Pods:
    """What a cluster answers of a workload's pods."""

    def __init__(self, *statuses: dict[str, Any]) -> None:
        self._pods = [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"pod-{number}", "creationTimestamp": f"2026-11-27T00:00:0{number}Z"},
                "status": status,
            }
            for number, status in enumerate(statuses)
        ]

    def list(self, *_: Any) -> list[Object]:
        return cast("list[Object]", self._pods)


def container(name: str, **state: Any) -> dict[str, Any]:
    return {"phase": "Failed", "containerStatuses": [{"name": name, "state": state}]}


def ended(message: str = "", code: int = 3) -> dict[str, Any]:
    return {"terminated": {"reason": "Error", "exitCode": code, "message": message}}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (ended("fetching model.gguf\nrefused: model.gguf is sha256:1\n\n"), "prefetch: Error: refused: model.gguf is"),
        (ended(), "prefetch: Error: exit code 3"),
        ({"waiting": {"reason": "ErrImageNeverPull", "message": "no image"}}, "prefetch: ErrImageNeverPull: no image"),
    ],
)
def test_what_a_container_ended_with_is_said_by_its_last_line(state: dict[str, Any], said: str) -> None:
    kube = cast("Kube", Pods(container("prefetch", **state)))
    assert f"Job Failed. failed: 1/1; Pod pod-0: container {said}" in why_not_ready(kube, JOB)


def test_the_newest_pod_speaks() -> None:
    kube = cast("Kube", Pods(container("c", **ended("first")), container("c", **ended("second"))))
    assert why_not_ready(kube, JOB).endswith("Pod pod-1: container c: Error: second")


def test_an_init_container_that_has_done_its_work_is_not_blamed() -> None:
    status = {
        "phase": "Pending",
        "initContainerStatuses": [{"name": "i", "state": {"terminated": {"reason": "Completed", "exitCode": 0}}}],
        "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "CreateContainerConfigError"}}}],
    }
    kube = cast("Kube", Pods(status))
    assert "container c: CreateContainerConfigError" in why_not_ready(kube, {**JOB, "status": {}})

"""What is said of pages and batches, by what the cluster has of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from aicc import stacks
from aicc.commands import applications
from aicc.kube.client import Kube
from infra.plan import CenterPlan
from infra.plan.applications.model import BatchPlan, ChatPlan, FilePlan

PAGE = ChatPlan("research", "tenant-research", ("tiny",), 512, "g", None, None, "i:1", "p", "1", "1Gi")
FILE = FilePlan(None, "claim", "in.jsonl")
BATCH = BatchPlan("b", "research", "tenant-research", "tiny", FILE, FILE, 2, False, None, "i:1", "p", "1", "1Gi")
READY = {"metadata": {"name": "chat-research"}, "status": {"readyReplicas": 1}}


class Cluster:
    """One page's Deployment, and Jobs."""

    def __init__(self, deployment: Any = None, jobs: tuple[Any, ...] = ()) -> None:
        self._deployment, self._jobs = deployment, jobs

    def get(self, *_: Any) -> Any:
        return self._deployment

    def list(self, _: str, kind: str, *__: Any, **___: Any) -> list[Any]:
        return list(self._jobs) if kind == "Job" else []


def job(created: int = 0, *, instance: str = "b", suspend: bool = False, **status: Any) -> dict[str, Any]:
    metadata = {
        "name": f"batch-{instance}-{created}",
        "namespace": "tenant-research",
        "labels": {"app.kubernetes.io/instance": instance},
        "annotations": {"pulumi.com/skipAwait": "true"},
        "creationTimestamp": f"2026-11-27T00:00:0{created}Z",
    }
    spec = {"suspend": suspend}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec, "status": status}


def condition(kind: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": "True"}]}


@pytest.fixture(scope="module")
def plan() -> CenterPlan:
    found = stacks.stack("local").plan
    return replace(found, applications=replace(found.applications, chat=(PAGE,), batches=(BATCH,)))


def page(plan: CenterPlan, cluster: Cluster, **published: str) -> applications.PageStatus:
    [found] = applications.pages(plan, cast("Kube", cluster), published)
    return found


def state(plan: CenterPlan, *jobs: Any) -> str:
    [found] = applications.batches(plan, cast("Kube", Cluster(jobs=jobs)))
    return found.state


def test_a_page_is_named_by_the_address_at_which_its_reader_finds_it(plan: CenterPlan) -> None:
    inside = page(plan, Cluster(READY))
    assert str(inside) == "chat page of tenant research: http://chat-research.tenant-research.svc:8000"
    here = page(plan, Cluster(READY), **{"chat-research.tenant-research:8000": "http://127.0.0.1:4000"})
    assert here.address == "http://127.0.0.1:4000"
    outside = replace(plan, applications=replace(plan.applications, chat=(replace(PAGE, host="chat.example.com"),)))
    assert page(outside, Cluster(READY)).address == "https://chat.example.com"


def test_a_page_that_is_not_there_says_so(plan: CenterPlan) -> None:
    assert "not ready: Resource not found" in str(page(plan, Cluster()))


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ((), "not started"),
        ((job(instance="other", ready=1),), "not started"),
        ((job(suspend=True),), "suspended"),
        ((job(active=1),), "waiting"),
        ((job(active=1, ready=1),), "running"),
        ((job(**condition("Complete")),), "done"),
        ((job(0, **condition("Complete")), job(1, suspend=True)), "suspended"),
    ],
)
def test_a_batch_has_one_state(plan: CenterPlan, jobs: tuple[Any, ...], expected: str) -> None:
    assert state(plan, *jobs) == expected


def test_a_batch_that_failed_says_why(plan: CenterPlan) -> None:
    assert state(plan, job(failed=1, **condition("Failed"))) == "failed: Job Failed. failed: 1/1"

"""What `aicc status` and `aicc up` say of applications: chat pages with their addresses, batches with their state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from aicc.apply.explain import why_not_ready
from aicc.kube.readiness import holds
from infra import names
from infra.plan import CenterPlan
from infra.plan.applications.model import BatchPlan, ChatPlan

if TYPE_CHECKING:
    from aicc.kube.client import Kube

Object = Mapping[str, Any]
_BATCHES = "app.kubernetes.io/name=batch-inference"


@dataclass(frozen=True)
class PageStatus:
    """A tenant's chat page."""

    tenant: str
    models: tuple[str, ...]
    ready: bool
    problem: str
    """Why it is not ready; empty where it is."""
    address: str
    """Where people find it; inside the cluster where it has no other address."""

    def __str__(self) -> str:
        state = "" if self.ready else f" (not ready: {self.problem})"
        return f"chat page of tenant {self.tenant}: {self.address}{state}"


@dataclass(frozen=True)
class BatchStatus:
    """A batch of requests."""

    name: str
    tenant: str
    model: str
    state: str
    """not started, suspended, waiting, running, done, or failed: and why."""

    def __str__(self) -> str:
        return f"batch {self.name} of tenant {self.tenant}: {self.state}"


def pages(plan: CenterPlan, kube: Kube, published: Mapping[str, str]) -> tuple[PageStatus, ...]:
    """Return every declared page; `published` are addresses on this machine by `service.namespace:port`."""
    return tuple(_page(page, kube, published) for page in plan.applications.chat)


def _page(page: ChatPlan, kube: Kube, published: Mapping[str, str]) -> PageStatus:
    release = names.chat_release(page.tenant)
    deployment = kube.get("apps/v1", "Deployment", release, page.namespace)
    ready = bool(deployment and deployment.get("status", {}).get("readyReplicas"))
    inside = f"http://{release}.{page.namespace}.svc:{names.CHAT_PORT}"
    here = published.get(f"{release}.{page.namespace}:{names.CHAT_PORT}")
    return PageStatus(
        tenant=page.tenant,
        models=page.models,
        ready=ready,
        problem="" if ready else why_not_ready(kube, deployment),
        address=f"https://{page.host}" if page.host else here or inside,
    )


def batches(plan: CenterPlan, kube: Kube) -> tuple[BatchStatus, ...]:
    """Return every declared batch."""
    if not plan.applications.batches:
        return ()
    jobs = kube.list("batch/v1", "Job", label_selector=_BATCHES)
    return tuple(_batch(batch, jobs, kube) for batch in plan.applications.batches)


def _batch(batch: BatchPlan, jobs: Sequence[Object], kube: Kube) -> BatchStatus:
    def belongs(job: Object) -> bool:
        metadata = job["metadata"]
        return bool(
            metadata["namespace"] == batch.namespace and metadata["labels"]["app.kubernetes.io/instance"] == batch.name
        )

    own = max(filter(belongs, jobs), key=lambda job: str(job["metadata"]["creationTimestamp"]), default=None)
    return BatchStatus(batch.name, batch.tenant, batch.model, "not started" if own is None else _state(own, kube))


def _state(job: Object, kube: Kube) -> str:
    if holds(job, "Complete"):
        return "done"
    if holds(job, "Failed"):
        return f"failed: {why_not_ready(kube, job)}"
    if job["spec"].get("suspend"):
        return "suspended"
    return "running" if (job.get("status") or {}).get("ready") else "waiting"


def tables(chat: Sequence[PageStatus], batch: Sequence[BatchStatus]) -> list[Table | str]:
    """Return what is shown of them; nothing where the stack declares none."""
    found: list[Table | str] = []
    if chat:
        table = Table("tenant", "models", "ready", "address", title="Chat pages", title_justify="left")
        for page in chat:
            state = Text("yes", style="green") if page.ready else Text("no", style="red")
            table.add_row(page.tenant, ", ".join(page.models), state, page.address)
        found += ["", table]
    if batch:
        table = Table("batch", "tenant", "model", "state", title="Batches", title_justify="left")
        for one in batch:
            table.add_row(one.name, one.tenant, one.model, Text(one.state, style=_STYLES.get(one.state[:6], "")))
        found += ["", table]
    return found


_STYLES = {"done": "green", "failed": "red"}

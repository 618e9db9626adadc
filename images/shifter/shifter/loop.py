"""The loop: asks the grid, looks at every job, writes what was decided, counts; then sleeps until something is due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from . import jobs
from .cluster import CONFLICT, NOT_FOUND, ClusterError
from .config import Config
from .grid import Grid
from .jobs import Job
from .metrics import Metrics
from .round import Misdeclared, Round, Step, plan

LEAST_SLEEP_SECONDS = 1.0


class Api(Protocol):
    """What the loop needs of the cluster."""

    def jobs(self, namespace: str, label: str) -> Iterable[Mapping[str, Any]]:
        """Every Job with a label in a namespace."""

    def patch_job(self, namespace: str, name: str, patch: Mapping[str, Any]) -> None:
        """Merge into a Job."""

    def set_workload_active(self, namespace: str, job_uid: str, *, active: bool) -> bool:
        """Have Kueue run a Job, or evict it."""


@dataclass
class Loop:
    """One shifter; a second beside it would only repeat its writes."""

    api: Api
    config: Config
    grid: Grid
    metrics: Metrics
    tell: Callable[[str], None] = print

    def once(self, now: float) -> Round:
        """One round at a moment. Raises OSError where the cluster does not answer at all."""
        forecast, source = self.grid.forecast(now)
        found = plan(self._jobs(), now, forecast, self.config.budgets)
        for each in found.misdeclared:
            self._tried(self._let_go, each)
        refused = set()
        for step in found.steps:
            if self._tried(self._take, step, now):
                self.metrics.took(step)
            else:
                refused.add(step.job.uid)
        self.metrics.round(found, refused, forecast, source, now)
        return found

    def _jobs(self) -> Iterator[Mapping[str, Any]]:
        """Of every namespace that answers; one that is gone, or closed to us, holds up no other."""
        for namespace in self.config.namespaces:
            try:
                yield from self.api.jobs(namespace, f"{jobs.DEFERRABLE}=true")
            except ClusterError as error:
                self.tell(f"namespace {namespace}: {error}")
                self.metrics.failed()

    def sleep_seconds(self, found: Round) -> float:
        """Until the next round: the period, or sooner where a job's last moment comes sooner."""
        slacks = [step.slack_seconds for step in found.steps if step.act in ("note", "interrupt")]
        return max(min([self.config.period_seconds, *slacks]), LEAST_SLEEP_SECONDS)

    def _take(self, step: Step, now: float) -> None:
        job = step.job
        if step.act == "nothing" or (step.act == "note" and not step.annotations):
            return
        changes: dict[str, Any] = {"metadata": {"resourceVersion": job.version, "annotations": dict(step.annotations)}}
        if step.act == "release":
            self._release(job, changes)
        elif step.act == "interrupt" and job.queued:
            self.api.set_workload_active(job.namespace, job.uid, active=False)
        elif step.act == "interrupt":
            changes["spec"] = {"suspend": True}
        self.api.patch_job(job.namespace, job.name, changes)
        if step.act != "note":
            self.tell(f"{jobs.written(now)} {step.act} {job.namespace}/{job.name}: {step.reason}")

    def _release(self, job: Job, changes: dict[str, Any]) -> None:
        """Let it run, or where Kueue is there, be queued: then it runs as soon as there is room."""
        if job.queued:
            self.api.set_workload_active(job.namespace, job.uid, active=True)
        elif job.queue and self.config.kueue:
            changes["metadata"]["labels"] = {jobs.KUEUE_QUEUE: job.queue}
        else:
            changes["spec"] = {"suspend": False}

    def _let_go(self, each: Misdeclared) -> None:
        metadata = each.obj["metadata"]
        self.tell(f"{metadata['namespace']}/{metadata['name']} runs at once: {each.problem}")
        notes = {jobs.REASON: f"runs at once: {each.problem}"[:250]}
        changes = {"resourceVersion": metadata["resourceVersion"], "annotations": notes}
        self.api.patch_job(metadata["namespace"], metadata["name"], {"metadata": changes, "spec": {"suspend": False}})

    def _tried(self, write: Callable[..., None], *given: Any) -> bool:
        """A job that changed, went, or is refused is looked at again in the next round; the others do not wait."""
        try:
            write(*given)
        except ClusterError as error:
            if error.status not in (CONFLICT, NOT_FOUND):
                self.tell(f"refused: {error}")
                self.metrics.failed()
            return False
        return True

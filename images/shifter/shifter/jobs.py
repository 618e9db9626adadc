"""What a Job says of itself, and what the shifter has written on it: all state is in the cluster."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .forecast import HOUR
from .margin import margin_seconds
from .policy import Work

DOMAIN = "aicc.io"
DEFERRABLE = f"{DOMAIN}/deferrable"
"""Label, `true`: the job may wait."""
TENANT_PREFIX = "tenant-"
"""Of a tenant's namespace: what a Job's labels say of its tenant, anybody may have written."""
DEADLINE = f"{DOMAIN}/deadline"
"""Annotation: when it must be done, such as 2026-12-01T08:00:00Z."""
FINISH_WITHIN_HOURS = f"{DOMAIN}/finish-within-hours"
"""Annotation, instead of a deadline: hours from the job's creation."""
EXPECTED_HOURS = f"{DOMAIN}/expected-hours"
EXPECTED_KWH = f"{DOMAIN}/expected-kwh"
INTERRUPTIBLE = f"{DOMAIN}/interruptible"
RESUME_MINUTES = f"{DOMAIN}/resume-minutes"
"""Annotation: the work that an interruption throws away."""
QUEUE = f"{DOMAIN}/queue"
"""Annotation: the Kueue queue that a released job is put into."""
KUEUE_QUEUE = "kueue.x-k8s.io/queue-name"

RELEASED = f"{DOMAIN}/shifter-released"
"""Annotation of ours: when it was released for the first time."""
WORKED_SECONDS = f"{DOMAIN}/shifter-worked-seconds"
"""Annotation of ours: how long it ran before it was last interrupted."""
REASON = f"{DOMAIN}/shifter-reason"
PLANNED_UNTIL = f"{DOMAIN}/shifter-starts"
"""Annotation of ours, of a job that waits: when it is expected to start."""
BASELINE = f"{DOMAIN}/shifter-at-once-gco2e-per-kwh"
"""Annotation of ours: expected intensity had it run when it was first seen."""
INTERRUPTED = "interrupted"
OURS = (RELEASED, WORKED_SECONDS, REASON, PLANNED_UNTIL, BASELINE)


class MisdeclaredError(ValueError):
    """A job that says it may wait, and not until when or for how long; says what is wrong."""


@dataclass(frozen=True)
class Job:
    """A deferrable job that has not ended."""

    namespace: str
    name: str
    uid: str
    version: str
    """The object's resourceVersion: a job that others changed meanwhile is looked at anew."""
    tenant: str
    deadline: float
    """Seconds since 1970, as declared."""
    expected_seconds: float
    expected_kwh: float | None
    interruptible: bool
    resume_seconds: float
    queue: str | None
    suspended: bool
    queued: bool
    """Whether Kueue decides about it by now."""
    released: float | None
    started: float | None
    """When its pods were last let run; None while it is suspended."""
    worked_seconds: float
    baseline_gco2e_per_kwh: float | None
    noted: Mapping[str, str]
    """Our own annotations as they are."""

    def work(self, now: float) -> Work:
        """What is left of it, its deadline less the margin."""
        ran = now - self.started if self.started is not None else 0.0
        remaining = max(self.expected_seconds - self.worked_seconds - ran, 0.0)
        return Work(
            remaining_seconds=remaining,
            deadline=self.deadline - margin_seconds(remaining),
            interruptible=self.interruptible,
            resume_seconds=self.resume_seconds,
            begun=self.released is not None,
            running=self.running,
        )

    @property
    def running(self) -> bool:
        """Whether it runs, or waits in a queue for nothing but room."""
        if self.queued:
            return self.noted.get(REASON) != INTERRUPTED
        return not self.suspended


def ended(obj: Mapping[str, Any]) -> float | None:
    """When a Job ended, seconds since 1970; None where it has not."""
    for condition in obj.get("status", {}).get("conditions", ()):
        if condition.get("type") in ("Complete", "Failed") and condition.get("status") == "True":
            return moment(str(condition.get("lastTransitionTime") or obj["metadata"]["creationTimestamp"]))
    return None


def read(obj: Mapping[str, Any]) -> Job:
    """Read a Job that has not ended.

    Raises MisdeclaredError.
    """
    metadata, spec = obj["metadata"], obj["spec"]
    notes, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    expected = HOUR * _number(notes, EXPECTED_HOURS, least=0.0, most=24 * 365)
    suspended, queued = bool(spec.get("suspend")), KUEUE_QUEUE in labels
    started = (obj.get("status") or {}).get("startTime")
    return Job(
        namespace=str(metadata["namespace"]),
        name=str(metadata["name"]),
        uid=str(metadata["uid"]),
        version=str(metadata["resourceVersion"]),
        tenant=str(metadata["namespace"]).removeprefix(TENANT_PREFIX),
        deadline=_deadline(notes, moment(str(metadata["creationTimestamp"])), expected),
        expected_seconds=expected,
        expected_kwh=_number(notes, EXPECTED_KWH, least=0.0, most=1e9) if EXPECTED_KWH in notes else None,
        interruptible=_flag(notes, INTERRUPTIBLE),
        resume_seconds=60 * _number(notes, RESUME_MINUTES, 0.0, 60 * 24, default=0.0),
        queue=notes.get(QUEUE) or None,
        suspended=suspended,
        queued=queued,
        released=_ours(notes, RELEASED),
        started=None if suspended or not started else moment(str(started)),
        worked_seconds=_own_number(notes, WORKED_SECONDS) or 0.0,
        baseline_gco2e_per_kwh=_own_number(notes, BASELINE),
        noted={name: notes[name] for name in OURS if name in notes},
    )


def moment(text: str) -> float:
    """Seconds since 1970 of an RFC 3339 time. Raises ValueError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone; end it with Z")
    return found.timestamp()


def written(seconds: float) -> str:
    """An RFC 3339 time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _deadline(notes: Mapping[str, str], created: float, expected: float) -> float:
    if (DEADLINE in notes) == (FINISH_WITHIN_HOURS in notes):
        raise MisdeclaredError(f"must have exactly one of {DEADLINE} and {FINISH_WITHIN_HOURS}")
    if DEADLINE in notes:
        try:
            return moment(notes[DEADLINE])
        except ValueError as error:
            raise MisdeclaredError(f"{DEADLINE}: {error}") from error
    deadline = created + HOUR * _number(notes, FINISH_WITHIN_HOURS, least=0.0, most=24 * 365)
    if deadline < created + expected:
        raise MisdeclaredError(f"{FINISH_WITHIN_HOURS} is less than {EXPECTED_HOURS}")
    return deadline


def _number(notes: Mapping[str, str], name: str, least: float, most: float, default: float | None = None) -> float:
    if name not in notes and default is not None:
        return default
    try:
        value = float(notes[name])
    except KeyError:
        raise MisdeclaredError(f"{name} is missing") from None
    except ValueError:
        raise MisdeclaredError(f"{name} is {notes[name]!r}, not a number") from None
    if not (math.isfinite(value) and least <= value <= most):
        raise MisdeclaredError(f"{name} is {notes[name]}, not from {least:g} to {most:g}")
    return value


def _flag(notes: Mapping[str, str], name: str) -> bool:
    value = notes.get(name, "false")
    if value not in ("true", "false"):
        raise MisdeclaredError(f"{name} is {value!r}, not true or false")
    return value == "true"


def _ours(notes: Mapping[str, str], name: str) -> float | None:
    """One of our own times; what somebody broke is as if it were not there."""
    try:
        return moment(notes[name])
    except (KeyError, ValueError):
        return None


def _own_number(notes: Mapping[str, str], name: str) -> float | None:
    try:
        value = float(notes[name])
    except (KeyError, ValueError):
        return None
    return value if math.isfinite(value) and value >= 0 else None

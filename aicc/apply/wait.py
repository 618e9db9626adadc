"""Waiting: until objects are what their spec asks for, and until deleted ones are gone.

One LIST of a kind's members per round, however many there are.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aicc.apply.applyset import PART_OF_LABEL
from aicc.apply.explain import why_not_gone, why_not_ready
from aicc.apply.objects import ObjectRef
from aicc.errors import NotReadyError
from aicc.kube.client import Kube
from aicc.kube.readiness import State, status_of
from aicc.kube.transport import ApiError, Object
from aicc.progress import Reporter, Step

FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS = 0.1, 1.0
FAILED_SECONDS = 10.0
"""How long objects must have failed to be given up: one that failed before this run may be about to recover."""
LISTED = 20
"""How many objects an error names."""


@dataclass(frozen=True)
class Deadline:
    """The moment a run gives up waiting."""

    seconds: float
    """The length of the whole run's patience, for messages."""
    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """`seconds` from now."""
        return cls(seconds, time.monotonic() + seconds)

    @property
    def over(self) -> bool:
        """Whether the moment has come."""
        return time.monotonic() >= self.at

    @property
    def passed(self) -> str:
        """How long it was waited, for messages; empty before the deadline."""
        return f" after {self.seconds:g} s" if self.over else ""

    def rounds(self) -> Iterator[None]:
        """Yield at once and then at growing intervals, for the last time at the deadline."""
        pause = FIRST_POLL_SECONDS
        while True:
            yield
            left = self.at - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(pause, left))
            pause = min(1.5 * pause, LONGEST_POLL_SECONDS)


def until_current(
    kube: Kube, applied: Mapping[ObjectRef, Object], title: str, reporter: Reporter, deadline: Deadline
) -> None:
    """Wait until every applied object is current; a step is reported only where there is something to wait for.

    Raises NotReadyError at the deadline, or when everything that is not current has failed for a while.
    """
    waiting = {ref: obj for ref, obj in applied.items() if not status_of(obj).current}
    if not waiting:
        return
    with reporter.step(title, total=len(waiting)) as step:
        latest: Mapping[ObjectRef, Object | None] = waiting
        patience = Deadline.after(FAILED_SECONDS)
        for _ in deadline.rounds():
            live = _list_kinds(kube, [applied[ref] for ref in latest])
            latest = {ref: live.get(ref) for ref in latest if not status_of(live.get(ref)).current}
            if not latest:
                return
            if any(status_of(obj).state is not State.FAILED for obj in latest.values()):
                patience = Deadline.after(FAILED_SECONDS)
            elif patience.over:
                break
            step.update(len(waiting) - len(latest), detail=_first(latest))
        lines = [f"{ref}: {why_not_ready(kube, latest[ref])}" for ref in sorted(latest)[:LISTED]]
        raise NotReadyError(
            f"{len(latest)} of {len(applied)} objects are not ready{deadline.passed}:{listed(lines, len(latest))}",
            hint="mend what the messages name, or give it more time; then run the command again, it goes on from there",
        )


def until_gone(kube: Kube, deleted: Mapping[ObjectRef, Object], step: Step, deadline: Deadline) -> None:
    """Wait until every deleted object is gone. Raises NotReadyError, naming finalizers, at the deadline."""
    rest = dict(deleted)
    for _ in deadline.rounds():
        live = _list_kinds(kube, rest.values(), metadata_only=True)
        rest = {
            ref: obj
            for ref, obj in rest.items()
            if ref in live and live[ref]["metadata"]["uid"] == obj["metadata"]["uid"]
        }
        if not rest:
            return
        step.update(detail=f"waiting for {min(rest)} to go" + (f" (and {len(rest) - 1} more)" * (len(rest) > 1)))
    lines = [f"{ref}: {why_not_gone(kube, rest[ref])}" for ref in sorted(rest)[:LISTED]]
    raise NotReadyError(
        f"{len(rest)} deleted objects are not gone{deadline.passed}:{listed(lines, len(rest))}",
        hint="a finalizer is removed by the controller that set it: see that it runs, then run the command again",
    )


def listed(lines: Sequence[str], total: int) -> str:
    """The end of an error that is about `total` objects and names the first of them, one a line."""
    return "".join(f"\n  {line}" for line in lines) + (f"\n  and {total - len(lines)} more" * (total > len(lines)))


def _list_kinds(kube: Kube, objects: Iterable[Object], *, metadata_only: bool = False) -> dict[ObjectRef, Object]:
    """The live members among the kinds of `objects`, which are all of the same set."""
    kinds = {(obj["apiVersion"], obj["kind"], obj["metadata"]["labels"][PART_OF_LABEL]) for obj in objects}

    def list_kind(kind: tuple[str, str, str]) -> list[Object]:
        api_version, name, applyset_id = kind
        selector = f"{PART_OF_LABEL}={applyset_id}"
        try:
            return kube.list(api_version, name, label_selector=selector, metadata_only=metadata_only)
        except ApiError as error:
            if error.code == 404:  # the kind's definition is gone, and every object with it
                return []
            raise

    return {ObjectRef.of(obj): obj for objects in kube.map(list_kind, sorted(kinds)) for obj in objects}


def _first(waiting: Mapping[ObjectRef, Object | None]) -> str:
    ref = min(waiting)
    others = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
    return f"{ref}: {status_of(waiting[ref]).message}{others}"

"""One run at a time on a cluster, wherever it is started from: a Lease that its holder keeps renewing.

The stack's lock on this machine (aicc.lock) does not see another machine; this does. A holder that died stops renewing,
and is taken over when its lease has run out; so is one that could not give it back, to an API server that was gone.
"""

from __future__ import annotations

import getpass
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from aicc.errors import ClusterError, LockedError
from aicc.kube.client import Kube
from aicc.kube.transport import ApiError, UnreachableError
from aicc.progress import Reporter

API, KIND, NAMESPACE = "coordination.k8s.io/v1", "Lease", "kube-system"
DURATION_SECONDS = 60
RENEW_SECONDS = 15
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


@contextmanager
def held(kube: Kube, stack: str, reporter: Reporter) -> Iterator[None]:
    """Hold the stack's lease on its cluster.

    Raises LockedError naming the holder where another run has it.
    """
    name = f"aicc-{stack}"
    _acquire(kube, name, reporter)
    over = threading.Event()
    renewal = threading.Thread(target=_keep, args=(kube, name, over), daemon=True)
    renewal.start()
    gone = False
    try:
        yield
    except UnreachableError:
        gone = True  # the run has waited for the API server; to wait again would only hide what it says
        raise
    finally:
        over.set()
        if not gone:
            renewal.join()
            kube.delete(API, KIND, name, NAMESPACE)


def _acquire(kube: Kube, name: str, reporter: Reporter) -> None:
    mine = {"apiVersion": API, "kind": KIND, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": _spec()}
    try:
        kube.create(mine)
    except ApiError as error:
        if error.code != 409:
            raise
        _take_over(kube, name, reporter)


def _take_over(kube: Kube, name: str, reporter: Reporter) -> None:
    """Of a holder that is this process' own earlier attempt, or that has stopped renewing."""
    lease = kube.get(API, KIND, name, NAMESPACE)
    if lease is None:
        _acquire(kube, name, reporter)
        return
    spec = lease["spec"]
    holder = str(spec.get("holderIdentity"))
    age = (datetime.now(UTC) - _parse(spec.get("renewTime"))).total_seconds()
    if holder != _identity() and age < DURATION_SECONDS and not _died_here(holder):
        raise LockedError(
            f"the stack is in use by {holder} (renewed {age:.0f} s ago)",
            hint=f"wait for it to end; if it died, its lease runs out {DURATION_SECONDS} s after its last renewal",
        )
    if holder != _identity():
        reporter.note(f"{holder} did not end by itself; going on from where it stopped")
    seen = {"metadata": {"resourceVersion": lease["metadata"]["resourceVersion"]}, "spec": _spec()}
    try:
        kube.patch(API, KIND, name, seen, NAMESPACE)
    except ApiError as error:
        if error.code == 409:
            raise LockedError(
                "another run took the stack over at the same moment", hint="wait for it to end"
            ) from error
        raise


def _keep(kube: Kube, name: str, over: threading.Event) -> None:
    while not over.wait(RENEW_SECONDS):
        try:
            kube.patch(API, KIND, name, {"spec": {"renewTime": _now()}}, NAMESPACE)
        except ClusterError:
            continue  # the run itself meets the same trouble, and says so


def _spec() -> dict[str, Any]:
    now = _now()
    return {
        "holderIdentity": _identity(),
        "leaseDurationSeconds": DURATION_SECONDS,
        "acquireTime": now,
        "renewTime": now,
    }


def _identity() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}, process {os.getpid()}"


def _died_here(holder: str) -> bool:
    """Whether the holder was a process of this machine that is no more."""
    host, _, pid = holder.rpartition(", process ")
    if not host.endswith(f"@{socket.gethostname()}") or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _now() -> str:
    return datetime.now(UTC).strftime(_TIME)


def _parse(text: str | None) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC) if text else datetime.min.replace(tzinfo=UTC)

"""While a stack comes up: keys for its object store once there are namespaces, its models once the store answers.

The jobs that fetch models are part of the stack, so this goes on beside the driver that waits for them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aicc.errors import AiccError
from aicc.kubeconfigs import connect
from aicc.models import keys, local
from aicc.models.declared import made_here
from aicc.models.store import Store
from aicc.progress import Reporter
from aicc.stacks import Stack
from infra import names
from infra.config.clouds import LocalCloud
from infra.config.storage import MODELS

_POLL_SECONDS = 0.5
_STORE_SECONDS = 600.0


@contextmanager
def supplied(stack: Stack, reporter: Reporter) -> Iterator[None]:
    """Give the stack's store what it needs while the block runs; where that fails, its error is raised after it."""
    if not stack.plan.own_store:
        yield
        return
    files = {model.name: local.files(_path(model.source), reporter) for model in made_here(stack.plan)}
    stop, failed = threading.Event(), list[Exception]()

    def work() -> None:
        try:
            _supply(stack, files, stop)
        except Exception as error:  # noqa: BLE001  it is raised in the caller's thread
            failed.append(error)
            reporter.warn(f"models were not put into the object store: {error}")

    thread = threading.Thread(target=work, name="models", daemon=True)
    thread.start()
    try:
        yield
        # The driver may be done before the last upload is: nothing that runs depends on that one.
        thread.join()
    finally:
        stop.set()
    for error in failed:
        raise error if isinstance(error, AiccError) else AiccError(str(error)) from error


def reach(stack: Stack) -> str | None:
    """Where this machine reaches the stack's store: published by a local stack's real node; None elsewhere."""
    if not isinstance(stack.plan.cloud, LocalCloud):
        return None
    from aicc.local.node.node import RealNode  # noqa: PLC0415  only local stacks pay for it

    node = RealNode(stack.name)
    if node.status() is None:
        return None
    return node.publish(names.SYSTEM_NAMESPACE, names.OBJECT_STORE, names.OBJECT_STORE_PORT)


def _supply(stack: Stack, files: Mapping[str, Mapping[str, Path]], stop: threading.Event) -> None:
    with connect(stack) as kube:
        while (accounts := keys.ensure(kube, stack.plan)) is None:
            if stop.wait(_POLL_SECONDS):
                return
    if (url := reach(stack)) is None:
        return
    store = Store(url, accounts.root)
    if not store.wait(_STORE_SECONDS, stop):
        return
    store.prepare(MODELS, list(accounts.readers.values()))
    for model in made_here(stack.plan):
        store.push(MODELS, _path(model.source), files[model.name])


def _path(source: str) -> str:
    return source.partition(":")[2]

"""`aicc models`: what a stack's object store holds against what is declared, putting a model there, its digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from aicc.errors import AiccError, ClusterError, ConfigError
from aicc.kube.readiness import condition, holds
from aicc.kubeconfigs import connect
from aicc.models import keys, upload
from aicc.models.store import Store
from aicc.progress import Reporter
from aicc.stacks import Stack
from images.prefetch.prefetch import sums
from infra import names
from infra.config.issues import closest
from infra.config.storage import MODELS
from infra.plan import ModelPlan


@dataclass(frozen=True)
class Listed:
    """One model's weights as declared and as they are."""

    model: str
    source: str
    declared: str | None
    """Digest."""
    stored: str | None
    """Digest in the store; None where they are not there, or there is no way to look."""
    fetched: str
    """State of the job that fills the cache."""

    @property
    def state(self) -> str:
        """In a word or two."""
        if self.declared is None:
            return "not verified"
        if self.stored is not None and self.stored != self.declared:
            return "another digest"
        return self.fetched


def listed(stack: Stack, endpoint: str | None) -> list[Listed]:
    """Return every declared model's weights."""
    with connect(stack) as kube:
        jobs = kube.list("batch/v1", "Job", label_selector="app.kubernetes.io/name=weights")
        root = keys.root(kube) if stack.plan.own_store else None
    states = {job["metadata"]["labels"][f"{names.DOMAIN}/model"]: _state(job) for job in jobs}
    url = endpoint or upload.reach(stack)
    store = Store(url, root) if url and root else None
    return [_listed(model, store, states) for model in stack.plan.models]


def _listed(model: ModelPlan, store: Store | None, states: Mapping[str, str]) -> Listed:
    if model.weights_image:
        digest = model.weights_image.rpartition("@")[2]
        return Listed(model.name, model.source, digest, None, "in an image, kept by nodes")
    weights = model.weights
    stored = None
    if store and weights and weights.source == "store":
        stored = store.digest(MODELS, weights.path)
    declared = weights.digest if weights else None
    return Listed(model.name, model.source, declared, stored, states.get(model.name, "no job"))


def _state(job: Mapping[str, Any]) -> str:
    if holds(job, "Complete"):
        return "verified"
    if holds(job, "Failed"):
        return f"failed: {(condition(job, 'Failed') or {}).get('reason', 'unknown')}"
    return "being fetched"


def as_json(found: list[Listed]) -> dict[str, Any]:
    """Return the list for programs."""
    return {
        "models": [
            {
                "model": each.model,
                "source": each.source,
                "declared": each.declared,
                "stored": each.stored,
                "state": each.state,
            }
            for each in found
        ]
    }


def show(found: list[Listed], console: Console) -> None:
    """Print the list for people; digests by their first digits."""
    table = Table("model", "source", "declared", "in the store", "cache")
    for each in found:
        table.add_row(each.model, each.source, _short(each.declared), _short(each.stored), each.state)
    console.print(table)


def _short(digest: str | None) -> str:
    return "—" if digest is None else digest[:19]


def push(stack: Stack, name: str, folder: Path, endpoint: str | None, reporter: Reporter) -> str:
    """Put a model's files into the store and return their digest.

    Raises ConfigError where the stack has no such model in its own store, or its declared digest is another's.
    """
    model = _in_own_store(stack, name)
    files = {file: folder / file for file in sums.of_folder(folder)} if folder.is_dir() else {}
    if not files:
        raise ConfigError(f"{folder} has no file to push")
    digest = verify(folder)
    if model.weights and model.weights.digest != digest:
        raise ConfigError(
            f"the files in {folder} have {digest}, but {name} declares {model.weights.digest}; nothing was pushed",
            hint=f"declare it in {stack.path.name}: the digest is what says which weights are served",
        )
    url = endpoint or upload.reach(stack)
    if url is None:
        raise ClusterError(
            f"the object store of stack {stack.name} cannot be reached from this machine",
            hint=f"kubectl -n {names.SYSTEM_NAMESPACE} port-forward svc/{names.OBJECT_STORE} "
            f"{names.OBJECT_STORE_PORT}, then --endpoint http://127.0.0.1:{names.OBJECT_STORE_PORT}",
        )
    accounts = credentials(stack)
    store = Store(url, accounts.root)
    with reporter.step(f"Pushing {name}"):
        store.prepare(MODELS, list(accounts.readers.values()))
        return store.push(MODELS, model.source.partition(":")[2], files)


def credentials(stack: Stack) -> keys.Accounts:
    """Make the store's keys where they are missing.

    Raises ClusterError where the stack's namespaces are not there.
    """
    with connect(stack) as kube:
        accounts = keys.ensure(kube, stack.plan)
    if accounts is None:
        raise ClusterError("the stack's namespaces are not there yet", hint=f"aicc up --stack {stack.name}")
    return accounts


def verify(folder: Path) -> str:
    """Return the digest of the files in a folder.

    Raises AiccError where there is none.
    """
    found = sums.of_folder(folder) if folder.is_dir() else {}
    if not found:
        raise AiccError(f"{folder} is no folder with files")
    return sums.digest(sums.write(found))


def _in_own_store(stack: Stack, name: str) -> ModelPlan:
    models = {model.name: model for model in stack.plan.models}
    if name not in models:
        near = closest(name, models)
        hint = f"did you mean: {near}" if near else f"its models: {', '.join(models)}"
        raise ConfigError(f"stack {stack.name} has no model {name}", hint=hint)
    weights = models[name].weights
    if not stack.plan.own_store or weights is None or weights.source != "store":
        raise ConfigError(
            f"model {name} is not in an object store of the centre's own; its source is {models[name].source}",
            hint="a cloud's bucket is filled with the cloud's own tools: the files, and SHA256SUMS beside them",
        )
    return models[name]

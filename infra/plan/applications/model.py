"""The applications as they will be built: plain, immutable data."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from infra.config.applications import Deferrable, Entrance, Login, NotebookImages


@dataclass(frozen=True)
class ChatPlan:
    """A tenant's chat page."""

    tenant: str
    namespace: str
    models: tuple[str, ...]
    answer_tokens: int
    """At most; a small model may never come to an end by itself."""
    group: str
    """Whose members may come in, where there is a login."""
    host: str | None
    login: Login | None
    image: str
    priority_class: str
    cpu: str
    memory: str


@dataclass(frozen=True)
class NotebooksPlan:
    """A tenant's JupyterHub."""

    tenant: str
    namespace: str
    group: str
    host: str
    login: Login
    images: NotebookImages
    users: int
    cpu_cores: Fraction
    """Of each notebook, guaranteed; it may use twice as many."""
    memory_bytes: int
    """Of each notebook."""
    storage: str
    idle_minutes: int
    priority_class: str


@dataclass(frozen=True)
class FilePlan:
    """A file, or a folder, of a batch: in a bucket or on a claimed volume."""

    bucket: str | None
    """By role, as the cloud's buckets are."""
    claim: str | None
    path: str


@dataclass(frozen=True)
class BatchPlan:
    """A batch of requests to one model."""

    name: str
    tenant: str
    namespace: str
    model: str
    input: FilePlan
    output: FilePlan
    concurrency: int
    suspended: bool
    deferrable: Deferrable | None
    """None: it runs at once."""
    image: str
    priority_class: str
    cpu: str
    memory: str


@dataclass(frozen=True)
class ApplicationsPlan:
    """Everything that is offered to people besides an API."""

    entrance: Entrance | None = None
    chat: tuple[ChatPlan, ...] = ()
    notebooks: tuple[NotebooksPlan, ...] = ()
    batches: tuple[BatchPlan, ...] = ()
    notes: tuple[str, ...] = ()
    """What is declared and will not run; for people."""

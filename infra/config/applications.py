"""What people of a tenant use without writing a program for it: a chat page, notebooks, batches of requests."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from infra.config.fields import HOST, HTTPS, RELATIVE_PATH, Declared, ImageReference, Name, Quantity

HttpsUrl = Annotated[str, StringConstraints(max_length=500, pattern=HTTPS)]
Host = Annotated[str, StringConstraints(max_length=253, pattern=HOST)]
RelativePath = Annotated[str, StringConstraints(max_length=500, pattern=RELATIVE_PATH)]


class Login(Declared):
    """The identity provider (OpenID Connect) that people come in through; only the tenant's group is let in."""

    authorize_url: HttpsUrl = Field(description="Where a browser is sent to.")
    token_url: HttpsUrl = Field(description="Where a code is exchanged for a token.")
    userinfo_url: HttpsUrl = Field(description="Where a token's owner is asked for.")
    secret: Name = Field(
        description="A Secret that is already in the tenant's namespace: `client-id` and `client-secret`, as the "
        "provider knows them, and `session-secret`, 32 random bytes or more."
    )
    groups_claim: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        default="groups", description="The claim that lists a person's groups."
    )


class Chat(Declared):
    """A web page on which people of a tenant talk to its models; the tenant's key stays on the server."""

    tenant: Name = Field(description="Whose page it is, and whose gateway key and quota it uses.")
    models: tuple[Name, ...] = Field(description="Declared models to choose from; the first is the default.")
    answer_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None,
        description="An answer's length at most. Default: 2,048, or half of the shortest `maxModelLen` of its models.",
    )
    host: Host | None = Field(
        default=None, description="The page's name outside the cluster, such as chat.example.com; none: inside only."
    )
    login: Login | None = Field(default=None, description="Who may come in; needed with `host`.")
    image: ImageReference | None = Field(
        default=None, description="Default: `images/chat`, built here. By digest outside local stacks."
    )


class NotebookImages(Declared):
    """JupyterHub's three images, by digest: the admission policies refuse a tenant's pod that names a tag alone."""

    hub: ImageReference = Field(description="A copy of quay.io/jupyterhub/k8s-hub.")
    proxy: ImageReference = Field(description="A copy of quay.io/jupyterhub/configurable-http-proxy.")
    notebook: ImageReference = Field(description="What people work in: Jupyter with `jupyterhub-singleuser`.")


class Notebooks(Declared):
    """JupyterHub for a tenant; a notebook has no accelerator, and asks the gateway for models."""

    tenant: Name = Field(description="Whose notebooks, and whose quota they use.")
    users: Annotated[int, Field(ge=1, le=1_000)] = Field(description="Notebooks that run at the same time, at most.")
    cpu: Quantity = Field(default="1", description="Cores that each is sure of; it may use twice as many.")
    memory: Quantity = Field(default="4Gi", description="Of each.")
    storage: Quantity = Field(default="10Gi", description="Each person's files, which outlive the notebook.")
    idle_minutes: Annotated[int, Field(ge=5, le=10_080)] = Field(
        default=60, description="A notebook that does nothing for so long is stopped; its files stay."
    )
    host: Host = Field(description="The hub's name, such as notebooks.example.com.")
    login: Login = Field(description="Who may come in.")
    images: NotebookImages = Field(description="What runs.")


class File(Declared):
    """A file in a bucket of the centre, or on a volume that the tenant has claimed."""

    bucket: Name | None = Field(default=None, description="A bucket's role, such as datasets.")
    claim: Name | None = Field(default=None, description="A PersistentVolumeClaim in the tenant's namespace.")
    path: RelativePath = Field(description="In it, such as batches/2026-11/requests.jsonl.")


class Deferrable(Declared):
    """Until when a job may wait for hours in which the grid emits less, and what is expected of it."""

    finish_within_hours: Annotated[float, Field(gt=0, le=8_760)] = Field(
        description="From its creation; kept with a margin of a tenth of what it is expected to take."
    )
    expected_hours: Annotated[float, Field(gt=0, le=8_760)] = Field(description="How long it runs.")
    expected_kwh: Annotated[float, Field(gt=0, le=1e9)] | None = Field(
        default=None, description="What it uses, for its tenant's budget and what shifting avoids; none: not counted."
    )
    interruptible: bool = Field(default=False, description="Whether it may be stopped and resumed between those hours.")
    resume_minutes: Annotated[float, Field(ge=0, le=1_440)] = Field(
        default=0, description="Work that each interruption throws away."
    )


class BatchInference(Declared):
    """A job that puts a file of requests to a model, when there is room for it."""

    name: Name = Field(description="The job's name is `batch-`, this, and a digest of the rest.")
    tenant: Name = Field(description="Whose key and quota it uses.")
    model: Name = Field(description="A declared model; every request is put to it, whatever the file names.")
    input: File = Field(description="Requests, one a line, in the format of OpenAI's batch API.")
    output: File = Field(description="A folder: results.jsonl and errors.jsonl are written into it.")
    concurrency: Annotated[int, Field(ge=1, le=256)] = Field(
        default=8, description="Requests that are under way at the same time, at most."
    )
    suspended: bool = Field(default=False, description="Whether it waits for somebody to resume it.")
    deferrable: Deferrable | None = Field(
        default=None, description="That it may wait for low-carbon hours; needs saving.shifting. None: it runs at once."
    )
    image: ImageReference | None = Field(
        default=None, description="Default: `images/batch-inference`, built here. By digest outside local stacks."
    )


class Entrance(Declared):
    """A Gateway (Gateway API) that is already there, with a certificate, and takes routes from tenants' namespaces."""

    name: Name = Field(description="Its name.")
    namespace: Name = Field(description="Its namespace.")


class Applications(Declared):
    """What is offered to people besides an API; nothing unless it is declared."""

    entrance: Entrance | None = Field(
        default=None, description="Where pages are reached from outside; none: their `host` is led to them by others."
    )
    chat: tuple[Chat, ...] = Field(default=(), description="Chat pages, one for a tenant at most.")
    notebooks: tuple[Notebooks, ...] = Field(default=(), description="JupyterHubs, one for a tenant at most.")
    batch_inference: tuple[BatchInference, ...] = Field(default=(), description="Batches of requests.")

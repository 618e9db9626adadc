"""What the declared applications say about tenants, models and each other; no catalogue, no cloud, no cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.config.applications import Chat, File
from infra.config.issues import Issue, unknown
from infra.config.models import Center, Model


def check(center: Center, *, by_digest: bool) -> Iterator[Issue]:
    """Every issue of `applications`; `by_digest` says whether the cluster refuses images that name a tag alone."""
    offered = center.applications
    yield from _tenants(center)
    yield from _models(center)
    yield from _names(center)
    for index, chat in enumerate(offered.chat):
        path = f"applications.chat[{index}]"
        if chat.host and not chat.login:
            yield Issue(
                f"{path}.login",
                f"is required where the page has a host ({chat.host})",
                allowed="an identity provider, or no host",
                consequence="whoever reaches the page would use the tenant's key",
            )
        if chat.login and not chat.host:
            yield Issue(
                f"{path}.host",
                "is required where there is a login",
                allowed="the page's name, such as chat.example.com",
                consequence="the identity provider would not know where to send people back to",
            )
        yield from _answer(path, chat, center.models)
        yield from _image(f"{path}.image", chat.image, by_digest=by_digest)
    for index, notebooks in enumerate(offered.notebooks):
        for field, image in notebooks.images.model_dump().items():
            yield from _image(f"applications.notebooks[{index}].images.{field}", image, by_digest=by_digest)
    for index, batch in enumerate(offered.batch_inference):
        path = f"applications.batchInference[{index}]"
        yield from _file(f"{path}.input", batch.input)
        yield from _file(f"{path}.output", batch.output)
        yield from _image(f"{path}.image", batch.image, by_digest=by_digest)


def _answer(path: str, chat: Chat, models: Sequence[Model]) -> Iterator[Issue]:
    for model in models:
        context = model.max_model_len
        if model.name in chat.models and chat.answer_tokens and context and chat.answer_tokens >= context:
            yield Issue(
                f"{path}.answerTokens",
                f"leaves no room for a question: model {model.name} has a maxModelLen of {context}",
                chat.answer_tokens,
                allowed="less, such as half of it",
                consequence="the engine would refuse every question",
            )


def _tenants(center: Center) -> Iterator[Issue]:
    tenants = [tenant.name for tenant in center.tenants]
    offered = center.applications
    by_field = {
        "chat": [chat.tenant for chat in offered.chat],
        "notebooks": [notebooks.tenant for notebooks in offered.notebooks],
        "batchInference": [batch.tenant for batch in offered.batch_inference],
    }
    for field, named in by_field.items():
        for index, tenant in enumerate(named):
            if tenant not in tenants:
                yield unknown(
                    f"applications.{field}[{index}].tenant",
                    tenant,
                    tenants,
                    "is not a declared tenant",
                    consequence="it would have no namespace, no key and no quota",
                )


def _models(center: Center) -> Iterator[Issue]:
    models = [model.name for model in center.models]
    wanted: list[tuple[str, str]] = []
    for index, chat in enumerate(center.applications.chat):
        if not chat.models:
            yield Issue(
                f"applications.chat[{index}].models",
                "is empty",
                allowed="one declared model or more",
                consequence="there would be nobody to talk to",
            )
        wanted += [(f"applications.chat[{index}].models[{place}]", name) for place, name in enumerate(chat.models)]
    for index, batch in enumerate(center.applications.batch_inference):
        wanted.append((f"applications.batchInference[{index}].model", batch.model))
    for path, name in wanted:
        if name not in models:
            yield unknown(path, name, models, "is not a declared model", "the gateway would answer every request 404")
        elif path.startswith("applications.chat") and center.models[models.index(name)].task != "generate":
            yield Issue(
                path,
                "makes no text",
                name,
                allowed="a model whose task is generate",
                consequence="every question would be answered by an error",
            )


def _names(center: Center) -> Iterator[Issue]:
    """One page and one hub for a tenant; a name for one batch."""
    offered = center.applications
    yield from _twice("applications.chat", "tenant", [chat.tenant for chat in offered.chat])
    yield from _twice("applications.notebooks", "tenant", [item.tenant for item in offered.notebooks])
    yield from _twice("applications.batchInference", "name", [batch.name for batch in offered.batch_inference])
    hosts = [(f"applications.chat[{index}].host", chat.host) for index, chat in enumerate(offered.chat) if chat.host]
    hosts += [(f"applications.notebooks[{index}].host", item.host) for index, item in enumerate(offered.notebooks)]
    for place, (path, host) in enumerate(hosts):
        first = next(other for other, name in hosts if name == host)
        if first != hosts[place][0]:
            yield Issue(path, f"is already {first}", host, consequence="requests would reach one of them by chance")


def _twice(path: str, field: str, names: Sequence[str]) -> Iterator[Issue]:
    for index, name in enumerate(names):
        if names.index(name) < index:
            yield Issue(
                f"{path}[{index}].{field}",
                f"is already the {field} of {path}[{names.index(name)}]",
                name,
                allowed=f"a {field} that no other has",
                consequence="one would silently replace the other",
            )


def _file(path: str, file: File) -> Iterator[Issue]:
    if (file.bucket is None) == (file.claim is None):
        yield Issue(
            path,
            "must have exactly one of bucket and claim",
            allowed="bucket or claim",
            consequence="the job would not know where to look",
        )


def _image(path: str, image: str | None, *, by_digest: bool) -> Iterator[Issue]:
    if not by_digest or (image and "@sha256:" in image):
        return
    problem = "is not pinned by digest" if image else "is required: images built here are in no registry"
    yield Issue(
        path,
        problem,
        image,
        allowed="repository:tag@sha256:… outside local stacks",
        consequence="the admission policy would refuse its pods",
    )

"""What the declared fields of models say about each other and about tenants; no catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra.config import disaggregation_checks, engine_argument_checks, schedule_checks
from infra.config.fields import CPU_ENGINES, IMAGE_BY_DIGEST
from infra.config.issues import Issue, unknown
from infra.config.models import Center, Model
from infra.config.weights import IMAGE, STORE

_FOLDER = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_]*([./][-A-Za-z0-9_]+)*")


def check(center: Center) -> Iterator[Issue]:
    """Every issue of every model, in the order of the file."""
    tenants = [tenant.name for tenant in center.tenants]
    for index, model in enumerate(center.models):
        path = f"models[{index}]"
        if model.tenant not in tenants:
            yield unknown(f"{path}.tenant", model.tenant, tenants, "is not a declared tenant")
        if model.replicas.min > model.replicas.max:
            yield Issue(
                f"{path}.replicas.min",
                f"is more than replicas.max ({model.replicas.max})",
                model.replicas.min,
                allowed=f"up to {model.replicas.max}",
            )
        if model.image and "@" not in model.image and center.cloud.kind != "local":
            yield Issue(
                f"{path}.image",
                "is not pinned by digest",
                model.image,
                allowed="repository:tag@sha256:… outside local stacks",
                consequence="the admission policy would refuse its pods",
            )
        yield from _in_image(path, model, center) if model.source.startswith(IMAGE) else _weights(path, model)
        yield from schedule_checks.check(path, model)
        yield from disaggregation_checks.check(path, model, center)
        yield from engine_argument_checks.check(path, model)
        yield from _on_cpu(path, model) if model.engine in CPU_ENGINES else _on_accelerators(path, model)


def _weights(path: str, model: Model) -> Iterator[Issue]:
    digest = model.weights.digest if model.weights else None
    revision = model.weights.revision if model.weights else None
    if model.source.startswith(STORE):
        if not _FOLDER.fullmatch(model.source.removeprefix(STORE)):
            yield Issue(
                f"{path}.source",
                "is not a folder of the model store",
                model.source,
                allowed="store: and letters, digits, -, _, . and / between them, such as store:qwen3-32b",
            )
        if digest is None:
            yield Issue(
                f"{path}.weights.digest",
                "is required for weights in the model store",
                allowed="the digest that `aicc models push` printed",
                consequence="nothing would tell whether the store still holds what was put there",
            )
        if revision is not None:
            yield Issue(
                f"{path}.weights.revision",
                "is not for weights in the model store, which have no history",
                revision,
                allowed="nothing; the digest says which they are",
                consequence="it would be ignored",
            )
    elif digest is not None and revision is None:
        yield Issue(
            f"{path}.weights.revision",
            "is required with a digest of a hub repository",
            allowed="the commit that the digest was made of",
            consequence="the next commit to the repository would be refused as a wrong digest",
        )


def _in_image(path: str, model: Model, center: Center) -> Iterator[Issue]:
    reference = model.source.removeprefix(IMAGE)
    if not IMAGE_BY_DIGEST.fullmatch(reference):
        yield Issue(
            f"{path}.source",
            "is not an image pinned by digest",
            model.source,
            allowed="image:repository@sha256:… with the digest that the registry has of it",
            consequence="which weights are served would change with the registry",
        )
    if center.cloud.kind == "local":
        yield Issue(
            f"{path}.source",
            "is an image, which the local centre's node cannot mount: that takes containerd 2.1",
            model.source,
            allowed="store: and a folder of the model store, or a hub repository",
            consequence="its pods would never start",
        )
    declared = model.weights.model_dump(exclude_none=True) if model.weights else {}
    for field in ("digest", "revision"):
        if field in declared:
            yield Issue(
                f"{path}.weights.{field}",
                "is not for weights in an image",
                declared[field],
                allowed="nothing; the image's own digest says which they are",
                consequence="it would be ignored",
            )


def _on_cpu(path: str, model: Model) -> Iterator[Issue]:
    if model.accelerator is not None:
        yield Issue(
            f"{path}.accelerator",
            f"is not for engine {model.engine}, which runs on CPU nodes",
            model.accelerator,
            allowed="nothing; or engine: vllm or sglang",
            consequence="the accelerator would be held and never used",
        )
    if model.parallel.tensor * model.parallel.pipeline > 1:
        yield Issue(
            f"{path}.parallel",
            f"is not for engine {model.engine}: a replica is one process on one node",
            f"{model.parallel.tensor} × {model.parallel.pipeline}",
            allowed="tensor: 1, pipeline: 1; more replicas serve more requests",
            consequence="it would be ignored",
        )


def _on_accelerators(path: str, model: Model) -> Iterator[Issue]:
    if model.accelerator is None:
        yield Issue(
            f"{path}.accelerator",
            f"is required for engine {model.engine}",
            allowed="an accelerator of a pool; or engine: llama-cpp, which runs on CPU nodes",
            consequence="its pods would find nothing to compute on",
        )
    if model.resources is not None:
        yield Issue(
            f"{path}.resources",
            f"is not for engine {model.engine}: its replicas take their accelerators' share of the host",
            allowed="nothing; or engine: llama-cpp",
            consequence="it would be ignored",
        )

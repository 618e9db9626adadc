"""A declared model as it will run: checked against the pools and the catalogue, and resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from infra import images, quantity
from infra.catalogue import Catalogue
from infra.catalogue.schema import ServingImage
from infra.config.clouds import Cloud, LocalCloud
from infra.config.engine_arguments import command_line
from infra.config.issues import Issue, unknown
from infra.config.models import Center, CpuResources, Model
from infra.config.weights import IMAGE
from infra.names import model_release
from infra.plan import disaggregation, places, weights
from infra.plan.capabilities import has
from infra.plan.hosts import host_share
from infra.plan.model import AcceleratorPlan, ModelPlan, PoolPlan, TenantPlan

MODEL_HOST_SHARE = Fraction(3, 4)
"""A model takes this part of its accelerators' share of the host; the rest is for the system and smaller pods."""
MOUNTS_IMAGES = 35
"""Minor version since which image volumes are on by default (kubernetes.io: Use an Image Volume With a Pod)."""
LLAMA_SERVER = "llama-server"
"""The image of engine llama-cpp."""
SHARED_MEMORY_SHARE = Fraction(1, 4)
"""Of a model's memory, for /dev/shm: tensor-parallel workers exchange through it."""


def check(
    center: Center, accelerators: Mapping[str, AcceleratorPlan], pools: Sequence[PoolPlan], catalogue: Catalogue
) -> Iterator[Issue]:
    """A model's nodes, accelerator, engine, image and parallelism can be had."""
    for index, model in enumerate(center.models):
        path = f"models[{index}]"
        yield from _mountable(path, model, places.kubernetes_version(center, catalogue))
        if model.accelerator is None:
            yield from _cpu_nodes(path, model, center, pools)
            yield from weights.check(path, model, None)
        elif model.accelerator not in accelerators:
            yield unknown(
                f"{path}.accelerator",
                model.accelerator,
                accelerators,
                "is not an accelerator of any pool",
                consequence="its pods would never be scheduled",
            )
        else:
            yield from _image(path, model, model.accelerator, center, catalogue)
            yield from _group(path, model, center.cloud)
            yield from disaggregation.check(path, model, center, catalogue.accelerators[model.accelerator])
            yield from _parallelism(path, model, model.accelerator, pools, catalogue)
            yield from weights.check(path, model, catalogue.accelerators[model.accelerator])


def _mountable(path: str, model: Model, version: str | None) -> Iterator[Issue]:
    if version and model.source.startswith(IMAGE) and int(version.partition(".")[2]) < MOUNTS_IMAGES:
        yield Issue(
            f"{path}.source",
            f"is an image, which Kubernetes {version} does not mount",
            model.source,
            allowed=f"cloud.kubernetesVersion of 1.{MOUNTS_IMAGES} or newer, or weights of a hub or the store",
            consequence="its pods would be refused, or start without weights",
        )


def _cpu_nodes(path: str, model: Model, center: Center, pools: Sequence[PoolPlan]) -> Iterator[Issue]:
    hosts = [pool for pool in pools if pool.accelerator is None]
    if not hosts:
        yield Issue(
            f"{path}.engine",
            "runs on CPU nodes, and every pool has accelerators",
            model.engine,
            allowed="a pool without accelerators beside them",
            consequence="its pods would never be scheduled",
        )
        return
    needs = model.resources or CpuResources()
    if not any(_fits(needs, pool) for pool in hosts):
        largest = max(hosts, key=lambda pool: (pool.memory_bytes, pool.cpu_cores))
        yield Issue(
            f"{path}.resources",
            f"is more than a node without accelerators has; the largest, of pool {largest.name}, has "
            f"{quantity.cores(largest.cpu_cores)} cores and {quantity.mebibytes(largest.memory_bytes)}",
            f"cpu {needs.cpu}, memory {needs.memory}",
            allowed="less, or a pool of larger nodes",
            consequence="its pods would never be scheduled",
        )
    if model.image is None and not isinstance(center.cloud, LocalCloud):
        yield Issue(
            f"{path}.image",
            f"is required for engine {model.engine}",
            allowed="an image of llama.cpp's server, by digest, such as that of images/llama-server in your registry",
            consequence="its pods would have nothing to run",
        )


def _fits(needs: CpuResources, pool: PoolPlan) -> bool:
    return quantity.parse(needs.cpu) <= pool.cpu_cores and quantity.parse(needs.memory) <= pool.memory_bytes


def _image(path: str, model: Model, accelerator: str, center: Center, catalogue: Catalogue) -> Iterator[Issue]:
    if model.image is not None:
        return
    serving = catalogue.accelerators[accelerator].serving
    if model.engine not in serving:
        yield unknown(
            f"{path}.engine",
            model.engine,
            serving,
            f"has no known image for {accelerator}",
            consequence="name an image in the model's image field, or choose another engine",
        )
    elif center.cloud.kind != "local" and "@sha256:" not in serving[model.engine].image:
        yield Issue(
            f"{path}.image",
            f"is required: the catalogue's {serving[model.engine].image} is not pinned by digest",
            allowed="repository:tag@sha256:… outside local stacks",
            consequence="the admission policy would refuse its pods",
        )


def _group(path: str, model: Model, cloud: Cloud) -> Iterator[Issue]:
    if model.parallel.nodes > 1 and not has(cloud, "lws"):
        yield Issue(
            f"{path}.parallel.nodes",
            "is only for clusters with LeaderWorkerSet",
            model.parallel.nodes,
            allowed="1; or a cluster with lws among its operators or capabilities",
            consequence="nothing would start its pods as one",
        )


def _parallelism(
    path: str, model: Model, accelerator: str, pools: Sequence[PoolPlan], catalogue: Catalogue
) -> Iterator[Issue]:
    count, nodes = model.parallel.tensor * model.parallel.pipeline, model.parallel.nodes
    per_node = max(pool.accelerators_per_node for pool in pools if pool.accelerator == accelerator)
    valid = [n for n in catalogue.accelerators[accelerator].kubernetes.counts_per_pod if n <= per_node]
    if Fraction(count, nodes) not in valid:
        each = f"/ {nodes} nodes = {_shown(Fraction(count, nodes))} accelerators" if nodes > 1 else "accelerators"
        yield Issue(
            f"{path}.parallel",
            f"asks for {model.parallel.tensor} × {model.parallel.pipeline} = {count} {each} in one pod, "
            f"which a node of {per_node} {accelerator} cannot give",
            allowed=f"tensor × pipeline{' / nodes' if nodes > 1 else ''} of {', '.join(map(str, valid))}",
            consequence="its pods would never be scheduled",
        )


def _shown(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"{float(number):.1f}"


def notes(center: Center, catalogue: Catalogue) -> Iterator[str]:
    """What could not be checked of the models."""
    for model in center.models:
        accelerator = catalogue.accelerators[model.accelerator] if model.accelerator else None
        yield from weights.notes(f"model {model.name}", model, accelerator)
        if model.engine == "vllm" and _engine_version(model, catalogue) is None and center.cloud.kind != "local":
            yield (
                f"model {model.name}: the version of vLLM in its image is unknown, so a replica that stops cuts "
                "its streams off; engineVersion says it"
            )
        yield from disaggregation.notes(model, accelerator)


def resolved(
    model: Model,
    tenant: TenantPlan,
    accelerators: Mapping[str, AcceleratorPlan],
    pools: Sequence[PoolPlan],
    catalogue: Catalogue,
) -> ModelPlan:
    """The model's plan; `check` has found nothing wrong with it."""
    accelerator = accelerators[model.accelerator] if model.accelerator else None
    count = model.parallel.tensor * model.parallel.pipeline if accelerator else 0
    if accelerator:
        share_cores, share_memory = host_share(accelerator.id, pools)
        part = count // model.parallel.nodes * MODEL_HOST_SHARE
        cores, memory = share_cores * part, share_memory * part
    else:
        own = model.resources or CpuResources()
        cores, memory = quantity.parse(own.cpu), quantity.parse(own.memory)
    split = disaggregation.resolved(model)
    return ModelPlan(
        name=model.name,
        release=model_release(model.name),
        tenant=tenant.name,
        namespace=tenant.namespace,
        source=model.source,
        weights=weights.resolved(model),
        engine=model.engine,
        makes_embeddings=model.task == "embed",
        image=model.image or _known_image(model, catalogue),
        engine_version=_engine_version(model, catalogue),
        engine_arguments=command_line(model.engine_arguments),
        accelerator=accelerator.id if accelerator else None,
        resource=accelerator.resource if accelerator else None,
        accelerators_per_replica=count,
        tensor_parallel=model.parallel.tensor,
        pipeline_parallel=model.parallel.pipeline,
        nodes_per_replica=model.parallel.nodes,
        min_replicas=split.prefill + split.decode if split else model.replicas.min,
        max_replicas=split.prefill + split.decode if split else model.replicas.max,
        split=split,
        scaling=None,
        max_model_len=model.max_model_len,
        cpu=quantity.cores(cores),
        memory=quantity.mebibytes(memory),
        shared_memory=quantity.mebibytes(memory * SHARED_MEMORY_SHARE) if accelerator else None,
        runtime_class=accelerator.runtime_class if accelerator else None,
        priority_class=tenant.priority_class,
    )


def _engine_version(model: Model, catalogue: Catalogue) -> str | None:
    """As declared, else that of the catalogue's image; an image of the model's own may have any."""
    if model.engine_version or model.image or model.accelerator is None:
        return model.engine_version
    known = _serving_image(model.accelerator, model, catalogue)
    return known.version if known else None


def _known_image(model: Model, catalogue: Catalogue) -> str:
    if model.accelerator is None:
        return images.local_image(LLAMA_SERVER)
    known = _serving_image(model.accelerator, model, catalogue)
    if known is None:
        raise TypeError(f"model {model.name} has no image, and no issue said so")
    return known.image


def _serving_image(accelerator: str, model: Model, catalogue: Catalogue) -> ServingImage | None:
    serving = catalogue.accelerators[accelerator].serving
    return next((found for engine, found in serving.items() if engine == model.engine), None)

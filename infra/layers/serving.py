"""Serving: each declared model as one release of the model-server chart, in its tenant's namespace.

It makes no gateway: what leads requests to the models is a layer of its own.
"""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_kubernetes.helm.v4 import Chart

from infra import names
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.charts import chart, image
from infra.outputs import GATEWAY_METRICS_PORT
from infra.plan import ModelPlan
from infra.plan.model import ScalingPlan
from infra.plan.scaling import POLL_SECONDS

WEIGHTS = "/models"
"""Where the chart mounts the cache, or the image with the weights."""


def build(given: LayerIn) -> LayerOut:
    """Register every model."""
    return LayerOut(parts={model.name: (_release(model, given),) for model in given.plan.models})


def _release(model: ModelPlan, given: LayerIn) -> pulumi.Resource:
    after = given.earlier["tenancy"].parts[model.tenant]
    after += given.earlier["weights"].parts.get(model.name, ())
    if model.accelerator:
        after += given.earlier["accelerators"].parts[model.accelerator]
    if model.nodes_per_replica > 1:
        after += given.earlier["operators"].parts.get("lws", ())
    if model.scaling:
        after += given.earlier["operators"].parts.get("keda", ())
    return Chart(
        model.release,
        chart=chart("model-server"),
        namespace=model.namespace,
        values=values(model) | ({} if model.accelerator else {"nodeSelector": dict(given.cluster.service_nodes)}),
        opts=given.options(*after),
    )


def values(model: ModelPlan) -> dict[str, Any]:
    """Return the chart's values; what is the same for every model is the chart's default."""
    return {
        "engine": model.engine,
        "engineVersion": model.engine_version or "",
        "extraArgs": list(model.engine_arguments),
        "model": {"name": model.name, "source": source(model)},
        **({"weights": mounted} if (mounted := _mounted(model)) else {}),
        "tenant": model.tenant,
        "image": image(model.image),
        "accelerator": {
            "resource": model.resource or "",
            "count": model.accelerators_per_replica // model.nodes_per_replica,
        },
        "tensorParallelSize": model.tensor_parallel,
        "pipelineParallelSize": model.pipeline_parallel,
        "nodesPerReplica": model.nodes_per_replica,
        # The plan has it from the cluster's operators and capabilities.
        "leaderWorkerSet": model.nodes_per_replica > 1,
        "maxModelLen": model.max_model_len or 0,
        "embeddings": model.makes_embeddings,
        **replicas(model),
        "autoscaling": {"keda": keda(model.scaling)},
        "resources": {
            "requests": {"cpu": model.cpu, "memory": model.memory},
            "limits": {"memory": model.memory},
        },
        "sharedMemory": model.shared_memory or "",
        # Brings the accelerator's node selector and tolerations with it; models on CPU have none.
        "runtimeClassName": model.runtime_class or "",
        "priorityClassName": model.priority_class,
    }


def _mounted(model: ModelPlan) -> dict[str, str]:
    """What holds the weights; nothing where the engine fetches them."""
    if model.weights_image:
        return {"image": model.weights_image}
    return {"claim": names.MODEL_CACHE} if model.folder else {}


def replicas(model: ModelPlan) -> dict[str, Any]:
    """How many of which kind; the chart's `replicas` are those of models that are not split."""
    split = model.split
    if split is None:
        return {"replicas": {"min": model.min_replicas, "max": model.max_replicas}}
    return {
        "disaggregation": {
            "enabled": True,
            "replicas": {"prefill": split.prefill, "decode": split.decode},
            "transferBackend": split.transfer_backend,
            "rdma": {
                "resource": split.rdma_resource or "",
                "count": split.rdma_count or 1,
                "devices": list(split.rdma_devices),
            },
        }
    }


def keda(scaling: ScalingPlan | None) -> dict[str, Any]:
    """What KEDA is told of a model; without it the chart's own autoscaler is used."""
    if scaling is None:
        return {"enabled": False}
    return {
        "enabled": True,
        "queueDepth": scaling.queue_depth,
        "ttftSeconds": scaling.ttft_seconds or 0,
        "idleSeconds": scaling.idle_seconds,
        "pollingSeconds": POLL_SECONDS,
        "schedules": [
            {"start": each.start, "end": each.end, "timeZone": each.time_zone, "replicas": each.replicas}
            for each in scaling.schedules
        ],
        "gateway": {"url": f"http://{names.GATEWAY}.{names.GATEWAY_NAMESPACE}.svc:{GATEWAY_METRICS_PORT}/metrics"},
    }


def source(model: ModelPlan) -> str:
    """What the engine opens: verified weights in the cache or an image, or what it finds by itself."""
    if model.weights is None or not _mounted(model):
        return model.source
    folder = f"{WEIGHTS}/{model.folder}" if model.folder else WEIGHTS
    return folder if model.accelerator else f"{folder}/{model.weights.file}"


LAYER = Layer("serving", requires=("tenancy", "accelerators", "operators", "weights"), build=build)

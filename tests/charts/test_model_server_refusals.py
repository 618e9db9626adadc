"""Values that the chart refuses, and what it says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.charts.model_server import ModelServer
from tests.charts.test_model_server_groups import GROUP
from tests.support.helm import HelmError

IMAGE = {"repository": "registry.example.com/vllm", "tag": "1"}

SCHEMA: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"replcas": 2}, "additional properties 'replcas' not allowed"),
    "unknown nested key": ({"image": {"tagg": "1"}}, "additional properties 'tagg' not allowed"),
    "negative count": ({"accelerator": {"count": -1}}, "/accelerator/count"),
    "wrong engine": ({"engine": "tensorrt"}, "'vllm', 'sglang', 'llama-cpp'"),
    "text for a number": ({"tensorParallelSize": "2"}, "/tensorParallelSize"),
    "number for a quantity": ({"resources": {"requests": {"cpu": 4}}}, "/resources/requests/cpu"),
    "no quantity": ({"sharedMemory": "much"}, "/sharedMemory"),
    "short digest": ({"image": {"digest": "sha256:abc"}}, "/image/digest"),
    "tag in the repository": ({"image": {"repository": "vllm@sha256:abc"}}, "/image/repository"),
    "privileged port": ({"service": {"port": 80}}, "/service/port"),
    "root": ({"runAsUser": 0}, "/runAsUser"),
    "source that reads as a flag": ({"model": {"source": "--trust-remote-code"}}, "/model/source"),
    "model name that no label can hold": ({"model": {"name": "Qwen/Qwen3-32B"}}, "/model/name"),
    "fewer than none": ({"replicas": {"min": -1}}, "/replicas/min"),
    "KEDA that looks too seldom": (
        {"autoscaling": {"keda": {"pollingSeconds": 30}}},
        "/autoscaling/keda/pollingSeconds",
    ),
    "weights by path": ({"weights": {"hostPath": "/models"}}, "additional properties 'hostPath' not allowed"),
    "text for a truth": ({"embeddings": "yes"}, "/embeddings"),
    "no metrics": ({"autoscaling": {"metrics": []}}, "/autoscaling/metrics"),
    "unknown key of a toleration": ({"tolerations": [{"keys": "a"}]}, "/tolerations/0"),
    "bad label": ({"labels": {"a": "not a label value"}}, "/labels/a"),
    "required value removed": ({"engine": None}, "missing property 'engine'"),
}

CHECKS: dict[str, tuple[dict[str, Any], str]] = {
    "min above max": ({"replicas": {"min": 3, "max": 2}}, "replicas.min is 3, which is more than replicas.max (2)"),
    "none, and nothing that starts one": (
        {"replicas": {"min": 0}},
        "replicas.min is 0, but autoscaling.keda.enabled is false; nothing would start the model again",
    ),
    "wrong product": (
        {"accelerator": {"count": 4}, "tensorParallelSize": 4, "pipelineParallelSize": 2},
        "tensorParallelSize 4 × pipelineParallelSize 2 = 8 accelerators, but accelerator.count is 4",
    ),
    "count without resource": (
        {"accelerator": {"resource": "", "count": 2}, "tensorParallelSize": 2},
        "accelerator.count is 2, but accelerator.resource is empty",
    ),
    "parallel without resource": (
        {"accelerator": {"resource": "", "count": 0}, "tensorParallelSize": 2},
        "tensorParallelSize 2 × pipelineParallelSize 1 = 2 accelerators, but accelerator.resource is empty",
    ),
    "neither tag nor digest": (
        {"image": IMAGE | {"tag": ""}},
        "image.tag and image.digest are both empty; one must say which registry.example.com/vllm to run",
    ),
    "weights by tag": ({"weights": {"image": "models/qwen3:1"}}, "does not match pattern"),
    "weights in two places": (
        {"weights": {"claim": "models", "image": f"models/qwen3@sha256:{'a' * 64}"}},
        "both would be mounted at /models",
    ),
    "source outside the mounted image": (
        {"weights": {"image": f"models/qwen3@sha256:{'a' * 64}"}, "model": {"name": "a", "source": "/models2"}},
        'model.source is "/models2", but weights.image is mounted at /models',
    ),
    "source outside the mounted weights": (
        {"weights": {"claim": "models"}, "model": {"name": "a", "source": "Qwen/Qwen3-0.6B"}},
        'model.source is "Qwen/Qwen3-0.6B", but weights.claim is mounted at /models',
    ),
    "accelerator for the engine on CPUs": (
        {"engine": "llama-cpp", "model": {"name": "a", "source": "/models/a.gguf"}},
        'engine llama-cpp runs on CPUs, but accelerator.resource is "nvidia.com/gpu"',
    ),
    "hub for the engine that reads a file": (
        {"engine": "llama-cpp", "accelerator": {"resource": "", "count": 0}},
        'model.source is "Qwen/Qwen3-0.6B", but engine llama-cpp reads a file',
    ),
    "several nodes without LeaderWorkerSet": (
        {"nodesPerReplica": 2, "tensorParallelSize": 2},
        "nodesPerReplica is 2, but leaderWorkerSet is false",
    ),
    "several nodes and the wrong product": (
        {"nodesPerReplica": 2, "leaderWorkerSet": True, "accelerator": {"count": 8}, "tensorParallelSize": 8},
        "= 8 accelerators, but accelerator.count 8 × nodesPerReplica 2 = 16; they must be equal",
    ),
    "several nodes on CPUs": (
        {
            "engine": "llama-cpp",
            "model": {"name": "a", "source": "/models/a.gguf"},
            "accelerator": {"resource": "", "count": 0},
            "nodesPerReplica": 2,
            "leaderWorkerSet": True,
        },
        "nodesPerReplica is 2, but engine llama-cpp runs on one node",
    ),
    "a split that SMG cannot lead through": (
        {"disaggregation": {"enabled": True}},
        "disaggregation.enabled, but engine is vllm",
    ),
    "a split that scales": (
        {"engine": "sglang", "disaggregation": {"enabled": True}, "replicas": {"min": 1, "max": 2}},
        "disaggregation.enabled, but replicas.min 1 < replicas.max 2",
    ),
    "a split of embeddings": (
        {"engine": "sglang", "disaggregation": {"enabled": True}, "embeddings": True},
        "there is no decoding to split off",
    ),
    "no time after draining": (
        {"drainSeconds": 60, "terminationGracePeriodSeconds": 60},
        "drainSeconds is 60, which leaves the engine no time to stop within terminationGracePeriodSeconds (60)",
    ),
}


@pytest.mark.parametrize(("values", "message"), SCHEMA.values(), ids=SCHEMA)
def test_schema_refuses(chart: ModelServer, values: dict[str, Any], message: str) -> None:
    with pytest.raises(HelmError) as refusal:
        chart.text(**values)
    assert "values don't meet the specifications of the schema" in str(refusal.value)
    assert message in str(refusal.value)


@pytest.mark.parametrize(("values", "message"), CHECKS.values(), ids=CHECKS)
def test_templates_refuse_what_the_schema_cannot_express(
    chart: ModelServer, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(HelmError) as refusal:
        chart.text(**values)
    assert message in str(refusal.value)


def test_a_release_name_that_no_service_can_have_is_refused(chart: ModelServer) -> None:
    with pytest.raises(HelmError, match="which no Service may be"):
        chart.text(release="model-qwen2.5")


def test_a_release_name_that_is_too_long_for_its_groups_workers_is_refused(chart: ModelServer) -> None:
    """Their pods would be: a label of theirs is the StatefulSet's name and a hash."""
    chart.text(release="m" * 44, **GROUP, replicas={"min": 1, "max": 9})
    with pytest.raises(HelmError, match="m-group-10: 53 characters, and a StatefulSet has at most 52"):
        chart.text(release="m" * 44, **GROUP, replicas={"min": 1, "max": 10})

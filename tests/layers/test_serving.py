from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aicc import paths
from aicc.offline.graph import Graph
from aicc.offline.record import PROGRAM
from infra.layers.charts import image
from infra.layers.serving import keda, values
from infra.outputs import GATEWAY_METRICS_PORT, MODEL_PORT
from infra.plan import CenterPlan, ModelPlan
from infra.plan.model import ScalingPlan, WeightsPlan
from tests.layers.conftest import Find

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


@pytest.fixture(params=["qwen3-32b", "qwen3-235b-a22b", "qwen3-8b", "qwen3-embedding"])
def model(request: pytest.FixtureRequest, local_plan: CenterPlan) -> ModelPlan:
    return next(model for model in local_plan.models if model.name == request.param)


@pytest.mark.parametrize(
    ("reference", "repository", "tag", "digest"),
    [
        ("vllm:1", "vllm", "1", ""),
        ("registry.example.com/a/vllm:1.2", "registry.example.com/a/vllm", "1.2", ""),
        ("registry.example.com:5000/vllm:1", "registry.example.com:5000/vllm", "1", ""),
        (f"registry.example.com:5000/vllm@{DIGEST}", "registry.example.com:5000/vllm", "", DIGEST),
        (f"vllm:1@{DIGEST}", "vllm", "1", DIGEST),
    ],
)
def test_an_image_reference_is_taken_apart(reference: str, repository: str, tag: str, digest: str) -> None:
    assert image(reference) == {"repository": repository, "tag": tag, "digest": digest, "pullPolicy": "IfNotPresent"}


@given(
    st.from_regex(r"\A([a-z0-9]{1,8}(:[0-9]{1,5})?/)?[a-z0-9]{1,8}\Z"),
    st.none() | st.from_regex(r"\A[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,10}\Z"),
    st.booleans(),
)
def test_an_image_reference_can_be_put_together_again(repository: str, tag: str | None, pinned: bool) -> None:
    reference = repository + (f":{tag}" if tag else "") + (f"@{DIGEST}" if pinned else "")
    assume(tag or pinned)  # the configuration refuses a reference with neither
    parts = image(reference)
    assert parts["repository"] == repository
    assert parts["tag"] == (tag or "")
    assert parts["digest"] == (DIGEST if pinned else "")


def test_a_model_is_given_what_its_plan_says(model: ModelPlan, find: Find) -> None:
    pod = find("Deployment", f"{model.namespace}/{model.release}")["spec"]["template"]["spec"]
    [container] = pod["containers"]
    for amounts in (container["resources"]["requests"], container["resources"]["limits"]):
        assert int(amounts[str(model.resource)]) == model.accelerators_per_replica
        assert amounts["memory"] == model.memory
    assert container["resources"]["requests"]["cpu"] == model.cpu
    parts = image(model.image)
    reference = f"@{parts['digest']}" if parts["digest"] else f":{parts['tag']}"
    assert container["image"] == parts["repository"] + reference, "a digest alone decides, so the tag is left out"
    assert (pod["runtimeClassName"], pod["priorityClassName"]) == (model.runtime_class, model.priority_class)


def test_a_model_makes_embeddings_where_the_stack_says_so(model: ModelPlan) -> None:
    assert values(model)["embeddings"] == (model.name == "qwen3-embedding")


def test_tensor_and_pipeline_stages_use_every_accelerator_of_a_replica(model: ModelPlan) -> None:
    given_values = values(model)
    stages = given_values["tensorParallelSize"] * given_values["pipelineParallelSize"]
    assert stages == given_values["accelerator"]["count"]


def test_memory_is_limited_to_what_the_scheduler_reserved_and_cpu_is_not_limited(model: ModelPlan) -> None:
    resources = values(model)["resources"]
    assert resources["limits"] == {"memory": resources["requests"]["memory"]}


def test_a_model_is_where_its_endpoint_says(model: ModelPlan, local_graph: Graph, find: Find) -> None:
    address = f"http://{model.release}.{model.namespace}.svc:{MODEL_PORT}/v1"
    assert local_graph.outputs["models"][model.name] == address
    assert MODEL_PORT in [
        port["port"] for port in find("Service", f"{model.namespace}/{model.release}")["spec"]["ports"]
    ]


def test_no_path_of_this_machine_reaches_a_chart_s_inputs(local_graph: Graph) -> None:
    charts = [resource for resource in local_graph.resources if resource.type.endswith(":Chart")]
    assert charts
    for chart in charts:
        assert not Path(chart.inputs["chart"]).is_absolute()
        assert (PROGRAM / chart.inputs["chart"]).resolve().parent == paths.CHARTS


def test_weights_in_an_image_are_mounted_and_nothing_is_fetched(local_plan: CenterPlan) -> None:
    reference = f"registry.example.com/models/m@sha256:{'a' * 64}"
    for declared in local_plan.models:
        weights = WeightsPlan("image", reference, None, None, None, "model.gguf")
        told = values(replace(declared, source=f"image:{reference}", weights=weights))
        assert told["weights"] == {"image": reference}
        assert told["model"]["source"] == ("/models" if declared.accelerator else "/models/model.gguf")


def test_further_arguments_of_an_engine_come_after_the_chart_s_own(local_plan: CenterPlan) -> None:
    told = values(replace(local_plan.models[0], engine_arguments=("--enforce-eager", "--block-size=32")))
    assert told["extraArgs"] == ["--enforce-eager", "--block-size=32"]


def test_keda_looks_where_the_gateway_s_pods_serve_their_metrics(local_plan: CenterPlan) -> None:
    text = (paths.CHARTS / "inference-gateway" / "templates" / "_config.tpl").read_text(encoding="utf-8")
    assert f"--admin=0.0.0.0:{GATEWAY_METRICS_PORT}" in text
    told = keda(ScalingPlan(queue_depth=8, ttft_seconds=None, idle_seconds=60, hold_seconds=60))
    assert told["gateway"]["url"] == f"http://gateway.aicc-gateway.svc:{GATEWAY_METRICS_PORT}/metrics"
    assert keda(None) == {"enabled": False}

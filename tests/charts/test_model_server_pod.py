"""How a replica runs: engine, health, draining, placement, and the restricted Pod Security Standard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.charts.model_server import ModelServer

ENGINES = ("vllm", "sglang", "llama-cpp")
ON_ACCELERATORS = ("vllm", "sglang")
ON_CPU: dict[str, Any] = {
    "engine": "llama-cpp",
    "model": {"name": "smollm2-135m", "source": "/models/smollm2-135m/model.gguf"},
    "accelerator": {"resource": "", "count": 0},
    "sharedMemory": "",
    "weights": {"claim": "models"},
}
DIGEST = "sha256:" + "0123456789abcdef" * 4
PARALLEL: dict[str, Any] = {
    "model": {"name": "qwen3-235b", "source": "/models/qwen3 235b"},
    "accelerator": {"resource": "alibabacloud.com/ppu", "count": 16},
    "tensorParallelSize": 8,
    "pipelineParallelSize": 2,
    "maxModelLen": 1_048_576,
    "extraArgs": ["--seed=1", '--override={"a": "b"}'],
}


def test_vllm_is_started_with_its_own_arguments(chart: ModelServer) -> None:
    container = chart.container(engine="vllm", **PARALLEL)
    assert container["command"] == ["vllm", "serve"]
    assert container["args"] == [
        "/models/qwen3 235b",
        "--served-model-name=qwen3-235b",
        "--tensor-parallel-size=8",
        "--pipeline-parallel-size=2",
        "--max-model-len=1048576",
        "--max-log-len=0",
        "--enable-prompt-tokens-details",
        "--host=0.0.0.0",
        "--port=8000",
        "--seed=1",
        '--override={"a": "b"}',
    ]


def test_sglang_is_started_with_its_own_arguments(chart: ModelServer) -> None:
    container = chart.container(engine="sglang", **PARALLEL)
    assert container["command"] == ["python3", "-m", "sglang.launch_server"]
    assert container["args"] == [
        "--model-path=/models/qwen3 235b",
        "--served-model-name=qwen3-235b",
        "--tp-size=8",
        "--pp-size=2",
        "--context-length=1048576",
        "--host=0.0.0.0",
        "--port=8000",
        "--enable-metrics",
        "--log-requests-level=0",
        "--enable-cache-report",
        "--seed=1",
        '--override={"a": "b"}',
    ]


def _env(container: Mapping[str, Any]) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in container["env"]}


def _values(engine: str) -> dict[str, Any]:
    return ON_CPU if engine == "llama-cpp" else {"engine": engine}


def test_llama_cpp_is_told_everything_by_its_environment(chart: ModelServer) -> None:
    """A value can be no further flag there."""
    container = chart.container(**ON_CPU, maxModelLen=2048, maxConcurrentRequests=3, extraArgs=["--mlock"])
    assert container["command"] == ["/llama-server"]
    assert container["args"] == ["--mlock"]
    assert {name: value for name, value in _env(container).items() if name.startswith("LLAMA_")} == {
        "LLAMA_ARG_MODEL": "/models/smollm2-135m/model.gguf",
        "LLAMA_ARG_ALIAS": "smollm2-135m",
        "LLAMA_ARG_HOST": "0.0.0.0",  # noqa: S104 of the pod
        "LLAMA_ARG_PORT": "8000",
        "LLAMA_ARG_THREADS": "4",
        "LLAMA_ARG_N_PARALLEL": "3",
        "LLAMA_ARG_KV_UNIFIED_PER_SLOT": "2048",
        "LLAMA_ARG_ENDPOINT_METRICS": "1",
        "LLAMA_ARG_UI": "0",
        "LLAMA_ARG_LOG_VERBOSITY": "3",
        "LLAMA_ARG_OFFLINE": "1",
        "LLAMA_ARG_CACHE_RAM": "0",
    }


def test_llama_cpp_has_no_arguments_of_the_chart(chart: ModelServer) -> None:
    assert "args" not in chart.container(**ON_CPU)


@pytest.mark.parametrize(
    ("cpu", "threads"), [("1", "1"), ("250m", "1"), ("1500m", "2"), ("2.5", "3"), ("16", "16"), ("", None)]
)
def test_llama_cpp_has_a_thread_for_each_core_it_asks_for(chart: ModelServer, cpu: str, threads: str | None) -> None:
    container = chart.container(**ON_CPU, resources={"requests": {"cpu": cpu}})
    assert _env(container).get("LLAMA_ARG_THREADS") == threads


def test_a_model_of_embeddings_is_served_as_one(chart: ModelServer) -> None:
    assert "--runner=pooling" in chart.container(engine="vllm", embeddings=True)["args"]
    assert "--is-embedding" in chart.container(engine="sglang", embeddings=True)["args"]
    env = _env(chart.container(**ON_CPU, embeddings=True, maxModelLen=1024))
    assert env["LLAMA_ARG_EMBEDDINGS"] == "1"
    assert (env["LLAMA_ARG_BATCH"], env["LLAMA_ARG_UBATCH"]) == ("1024", "1024"), "an input must fit one batch"


@pytest.mark.parametrize(
    ("version", "told"), [("", []), ("0.9.2", []), ("0.17.1", []), ("0.18.0", ["85"]), ("0.29.0", ["85"])]
)
def test_vllm_finishes_its_streams_where_it_is_known_to_be_able_to(
    chart: ModelServer, version: str, told: list[str]
) -> None:
    args = chart.container(engine="vllm", engineVersion=version, terminationGracePeriodSeconds=120)["args"]
    flag = "--shutdown-timeout="
    assert [argument.removeprefix(flag) for argument in args if argument.startswith(flag)] == told


def test_requests_at_once_can_be_limited(chart: ModelServer) -> None:
    assert "--max-num-seqs=64" in chart.container(engine="vllm", maxConcurrentRequests=64)["args"]
    assert "--max-running-requests=64" in chart.container(engine="sglang", maxConcurrentRequests=64)["args"]


def test_weights_are_mounted_for_reading_only_and_nothing_outside_is_reached(chart: ModelServer) -> None:
    objects = chart.objects(**ON_CPU)
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    [volume] = [volume for volume in pod["volumes"] if volume["name"] == "weights"]
    assert volume["persistentVolumeClaim"] == {"claimName": "models", "readOnly": True}
    [mount] = [mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "weights"]
    assert mount == {"name": "weights", "mountPath": "/models", "readOnly": True}
    assert objects["NetworkPolicy"]["spec"]["egress"] == []


def test_weights_in_an_image_are_mounted_by_the_node_and_nothing_outside_is_reached(chart: ModelServer) -> None:
    reference = f"registry.example.com/models/qwen3@sha256:{'a' * 64}"
    objects = chart.objects(weights={"image": reference}, model={"source": "/models"})
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    [volume] = [volume for volume in pod["volumes"] if volume["name"] == "weights"]
    assert volume["image"] == {"reference": reference, "pullPolicy": "IfNotPresent"}
    [mount] = [mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "weights"]
    assert mount == {"name": "weights", "mountPath": "/models", "readOnly": True}
    assert pod["containers"][0]["args"][0] == "/models"
    assert objects["NetworkPolicy"]["spec"]["egress"] == []


def test_without_weights_nothing_is_mounted_for_them(chart: ModelServer) -> None:
    objects = chart.objects(weights={"claim": None})
    assert "weights" not in {volume["name"] for volume in objects["Deployment"]["spec"]["template"]["spec"]["volumes"]}
    assert [rule["ports"][0]["port"] for rule in objects["NetworkPolicy"]["spec"]["egress"]] == [443]


@pytest.mark.parametrize("engine", ON_ACCELERATORS)
def test_the_models_own_context_length_is_the_default(chart: ModelServer, engine: str) -> None:
    args = chart.container(engine=engine)["args"]
    assert not [argument for argument in args if argument.startswith(("--max-model-len", "--context-length"))]


def test_image_is_by_tag_or_by_digest_and_the_digest_wins(chart: ModelServer) -> None:
    image = {"repository": "registry.example.com/ppu/vllm", "tag": "1.2", "digest": ""}
    assert chart.container(image=image)["image"] == "registry.example.com/ppu/vllm:1.2"
    assert chart.container(image=image | {"digest": DIGEST})["image"] == f"registry.example.com/ppu/vllm@{DIGEST}"


@pytest.mark.parametrize("engine", ENGINES)
def test_pods_meet_the_restricted_pod_security_standard(chart: ModelServer, engine: str) -> None:
    pod = chart.pod(**_values(engine))
    [container] = pod["containers"]
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"} & set(pod)
    assert all(set(volume) <= {"name", "emptyDir", "persistentVolumeClaim"} for volume in pod["volumes"])
    assert all("hostPort" not in port for port in container["ports"])
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["runAsGroup"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "privileged" not in container["securityContext"]


def test_pods_hold_no_credentials_and_no_service_variables(chart: ModelServer) -> None:
    objects = chart.objects()
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == objects["ServiceAccount"]["metadata"]["name"]
    assert pod["automountServiceAccountToken"] is False
    assert objects["ServiceAccount"]["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False


@pytest.mark.parametrize("engine", ON_ACCELERATORS)
def test_whatever_an_engine_writes_goes_to_a_volume(chart: ModelServer, engine: str) -> None:
    container = chart.container(engine=engine)
    env = _env(container)
    folders = {"HOME", "XDG_CACHE_HOME", "HF_HOME", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"}
    folders |= {"VLLM_CACHE_ROOT"} if engine == "vllm" else {"SGLANG_CACHE_DIR"}
    assert all(env[name] == "/cache" or env[name].startswith("/cache/") for name in folders)
    assert env["USER"], "torch looks the user id up in /etc/passwd where USER is not set"
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/cache", "/tmp", "/dev/shm"}


def test_shared_memory_has_the_size_that_was_asked_for(chart: ModelServer) -> None:
    pod = chart.pod(sharedMemory="32Gi")
    volumes = {volume["name"]: volume["emptyDir"] for volume in pod["volumes"]}
    assert volumes["shared-memory"] == {"medium": "Memory", "sizeLimit": "32Gi"}


@pytest.mark.parametrize(("seconds", "failures"), [(10, 1), (1800, 180), (86_399, 8640)])
def test_loading_a_model_may_take_as_long_as_declared(chart: ModelServer, seconds: int, failures: int) -> None:
    deployment = chart.objects(probes={"startupSeconds": seconds})["Deployment"]["spec"]
    startup = deployment["template"]["spec"]["containers"][0]["startupProbe"]
    assert (startup["failureThreshold"], startup["periodSeconds"]) == (failures, 10)
    assert deployment["progressDeadlineSeconds"] > seconds


def test_an_engine_that_loads_in_a_second_is_not_waited_for_longer(chart: ModelServer) -> None:
    startup = chart.container(**ON_CPU, probes={"startupSeconds": 60})["startupProbe"]
    assert (startup["periodSeconds"], startup["failureThreshold"]) == (1, 60)


@pytest.mark.parametrize("engine", ENGINES)
def test_probes_leave_sglang_the_time_that_its_health_check_takes(chart: ModelServer, engine: str) -> None:
    container = chart.container(**_values(engine))
    probes = [container[f"{name}Probe"] for name in ("startup", "readiness", "liveness")]
    assert all(probe["httpGet"] == {"path": "/health", "port": "http"} for probe in probes)
    assert all(probe["timeoutSeconds"] >= 2 for probe in probes), "SGLang answers after a second at the earliest"
    assert container["livenessProbe"]["timeoutSeconds"] > 20, "SGLang itself gives up after 20 seconds"


def test_a_replica_goes_on_serving_while_it_drains(chart: ModelServer) -> None:
    pod = chart.pod(drainSeconds=45, terminationGracePeriodSeconds=300)
    assert pod["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 45}}}
    assert pod["terminationGracePeriodSeconds"] == 300


def test_replicas_are_spread_over_zones_and_nodes_where_possible(chart: ModelServer) -> None:
    pod = chart.pod()
    assert [(rule["topologyKey"], rule["whenUnsatisfiable"]) for rule in pod["topologySpreadConstraints"]] == [
        ("topology.kubernetes.io/zone", "ScheduleAnyway"),
        ("kubernetes.io/hostname", "ScheduleAnyway"),
    ]
    assert list(pod["affinity"]) == ["podAntiAffinity"]
    [rule] = pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert rule["podAffinityTerm"]["topologyKey"] == "kubernetes.io/hostname"


def test_placement_values_reach_the_pod(chart: ModelServer) -> None:
    placement: dict[str, Any] = {
        "runtimeClassName": "ppu",
        "priorityClassName": "aicc-enterprise",
        "nodeSelector": {"aicc.io/pool": "zhenwu", "aicc.io/simulated": "true"},
        "tolerations": [{"key": "aicc.io/accelerator", "operator": "Exists", "effect": "NoSchedule"}],
    }
    pod = chart.pod(**placement, spread=["aicc.io/rack"], runAsUser=1000)
    assert {key: pod[key] for key in placement} == placement
    assert [rule["topologyKey"] for rule in pod["topologySpreadConstraints"]] == ["aicc.io/rack"]
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (1000, 1000)

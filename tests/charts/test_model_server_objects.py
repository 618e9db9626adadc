"""Which objects the chart makes, and how values change them: default, override, null removes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.charts.model_server import ModelServer

ALWAYS = {"Deployment", "Service", "ServiceAccount", "NetworkPolicy"}
SELECTOR = {"app.kubernetes.io/name": "model-server", "app.kubernetes.io/instance": "model-qwen3"}
PPU = "alibabacloud.com/ppu"


@pytest.mark.parametrize(
    ("minimum", "maximum", "further"),
    [
        (1, 1, set()),
        (3, 3, {"PodDisruptionBudget"}),
        (1, 4, {"HorizontalPodAutoscaler"}),
        (2, 4, {"PodDisruptionBudget", "HorizontalPodAutoscaler"}),
    ],
)
def test_replicas_decide_the_object_set(chart: ModelServer, minimum: int, maximum: int, further: set[str]) -> None:
    assert chart.objects(replicas={"min": minimum, "max": maximum}).kinds == ALWAYS | further


def test_every_object_is_named_after_the_release_in_its_namespace(chart: ModelServer) -> None:
    objects = chart.objects(replicas={"min": 2, "max": 4})
    for body in objects.by_kind.values():
        assert (body["metadata"]["name"], body["metadata"]["namespace"]) == ("model-qwen3", "tenant-a")


def test_output_is_the_same_every_time_and_has_no_hooks(chart: ModelServer) -> None:
    replicas = {"min": 2, "max": 4}
    first = chart.text(replicas=replicas)
    assert first == chart.text(replicas=replicas)
    assert "helm.sh/hook" not in first


def test_a_fixed_number_of_replicas_is_in_the_deployment(chart: ModelServer) -> None:
    assert chart.objects(replicas={"min": 3, "max": 3})["Deployment"]["spec"]["replicas"] == 3


def test_the_autoscaler_alone_sets_a_varying_number_of_replicas(chart: ModelServer) -> None:
    objects = chart.objects(replicas={"min": 2, "max": 5})
    assert "replicas" not in objects["Deployment"]["spec"]
    scaler = objects["HorizontalPodAutoscaler"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 5)
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "model-qwen3"}
    [metric] = scaler["metrics"]
    assert metric["resource"] == {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}


def test_metrics_replace_the_default_whole(chart: ModelServer) -> None:
    queue = {
        "type": "Pods",
        "pods": {
            "metric": {"name": "vllm_num_requests_waiting", "selector": {"matchLabels": {"model": "qwen3"}}},
            "target": {"type": "AverageValue", "averageValue": "5"},
        },
    }
    objects = chart.objects(replicas={"min": 1, "max": 2}, autoscaling={"metrics": [queue]})
    assert objects["HorizontalPodAutoscaler"]["spec"]["metrics"] == [queue]


def test_several_replicas_lose_at_most_one_at_a_time(chart: ModelServer) -> None:
    objects = chart.objects(replicas={"min": 2, "max": 2})
    budget = objects["PodDisruptionBudget"]["spec"]
    assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")
    assert objects["Deployment"]["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_a_single_replica_serves_until_its_successor_is_ready(chart: ModelServer) -> None:
    rollout = chart.objects()["Deployment"]["spec"]["strategy"]["rollingUpdate"]
    assert rollout == {"maxSurge": 1, "maxUnavailable": 0}


def test_selectors_hold_nothing_that_a_value_can_change(chart: ModelServer) -> None:
    objects = chart.objects(
        replicas={"min": 2, "max": 4}, tenant="a", labels={"example.com/x": "y", "app.kubernetes.io/name": "other"}
    )
    assert objects["Deployment"]["spec"]["selector"] == {"matchLabels": SELECTOR}
    assert objects["Service"]["spec"]["selector"] == SELECTOR
    assert objects["PodDisruptionBudget"]["spec"]["selector"] == {"matchLabels": SELECTOR}
    assert objects["NetworkPolicy"]["spec"]["podSelector"] == {"matchLabels": SELECTOR}
    labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert labels.items() >= (SELECTOR | {"example.com/x": "y"}).items()


def test_gateways_find_pods_and_services_by_label(chart: ModelServer) -> None:
    objects = chart.objects(model={"name": "Qwen3-32B", "source": "Qwen/Qwen3-32B"}, tenant="research")
    expected = {
        "app.kubernetes.io/component": "model-server",
        "app.kubernetes.io/part-of": "ai-compute-center",
        "aicc.io/model": "Qwen3-32B",
        "aicc.io/tenant": "research",
    }
    for labels in (
        objects["Deployment"]["spec"]["template"]["metadata"]["labels"],
        objects["Service"]["metadata"]["labels"],
    ):
        assert labels.items() >= expected.items()


def test_a_new_chart_version_alone_restarts_no_pod(chart: ModelServer) -> None:
    deployment = chart.objects()["Deployment"]
    assert "helm.sh/chart" in deployment["metadata"]["labels"]
    assert "helm.sh/chart" not in deployment["spec"]["template"]["metadata"]["labels"]


def test_annotations_are_on_every_object_and_on_the_pods(chart: ModelServer) -> None:
    objects = chart.objects(replicas={"min": 2, "max": 4}, annotations={"example.com/owner": "a b"})
    bodies = [*objects.by_kind.values(), objects["Deployment"]["spec"]["template"]]
    assert all(body["metadata"]["annotations"] == {"example.com/owner": "a b"} for body in bodies)


def test_service_is_internal_and_named_http(chart: ModelServer) -> None:
    assert chart.objects(service={"port": 9000})["Service"]["spec"] == {
        "type": "ClusterIP",
        "selector": SELECTOR,
        "ports": [{"name": "http", "port": 9000, "targetPort": "http", "protocol": "TCP"}],
    }


def test_only_gateway_prometheus_and_the_own_namespace_may_connect(chart: ModelServer) -> None:
    policy = chart.objects()["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["egress"] == [{"ports": [{"port": 443, "protocol": "TCP"}]}]
    assert policy["ingress"] == [
        {
            "from": [
                {"namespaceSelector": {"matchLabels": {"aicc.io/role": "gateway"}}},
                {
                    "namespaceSelector": {
                        "matchExpressions": [
                            {"key": "aicc.io/role", "operator": "In", "values": ["monitoring", "operators"]}
                        ]
                    },
                    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
                },
                {"podSelector": {}},
            ],
            "ports": [{"port": "http", "protocol": "TCP"}],
        }
    ]


def test_null_removes_a_default(chart: ModelServer) -> None:
    pod = chart.pod(sharedMemory=None, spread=None, resources={"limits": None})
    [container] = pod["containers"]
    assert "topologySpreadConstraints" not in pod
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/cache", "/tmp"]
    assert container["resources"] == {
        "requests": {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"},
        "limits": {"nvidia.com/gpu": "1"},
    }


def test_null_and_empty_mean_the_same(chart: ModelServer) -> None:
    empty: dict[str, Any] = {
        "tenant": "",
        "maxModelLen": 0,
        "extraArgs": [],
        "runtimeClassName": "",
        "priorityClassName": "",
        "nodeSelector": {},
        "tolerations": [],
        "spread": [],
        "sharedMemory": "",
        "labels": {},
        "annotations": {},
        "image": {"digest": ""},
        "resources": {"requests": {"cpu": ""}, "limits": {"memory": ""}},
    }
    removed: dict[str, Any] = dict.fromkeys(empty) | {
        "image": {"digest": None},
        "resources": {"requests": {"cpu": None}, "limits": {"memory": None}},
    }
    assert chart.text(**empty) == chart.text(**removed)


def test_accelerators_are_requested_and_limited_alike(chart: ModelServer) -> None:
    container = chart.container(accelerator={"resource": PPU, "count": 8}, tensorParallelSize=4, pipelineParallelSize=2)
    assert container["resources"]["requests"][PPU] == container["resources"]["limits"][PPU] == "8"
    assert "nvidia.com/gpu" not in container["resources"]["limits"]


def test_cpu_only_asks_for_no_accelerator(chart: ModelServer) -> None:
    resources = chart.container(accelerator={"resource": "", "count": 0})["resources"]
    assert resources == {"requests": {"cpu": "4", "memory": "16Gi"}, "limits": {"memory": "16Gi"}}

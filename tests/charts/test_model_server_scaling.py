"""What the chart tells KEDA: which of the gateway's metrics, joined how, and what each may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.charts.model_server import ModelServer

GATEWAY = "http://gateway.aicc-gateway.svc:9090/metrics"


def scaled(chart: ModelServer, minimum: int = 0, maximum: int = 4, **keda: Any) -> Mapping[str, Any]:
    objects = chart.objects(replicas={"min": minimum, "max": maximum}, autoscaling={"keda": {"enabled": True, **keda}})
    spec: Mapping[str, Any] = objects["ScaledObject"]["spec"]
    return spec


@pytest.mark.parametrize(
    ("minimum", "maximum", "keda", "kinds"),
    [
        (1, 1, True, set()),
        (1, 4, False, {"HorizontalPodAutoscaler"}),
        (1, 4, True, {"ScaledObject"}),
        (0, 1, True, {"ScaledObject"}),
    ],
)
def test_one_thing_at_most_sets_the_number_of_replicas(
    chart: ModelServer, minimum: int, maximum: int, keda: bool, kinds: set[str]
) -> None:
    objects = chart.objects(replicas={"min": minimum, "max": maximum}, autoscaling={"keda": {"enabled": keda}})
    assert objects.kinds & {"HorizontalPodAutoscaler", "ScaledObject"} == kinds
    assert ("replicas" in objects["Deployment"]["spec"]) is not kinds


def test_both_autoscalers_act_on_the_deployment(chart: ModelServer) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "model-qwen3"}
    plain = chart.objects(replicas={"min": 1, "max": 4})
    assert plain["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"] == target
    assert scaled(chart)["scaleTargetRef"] == target


def test_bounds_and_times_are_handed_on(chart: ModelServer) -> None:
    spec = scaled(chart, 0, 7, idleSeconds=120, pollingSeconds=5)
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (0, 7)
    assert (spec["cooldownPeriod"], spec["initialCooldownPeriod"], spec["pollingInterval"]) == (120, 120, 5)


def test_requests_in_the_gateway_wake_the_model_and_are_shared_among_its_replicas(chart: ModelServer) -> None:
    requests = scaled(chart, queueDepth=8)["triggers"][0]
    assert (requests["type"], requests["metricType"]) == ("metrics-api", "AverageValue")
    assert requests["metadata"] == {
        "url": GATEWAY,
        "format": "prometheus",
        "valueLocation": 'aicc_gateway_requests_running{model="qwen3-0.6b"}',
        "aggregateFromKubeServiceEndpoints": "true",
        "aggregationType": "sum",
        "targetValue": "8",
    }


def test_short_requests_keep_the_model_up_without_adding_replicas(chart: ModelServer) -> None:
    active = scaled(chart)["triggers"][1]["metadata"]
    assert active["valueLocation"] == 'aicc_gateway_model_active{model="qwen3-0.6b"}'
    assert (active["aggregationType"], active["targetValue"]) == ("max", "1")


def test_the_time_to_first_token_adds_replicas_and_wakes_none(chart: ModelServer) -> None:
    slow = scaled(chart, ttftSeconds=1.5)["triggers"][2]
    assert slow["metricType"] == "Value"
    metadata = slow["metadata"]
    assert metadata["valueLocation"] == 'aicc_gateway_time_to_first_token_seconds{model="qwen3-0.6b"}'
    assert (metadata["aggregationType"], metadata["targetValue"]) == ("max", "1.5")
    assert float(metadata["activationTargetValue"]) > 3600, "more than any request lasts"


def test_the_time_to_first_token_is_looked_at_only_where_asked_for(chart: ModelServer) -> None:
    assert [trigger["name"] for trigger in scaled(chart)["triggers"]] == ["requests", "active"]


def test_one_address_is_asked_as_it_is(chart: ModelServer) -> None:
    gateway = {"url": "http://127.0.0.1:9/metrics", "everyReplica": False}
    for trigger in scaled(chart, ttftSeconds=1, gateway=gateway)["triggers"]:
        assert trigger["metadata"]["url"] == gateway["url"]
        assert "aggregateFromKubeServiceEndpoints" not in trigger["metadata"]


def test_every_value_that_keda_reads_is_text(chart: ModelServer) -> None:
    for trigger in scaled(chart, ttftSeconds=2)["triggers"]:
        assert all(isinstance(value, str) for value in trigger["metadata"].values())


def test_a_schedule_is_a_cron_trigger_beside_the_others(chart: ModelServer) -> None:
    """Inside the window so many replicas, outside none but those asked for: KEDA takes the largest of its triggers."""
    window = {"start": "0 8 * * 1-5", "end": "0 20 * * 1-5", "timeZone": "Asia/Shanghai", "replicas": 2}
    triggers = scaled(chart, 0, 4, schedules=[window])["triggers"]
    assert [trigger["name"] for trigger in triggers] == ["requests", "active", "schedule-0"]
    assert triggers[2] == {
        "type": "cron",
        "name": "schedule-0",
        "metadata": {
            "timezone": "Asia/Shanghai",
            "start": "0 8 * * 1-5",
            "end": "0 20 * * 1-5",
            "desiredReplicas": "2",
        },
    }

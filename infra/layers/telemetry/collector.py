"""What both collectors share: the OpenTelemetry Collector's chart, and what is around a configuration's pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra import names, versions
from infra.clouds.base import ClusterOut

IMAGE = "docker.io/otel/opentelemetry-collector-k8s"
HEALTH_PORT, METRICS_PORT = 13133, 8888
OTLP_PORT, OTLP_HTTP_PORT = 4317, 4318
_POD = "${env:MY_POD_IP}"
"""Set by the chart."""
_OTLP_PORTS = ("otlp", "otlp-http")
_UNUSED_PORTS = ("jaeger-compact", "jaeger-thrift", "jaeger-grpc", "zipkin")


def service(pipelines: Mapping[str, Any], *extensions: str) -> dict[str, Any]:
    """The part `service` of a configuration."""
    exporter = {"prometheus": {"host": _POD, "port": METRICS_PORT, "without_type_suffix": True}}
    return {
        "extensions": ["health_check", *extensions],
        "telemetry": {"logs": {"encoding": "json"}, "metrics": {"readers": [{"pull": {"exporter": exporter}}]}},
        "pipelines": dict(pipelines),
    }


def health() -> dict[str, Any]:
    """The extension that the chart's probes ask."""
    return {"health_check": {"endpoint": f"{_POD}:{HEALTH_PORT}"}}


def processors() -> dict[str, Any]:
    """Those that every pipeline has: the first and the last."""
    return {
        "memory_limiter": {"check_interval": "1s", "limit_percentage": 80, "spike_limit_percentage": 20},
        "batch": {"send_batch_size": 2048, "timeout": "1s"},
    }


def otlp_receiver() -> dict[str, Any]:
    """Takes spans by OTLP: the router's over gRPC, the gate's over HTTP."""
    protocols = {"grpc": OTLP_PORT, "http": OTLP_HTTP_PORT}
    return {"otlp": {"protocols": {name: {"endpoint": f"{_POD}:{port}"} for name, port in protocols.items()}}}


def chart_values(mode: str, name: str, configuration: Mapping[str, Any], cluster: ClusterOut) -> dict[str, Any]:
    """Values of the chart, for either mode: `daemonset` or `deployment`."""
    monitored = {"enabled": cluster.serves("prometheus-operator")}
    return {
        "mode": mode,
        "fullnameOverride": name,
        "image": {"repository": IMAGE, "tag": versions.OTEL_COLLECTOR_APP},
        "command": {"name": "otelcol-k8s"},
        # Not `config`, which would be merged with the chart's own: receivers of protocols that nobody here speaks.
        "alternateConfig": dict(configuration),
        "serviceAccount": {"create": True, "automountServiceAccountToken": False},
        "podLabels": {names.PART: name},
        "ports": {
            **{port: {"enabled": mode == "deployment"} for port in _OTLP_PORTS},
            **{port: {"enabled": False} for port in _UNUSED_PORTS},
            "metrics": {"enabled": True},
        },
        "priorityClassName": "aicc-platform",
        ("podMonitor" if mode == "daemonset" else "serviceMonitor"): monitored,
    }

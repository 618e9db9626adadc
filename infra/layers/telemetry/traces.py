"""The trace collector: takes spans by OTLP from the gateway, keeps a share of the traces, and stores them."""

from __future__ import annotations

from typing import Any

from infra import names
from infra.clouds.base import ClusterOut
from infra.config.telemetry import Traces
from infra.layers.telemetry import collector, content, stores

RELEASE = names.TRACE_COLLECTOR
REPLICAS = 2


def values(traces: Traces, cluster: ClusterOut) -> dict[str, Any]:
    """Return the chart's values."""
    return {
        **collector.chart_values("deployment", RELEASE, configuration(traces), cluster),
        "replicaCount": REPLICAS,
        "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        "nodeSelector": dict(cluster.service_nodes),
    }


def configuration(traces: Traces) -> dict[str, Any]:
    """Return the collector's configuration.

    The share is chosen by the trace's id, so that every replica keeps or drops the same traces, whole.
    """
    endpoint = f"{stores.address(stores.TRACES)}/insert/opentelemetry/v1/traces"
    sampler = {"sampling_percentage": round(traces.sampling_ratio * 100, 6), "mode": "hash_seed"}
    return {
        "extensions": collector.health(),
        "receivers": collector.otlp_receiver(),
        "processors": {
            **collector.processors(),
            "probabilistic_sampler": sampler,
            "transform/content": content.of_spans(),
        },
        "exporters": {"otlp_http": {"traces_endpoint": endpoint}},
        "service": collector.service(
            {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter", "probabilistic_sampler", "transform/content", "batch"],
                    "exporters": ["otlp_http"],
                }
            }
        ),
    }

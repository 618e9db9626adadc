"""Stores of logs (VictoriaLogs) and of traces (VictoriaTraces), one volume each.

A store keeps everything equally long, so what is kept differently long is in a store of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra import names, versions
from infra.config.telemetry import Logs, Traces
from infra.layers.base import LayerIn
from infra.layers.storage import class_of

LOGS, PLATFORM_LOGS, TRACES = "victoria-logs", "victoria-logs-platform", "victoria-traces"
LOGS_PORT, TRACES_PORT = 9428, 10428
FULL_PERCENT = 85
"""Of a volume: above it the oldest days are deleted, so that a flood of lines stops no store."""
_USER = 1000


@dataclass(frozen=True)
class Store:
    """One store."""

    name: str
    """Of its release, its Service and its pods' label."""
    chart: versions.UpstreamChart
    image_tag: str
    port: int
    retention_days: int
    storage: str
    memory: str


def of_logs(logs: Logs) -> Iterator[Store]:
    """Those of logs: one, or two where the platform's are kept differently long."""
    if not logs.enabled:
        return
    for name, days in {LOGS: logs.retention_days, PLATFORM_LOGS: logs.platform_retention_days}.items():
        if days is not None:
            yield Store(
                name, versions.VICTORIA_LOGS, f"v{versions.VICTORIA_LOGS_APP}", LOGS_PORT, days, logs.storage, "4Gi"
            )


def of_traces(traces: Traces) -> Iterator[Store]:
    """The one of traces."""
    if traces.enabled:
        tag = f"v{versions.VICTORIA_TRACES_APP}"
        days, storage = traces.retention_days, traces.storage
        yield Store(TRACES, versions.VICTORIA_TRACES, tag, TRACES_PORT, days, storage, "2Gi")


def platform_store(logs: Logs) -> str:
    """Where the platform's own logs are."""
    return LOGS if logs.platform_retention_days is None else PLATFORM_LOGS


def address(store: str) -> str:
    """A store's address inside the cluster."""
    return f"http://{store}.{names.TELEMETRY_NAMESPACE}.svc:{TRACES_PORT if store == TRACES else LOGS_PORT}"


def values(store: Store, given: LayerIn) -> Mapping[str, Any]:
    """Return the chart's values: both charts are of one make."""
    return {
        "printNotes": False,
        "serviceAccount": {"create": True, "automountToken": False},
        "server": {
            "fullnameOverride": store.name,
            "image": {"tag": store.image_tag},
            "retentionPeriod": f"{store.retention_days}d",
            "extraArgs": {"retention.maxDiskUsagePercent": FULL_PERCENT},
            "persistentVolume": {"size": store.storage, "storageClassName": class_of("block", given) or ""},
            "podLabels": {names.PART: store.name},
            "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": store.memory}},
            "podSecurityContext": {
                "enabled": True,
                "runAsNonRoot": True,
                "runAsUser": _USER,
                "fsGroup": _USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "priorityClassName": "aicc-platform",
            "nodeSelector": dict(given.cluster.service_nodes),
            "serviceMonitor": {"enabled": given.cluster.serves("prometheus-operator")},
        },
    }

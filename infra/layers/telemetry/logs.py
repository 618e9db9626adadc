"""The log collector: a DaemonSet that reads containers' files, and hands each tenant's lines to its own account.

Whose a line is follows from its file's path, `/var/log/pods/<namespace>_<pod>_<uid>/…`, which the kubelet makes: no
line that a pod writes can change it. It asks the API server for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra import names
from infra.layers.base import LayerIn
from infra.layers.telemetry import collector, content, stores
from infra.plan import CenterPlan

RELEASE = "log-collector"
PODS = "/var/log/pods"
STATE = "/var/lib/aicc-log-collector"
"""On the node: how far each file was read, and what could not be handed over yet."""
QUEUE_BYTES = 64 * 1024 * 1024
"""For each account, on the node's disk; when it is full, files are read no further until the store answers."""
STREAM = ("k8s.namespace.name", "k8s.pod.name", "k8s.container.name")
DROPPED = ("log.file.path", "log.file.name", "logtag", "k8s.container.restart_count")
PLATFORM = "platform"


def values(given: LayerIn) -> dict[str, Any]:
    """Return the chart's values."""
    common = collector.chart_values("daemonset", RELEASE, configuration(given.plan), given.cluster)
    return {
        **common,
        # The kubelet's files are root's alone.
        "securityContext": {
            "runAsUser": 0,
            "runAsGroup": 0,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "extraVolumes": [
            {"name": "pods", "hostPath": {"path": PODS}},
            {"name": "state", "hostPath": {"path": STATE, "type": "DirectoryOrCreate"}},
        ],
        "extraVolumeMounts": [
            {"name": "pods", "mountPath": PODS, "readOnly": True},
            {"name": "state", "mountPath": STATE},
        ],
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "tolerations": [{"operator": "Exists"}],
    }


def configuration(plan: CenterPlan, *, pods: str = PODS, state: str = STATE) -> dict[str, Any]:
    """Return the collector's configuration: a pipeline for each tenant, and one for everything else."""
    namespaces = {tenant.name: tenant.namespace for tenant in plan.tenants}
    # Its own lines would tell of every line that could not be handed over, for ever.
    others = [*namespaces.values(), names.LOG_COLLECTOR_NAMESPACE]
    everything_else = _receiver(PLATFORM, ["*"], others, pods)
    receivers = {_id("file_log", name): _receiver(name, [home], [], pods) for name, home in namespaces.items()}
    accounts = {name: (stores.LOGS, names.log_account(name)) for name in namespaces}
    platform = (stores.platform_store(plan.logs), names.PLATFORM_LOG_ACCOUNT)
    exporters = {_id("otlp_http", name): _exporter(*account) for name, account in accounts.items()}
    return {
        "extensions": {
            **collector.health(),
            "file_storage": {"directory": state, "create_directory": True, "timeout": "10s"},
        },
        "receivers": {f"file_log/{PLATFORM}": everything_else, **receivers},
        "processors": {**collector.processors(), "transform/content": content.of_lines()},
        "exporters": {f"otlp_http/{PLATFORM}": _exporter(*platform), **exporters},
        "service": collector.service(
            {
                f"logs/{name}": {
                    "receivers": [f"file_log/{name}"],
                    "processors": ["memory_limiter", "transform/content", "batch"],
                    "exporters": [f"otlp_http/{name}"],
                }
                for name in (PLATFORM, *(f"tenant-{tenant}" for tenant in namespaces))
            },
            "file_storage",
        ),
    }


def _id(kind: str, tenant: str) -> str:
    """A tenant may be called `platform`."""
    return f"{kind}/tenant-{tenant}"


def _receiver(whose: str, namespaces: Sequence[str], but: Sequence[str], pods: str) -> dict[str, Any]:
    files = "*/*.log"
    return {
        # No name of a namespace has a `_`, so no other one begins like this.
        "include": [f"{pods}/{namespace}_*/{files}" for namespace in namespaces],
        "exclude": [f"{pods}/{namespace}_*/{files}" for namespace in but],
        "include_file_path": True,
        "start_at": "beginning",
        "storage": "file_storage",
        "retry_on_failure": {"enabled": True, "max_elapsed_time": 0},
        "resource": {"k8s.node.name": "${env:OTEL_K8S_NODE_NAME}", "aicc.tenant": whose},
        "operators": [{"type": "container"}],
    }


def _exporter(store: str, account: int) -> dict[str, Any]:
    return {
        "logs_endpoint": f"{stores.address(store)}/insert/opentelemetry/v1/logs",
        "headers": {
            "AccountID": str(account),
            "ProjectID": "0",
            "VL-Stream-Fields": ",".join(STREAM),
            "VL-Ignore-Fields": ",".join(DROPPED),
        },
        "sending_queue": {
            "sizer": "bytes",
            "queue_size": QUEUE_BYTES,
            "storage": "file_storage",
            "block_on_overflow": True,
        },
        "retry_on_failure": {"enabled": True, "max_elapsed_time": 0},
    }

"""Every name and label key that more than one part must agree on."""

from __future__ import annotations

import hashlib

from infra.config.fields import TenantKind

DOMAIN = "aicc.io"

ROLE = f"{DOMAIN}/role"
"""What a namespace is for: system, accelerators, gateway, monitoring, telemetry, operators, tenant."""
CENTER = f"{DOMAIN}/center"
TENANT = f"{DOMAIN}/tenant"
TENANT_KIND = f"{DOMAIN}/tenant-kind"
POOL = f"{DOMAIN}/pool"
RACK = f"{DOMAIN}/rack"
SIMULATED = f"{DOMAIN}/simulated"
RUNS = f"{DOMAIN}/runs"
"""Node label: `containers` where pods really run, beside nodes that are simulated."""
CONTAINERS = "containers"
PART = f"{DOMAIN}/part"
"""Pod label: which part of telemetry a pod is."""
DATA = f"{DOMAIN}/data"
"""Pod label: the pod uses its service account's rights in the cloud, so its network is open to the cloud's services."""
DEFERRABLE = f"{DOMAIN}/deferrable"
"""Job label, `true`: it may wait for low-carbon hours."""
LEFT_TO_OTHERS = f"{DOMAIN}/left-to-others"
"""Annotation: a field that is declared for an object's creation, and that others change afterwards."""
GRANTED = f"{DOMAIN}/accelerator-resources"
"""Namespace annotation: the accelerator resources that its pods may ask for, comma-separated."""

OBJECT_STORE = "object-store"
"""Release, Service and Secret of the centre's own object store, in the system namespace."""
OBJECT_STORE_PORT = 7070
OBJECT_STORE_REGION = "us-east-1"
"""versitygw's default; it has no meaning but in signatures."""
OBJECT_STORE_READER = "object-store-reader"
"""Secret in each tenant's namespace: keys that may read models from the centre's own object store."""
MODEL_CACHE = "model-cache"
"""The claim of a tenant's verified weights."""

SYSTEM_NAMESPACE = "aicc-system"
ACCELERATOR_NAMESPACE = "aicc-accelerators"
GATEWAY_NAMESPACE = "aicc-gateway"
MONITORING_NAMESPACE = "aicc-monitoring"
TELEMETRY_NAMESPACE = "aicc-telemetry"
"""Stores of logs and traces, and what leads to them."""
LOG_COLLECTOR_NAMESPACE = "aicc-log-collector"
"""Apart, because it reads the nodes' files."""


TRACE_COLLECTOR = "trace-collector"
"""The release, and its Service."""
TRACE_ENDPOINT = f"{TRACE_COLLECTOR}.{TELEMETRY_NAMESPACE}.svc:4317"
SPAN_ENDPOINT = f"{TRACE_COLLECTOR}.{TELEMETRY_NAMESPACE}.svc:4318"
"""Where spans are taken, by OTLP over gRPC and over HTTP."""
GATEWAY = "gateway"
"""The release, and its Service."""
GATEWAY_KEYS = "gateway-keys"
"""The Secret with every tenant's keys; `aicc keys` writes it, and no plan has it."""
GATEWAY_URL = "http://gateway.aicc-gateway.svc"
"""The gateway inside the cluster, up to where /v1 begins."""
GATEWAY_KEY_SECRET, GATEWAY_KEY = "gateway-key", "key"
"""In every tenant's namespace: the Secret, and its entry, with a key of the tenant's for its own applications."""


def tenant_namespace(tenant: str) -> str:
    """The tenant's namespace."""
    return f"tenant-{tenant}"


def model_release(model: str) -> str:
    """The Helm release, and the names of its objects, of a model."""
    return f"model-{model}"


HALVES = ("prefill", "decode")
"""Of a model whose prefill and decode are apart: as the charts call them."""


def half_release(release: str, half: str) -> str:
    """The workload of one half of a split model."""
    return f"{release}-{half}"


CHAT_PORT = 8000
"""Of a chat page's Service: as its chart has it."""


def chat_release(tenant: str) -> str:
    """The Helm release, and the names of its objects, of a tenant's chat page."""
    return f"chat-{tenant}"


def priority_class(kind: TenantKind) -> str:
    """The PriorityClass of a tenant's pods."""
    return f"aicc-{kind}"


PLATFORM_LOG_ACCOUNT = 0
"""Of everything that is no tenant's."""


def log_account(tenant: str) -> int:
    """The tenant's account in the log store: of the name alone, so that it stays when tenants come and go."""
    return int.from_bytes(hashlib.sha256(tenant.encode()).digest()[:4]) or 1

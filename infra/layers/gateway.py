"""Gateway: the OpenAI-compatible door to every model, as one release of the chart inference-gateway.

It makes no keys: `aicc keys` writes them into the cluster, so that no plan, state or rendered file has one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pulumi_kubernetes.helm.v4 import Chart

from infra import names
from infra.config.fields import Capability
from infra.images import is_local
from infra.layers import network
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.charts import image
from infra.outputs import MODEL_PORT
from infra.plan import ModelPlan
from infra.plan.gateway import GatewayPlan, GatewayTenant

CHART = Path(__file__).resolve().parent.parent.parent / "charts" / "inference-gateway"

USED: tuple[Capability, ...] = ("cert-manager", "gateway-api", "prometheus-operator")
"""Operators whose custom resources the chart may use."""


def build(given: LayerIn) -> LayerOut:
    """Register the gateway, where there is one, and every tenant's way to it."""
    plan = given.plan.gateway
    if plan is None:
        return LayerOut()
    made = given.earlier["operators"].parts
    operators = [
        resource for name in ("cert-manager", "gateway-api", "prometheus-operator") for resource in made.get(name, ())
    ]
    release = Chart(
        names.GATEWAY,
        chart=os.path.relpath(CHART),
        namespace=names.GATEWAY_NAMESPACE,
        values=values(plan, given),
        opts=given.options(*given.earlier["foundation"].ready, *operators),
    )
    openings = [
        given.declare(network.allow_gateway(tenant.namespace), *given.earlier["tenancy"].parts[tenant.name])
        for tenant in given.plan.tenants
    ]
    return LayerOut(ready=(release, *openings))


def values(plan: GatewayPlan, given: LayerIn) -> dict[str, Any]:
    """Return the chart's values; what is the same everywhere is the chart's default."""
    declared, serves = plan.declared, given.cluster.serves
    tls = declared.tls
    issuer = tls.issuer if tls and serves("cert-manager") else None
    return {
        "image": {**image(plan.image), "pullPolicy": "Never" if is_local(plan.image) else "IfNotPresent"},
        "replicas": plan.replicas,
        "center": given.plan.name,
        "models": [model.name for model in given.plan.models],
        **split_models(given.plan.models),
        "tenants": {tenant.name: limits(tenant) for tenant in plan.tenants},
        "keysSecret": names.GATEWAY_KEYS,
        "maxBodyBytes": declared.max_body_bytes,
        "hold": {"seconds": declared.hold_seconds, "models": holds(given.plan.models)},
        "keda": serves("keda"),
        "router": {"queueSize": declared.queue_size, "tracesEndpoint": plan.traces or ""},
        "spansEndpoint": plan.spans or "",
        "discovery": {"port": MODEL_PORT},
        "host": declared.host or "",
        "tls": {"secretName": (tls.secret or "") if tls else "", "issuer": {"name": issuer or ""}},
        "route": {"gatewayClassName": (declared.gateway_class or "") if serves("gateway-api") else ""},
        "podMonitor": serves("prometheus-operator"),
        "gateResources": {"requests": {"cpu": plan.gate_cpu}},
        "routerResources": {"requests": {"cpu": plan.router_cpu}},
        "priorityClassName": "aicc-platform",
        "nodeSelector": dict(given.cluster.service_nodes),
    }


def split_models(models: Sequence[ModelPlan]) -> dict[str, list[str]]:
    """Those that need a router of their own; nothing where there is none."""
    found = [model.name for model in models if model.split]
    return {"splitModels": found} if found else {}


def holds(models: Sequence[ModelPlan]) -> dict[str, float]:
    """How long a request waits for a model that KEDA may have to start first."""
    return {model.name: float(model.scaling.hold_seconds) for model in models if model.scaling}


def limits(tenant: GatewayTenant) -> dict[str, Any]:
    """A tenant's part of the values."""
    return {"priority": tenant.priority, **tenant.limits.model_dump(by_alias=True, exclude_none=True)}


LAYER = Layer("gateway", requires=("foundation", "operators", "tenancy"), build=build)

"""The gateway of a resolved centre: whether there is one, its image, and each tenant's class and limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra import images
from infra.config.fields import TenantKind
from infra.config.gateway import Gateway, TenantLimits
from infra.config.models import Center
from infra.names import SPAN_ENDPOINT, TRACE_ENDPOINT

PRIORITY: dict[TenantKind, str] = {"cloud-service": "interactive", "enterprise": "default", "research": "bulk"}
"""The router's classes, highest first: who waits shortest where there is a queue."""


@dataclass(frozen=True)
class GatewayTenant:
    """A tenant as the gateway knows it."""

    name: str
    priority: str
    limits: TenantLimits


@dataclass(frozen=True)
class GatewayPlan:
    """The door to the models."""

    declared: Gateway
    replicas: int
    image: str
    traces: str | None
    """Where the router's spans are sent, as host:port, over gRPC; None: nowhere."""
    spans: str | None
    """The same of the gate's, over HTTP: the centre's own collector, or nowhere."""
    gate_cpu: str
    router_cpu: str
    """What the scheduler keeps free for each pod: little on this machine, where a rollout must not push a model out."""
    tenants: tuple[GatewayTenant, ...]


def is_made(center: Center) -> bool:
    """Whether there is something to serve, a wish to, and an image to do it with."""
    return bool(center.models and center.gateway.enabled and (center.gateway.image or center.cloud.kind == "local"))


def resolved(center: Center) -> GatewayPlan | None:
    """Return the gateway; None where there is nothing to serve, or no image to serve it with."""
    image = _image(center)
    if image is None or not (center.models and center.gateway.enabled):
        return None
    local = center.cloud.kind == "local"
    gate_cpu, router_cpu = ("50m", "100m") if local else ("250m", "500m")
    return GatewayPlan(
        declared=center.gateway,
        replicas=center.gateway.replicas or (1 if local else 2),
        image=image,
        traces=center.gateway.traces or (TRACE_ENDPOINT if center.traces.enabled else None),
        spans=SPAN_ENDPOINT if center.traces.enabled and not center.gateway.traces else None,
        gate_cpu=gate_cpu,
        router_cpu=router_cpu,
        tenants=tuple(GatewayTenant(one.name, PRIORITY[one.kind], one.limits) for one in center.tenants),
    )


def _image(center: Center) -> str | None:
    local = images.local_image("gateway") if center.cloud.kind == "local" else None
    return center.gateway.image or local


def notes(center: Center) -> Iterator[str]:
    """What the plan says where models are declared and no door leads to them."""
    if center.models and center.gateway.enabled and _image(center) is None:
        yield (
            "No gateway: gateway.image is not declared. Build images/gateway, push it, and name it by digest; "
            "until then each model is reached by its own Service, without tenants' keys and limits."
        )

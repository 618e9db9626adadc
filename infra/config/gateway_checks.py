"""What the gateway's declared fields say about each other and about the cloud; no catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from infra.config.issues import Issue
from infra.config.models import Center


def check(center: Center) -> Iterator[Issue]:
    """Every issue of the gateway."""
    gateway = center.gateway
    if gateway.image and "@" not in gateway.image and center.cloud.kind != "local":
        yield Issue(
            "gateway.image",
            "is not pinned by digest",
            gateway.image,
            allowed="repository:tag@sha256:… outside local stacks",
            consequence="the admission policy would refuse its pods",
        )
    if gateway.tls and (gateway.tls.secret is None) == (gateway.tls.issuer is None):
        yield Issue(
            "gateway.tls",
            "must have exactly one of secret and issuer",
            allowed="secret or issuer",
            consequence="it would not be known where the certificate is from",
        )
    needs_host = {
        "gateway.tls.issuer": gateway.tls.issuer if gateway.tls else None,
        "gateway.gatewayClass": gateway.gateway_class,
    }
    for path, value in needs_host.items():
        if value and not gateway.host:
            yield Issue(
                path,
                "needs gateway.host",
                value,
                allowed="with host: the name that clients use",
                consequence="a certificate and a route are for a name",
            )
    for index, tenant in enumerate(center.tenants):
        yield from _limits(f"tenants[{index}].limits", tenant.limits.requests_per_minute, center)


def _limits(path: str, requests: int | None, center: Center) -> Iterator[Issue]:
    """Every replica lets at least one request a minute through, so fewer cannot be held."""
    replicas = center.gateway.replicas or 1
    if requests is not None and requests < replicas:
        yield Issue(
            f"{path}.requestsPerMinute",
            f"is fewer than the gateway's {replicas} replicas, among which it is divided",
            requests,
            allowed=f"{replicas} or more",
            consequence="more would be let through than is declared",
        )

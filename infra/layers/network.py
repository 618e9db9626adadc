"""Default-deny networking, and the openings that every namespace needs.

Each part opens what it needs itself: a model server's opening is in its chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra import names
from infra.clouds.base import Endpoint
from infra.config.models import Network
from infra.layers.objects import Manifest

MONITORING: Manifest = {
    "namespaceSelector": {
        "matchExpressions": [{"key": names.ROLE, "operator": "In", "values": ["monitoring", "operators"]}]
    }
}
"""Where a Prometheus is: among the operators, or in a namespace of its own. The charts say the same."""
PROMETHEUS: Manifest = {**MONITORING, "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}}}
"""Its pods alone, as the operator labels them: for ports that tell more than metrics."""


def default_deny(namespace: str) -> Manifest:
    """Nothing goes in or out of the namespace but name resolution."""
    dns = {
        "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
        "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
    }
    return _policy(namespace, "default-deny", {"egress": [dns]})


def allow_within(namespace: str) -> Manifest:
    """The namespace's own pods reach each other."""
    peers: list[Manifest] = [{"podSelector": {}}]
    return _policy(namespace, "allow-within", {"ingress": [{"from": peers}], "egress": [{"to": peers}]})


def allow_cloud(namespace: str, network: Network, identity: Sequence[Endpoint]) -> Manifest:
    """Pods that say they use their rights in the cloud reach its services, and what gives them those rights.

    The services' addresses are not known, so port 443 is open to all but the cluster's own pods and services.
    """
    inside = [network.pod_cidr, network.service_cidr]
    outside = _to({"cidr": "0.0.0.0/0", "except": inside}, 443)
    given = [_to({"cidr": endpoint.cidr}, endpoint.port) for endpoint in identity]
    policy = _policy(namespace, "allow-cloud", {"egress": [outside, *given]})
    policy["spec"] |= {"podSelector": {"matchLabels": {names.DATA: "true"}}, "policyTypes": ["Egress"]}
    return policy


def allow_store(namespace: str) -> Manifest:
    """Pods that say they use the centre's data reach its own object store."""
    store = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": names.SYSTEM_NAMESPACE}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/component": names.OBJECT_STORE}},
    }
    opening = {"to": [store], "ports": [{"protocol": "TCP", "port": names.OBJECT_STORE_PORT}]}
    policy = _policy(namespace, "allow-object-store", {"egress": [opening]})
    policy["spec"] |= {"podSelector": {"matchLabels": {names.DATA: "true"}}, "policyTypes": ["Egress"]}
    return policy


def allow_gateway(namespace: str) -> Manifest:
    """The namespace's pods reach the gateway."""
    home = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": names.GATEWAY_NAMESPACE}}}
    ports = [{"protocol": "TCP", "port": port} for port in ("http", "https")]
    policy = _policy(namespace, "allow-gateway", {"egress": [{"to": [home], "ports": ports}]})
    policy["spec"] |= {"policyTypes": ["Egress"]}
    return policy


def allow_scrapes(namespace: str) -> Manifest:
    """Prometheus reads what is in the namespace, on whichever port: exporters that others install agree on none."""
    policy = _policy(namespace, "allow-scrapes", {"ingress": [{"from": [PROMETHEUS]}]})
    policy["spec"] |= {"policyTypes": ["Ingress"]}
    return policy


def allow_scraping(namespace: str) -> Manifest:
    """A Prometheus in the namespace reaches whatever it reads: pods, nodes and the API server."""
    policy = _policy(namespace, "allow-scraping", {"egress": [{}]})
    policy["spec"] |= {"podSelector": PROMETHEUS["podSelector"], "policyTypes": ["Egress"]}
    return policy


def _to(block: Manifest, port: int) -> Manifest:
    return {"to": [{"ipBlock": block}], "ports": [{"protocol": "TCP", "port": port}]}


def _policy(namespace: str, name: str, rules: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], **rules},
    }

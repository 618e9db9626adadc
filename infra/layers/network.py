"""Default-deny networking, and the openings that every namespace needs.

Each part opens what it needs itself: a model server's opening is in its chart.
"""

from __future__ import annotations

from typing import Any

from infra.layers.objects import Manifest


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


def _policy(namespace: str, name: str, rules: dict[str, Any]) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], **rules},
    }

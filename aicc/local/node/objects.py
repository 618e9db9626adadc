"""What a real node needs in the cluster: a way from pods to the API server, rights for CoreDNS, the node's labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aicc.kube.client import Kube
from aicc.kube.readiness import holds
from aicc.kube.transport import ApiError
from aicc.local.node import layout
from aicc.local.node.configuration import DNS_USER
from aicc.local.nodes import SIMULATED
from infra import names

FIELD_MANAGER = "aicc-node"
_LABEL = {f"{names.DOMAIN}/part-of": "local-node"}


def prepare(kube: Kube, address: str) -> None:
    """Make what the node's parts need before they start."""
    for manifest in (_api_endpoints(address), _dns_role(), _dns_binding()):
        kube.apply(manifest, FIELD_MANAGER)


def declare(kube: Kube, name: str, labels: Mapping[str, str]) -> None:
    """Give the node that its kubelet has registered the pool's labels; those of an earlier declaration go."""
    manifest = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": dict(labels)}}
    kube.apply(manifest, FIELD_MANAGER)


def ready(kube: Kube, name: str) -> bool:
    """Whether pods can be placed on the node."""
    node = kube.get("v1", "Node", name) or {}
    tainted = any(taint["key"].endswith("/not-ready") for taint in node.get("spec", {}).get("taints", ()))
    return not tainted and holds(node, "Ready")


def forget(kube: Kube, name: str) -> None:
    """Remove the node of that name unless it is a simulated one; its pods go with it."""
    node = kube.get("v1", "Node", name)
    if node is None or SIMULATED.items() <= node["metadata"].get("labels", {}).items():
        return
    kube.delete("v1", "Node", name)
    for pod in kube.list("v1", "Pod"):
        if pod["spec"].get("nodeName") == name:
            _delete_now(kube, pod)


def _delete_now(kube: Kube, pod: Mapping[str, Any]) -> None:
    """Nothing is left that could end the pod: say that it has ended."""
    metadata = pod["metadata"]
    try:
        kube.delete("v1", "Pod", metadata["name"], metadata["namespace"], grace_seconds=0)
    except ApiError as error:
        if error.code != 404:
            raise


def _api_endpoints(address: str) -> dict[str, Any]:
    """The API server advertises no address, as loopback is none: pods reach it through the node."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes", **_LABEL},
        },
        "addressType": "IPv4",
        "ports": [{"name": "https", "port": layout.API_PORT, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
    }


def _dns_role() -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": DNS_USER, "labels": _LABEL},
        "rules": [
            {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
        ],
    }


def _dns_binding() -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": DNS_USER, "labels": _LABEL},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": DNS_USER},
        "subjects": [{"apiGroup": group, "kind": "User", "name": DNS_USER}],
    }

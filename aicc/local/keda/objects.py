"""What the API server must know of KEDA: where its metrics are, and that the autoscaler may read them. Pure data."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

NAMESPACE = "keda"
SERVICE = "keda-metrics-apiserver"
GROUP, VERSION = "external.metrics.k8s.io", "v1beta1"
_READER = "keda-external-metrics-reader"
_LABELS = {"app.kubernetes.io/name": "keda", "app.kubernetes.io/managed-by": "aicc"}


def manifests(port: int, ca: bytes) -> list[Mapping[str, Any]]:
    """Every object, in the order of dependence; `port` is the adapter's, `ca` signed its certificate."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": _LABELS}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": SERVICE, "namespace": NAMESPACE, "labels": _LABELS},
            # The API server is a process of this machine, too, and asks whatever a Service of this type names.
            "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]},
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"{VERSION}.{GROUP}", "labels": _LABELS},
            "spec": {
                "group": GROUP,
                "version": VERSION,
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "service": {"name": SERVICE, "namespace": NAMESPACE, "port": port},
                "caBundle": base64.b64encode(ca).decode(),
            },
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": _READER, "labels": _LABELS},
            "rules": [{"apiGroups": [GROUP], "resources": ["*"], "verbs": ["get", "list"]}],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": _READER, "labels": _LABELS},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _READER},
            "subjects": [
                {"kind": "ServiceAccount", "name": "horizontal-pod-autoscaler", "namespace": "kube-system"},
                {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:kube-controller-manager"},
            ],
        },
    ]

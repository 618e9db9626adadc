"""Every pinned version in one place: Kubernetes, the local cluster's tools, charts and images."""

from __future__ import annotations

KUBERNETES = "1.37.2"
"""The local cluster's control plane. Clouds offer older minors; the manifests use GA APIs only."""

ETCD = "3.7.3"
KWOK = "0.8.0"
HELM = "4.3.1"
KUBECONFORM = "0.8.0"

"""Which capabilities a running cluster has: the custom-resource APIs, in the versions that the layers use."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from aicc.errors import PrerequisiteError
from infra.config.fields import Capability

if TYPE_CHECKING:
    from aicc.kube.client import Kube

APIS: dict[Capability, tuple[str, str]] = {
    "cert-manager": ("cert-manager.io/v1", "Certificate"),
    "external-secrets": ("external-secrets.io/v1", "ExternalSecret"),
    "fluid": ("data.fluid.io/v1alpha1", "Dataset"),
    "gateway-api": ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    "jobset": ("jobset.x-k8s.io/v1alpha2", "JobSet"),
    "keda": ("keda.sh/v1alpha1", "ScaledObject"),
    "kueue": ("kueue.x-k8s.io/v1beta2", "ClusterQueue"),
    "lws": ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"),
    "prometheus-operator": ("monitoring.coreos.com/v1", "PodMonitor"),
    "velero": ("velero.io/v1", "Schedule"),
}
"""One kind stands for its operator."""


def served(kube: Kube) -> set[Capability]:
    """What the cluster serves."""
    return {capability for capability, (version, kind) in APIS.items() if kube.serves(version, kind)}


def unused(kube: Kube, declared: Collection[Capability]) -> list[Capability]:
    """What the cluster serves beyond what is declared.

    Raises PrerequisiteError for what is declared and not served.
    """
    found = served(kube)
    if missing := sorted(set(declared) - found):
        wanted = ", ".join(f"{name} ({' '.join(APIS[name])})" for name in missing)
        raise PrerequisiteError(
            f"cloud.capabilities: the cluster does not serve {wanted}; nothing was changed",
            hint=f"install the operator, or declare what is there: [{', '.join(sorted(found))}]",
        )
    return sorted(found - set(declared))

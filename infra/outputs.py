"""What a stack exports: where things are, for people and for stacks that build on this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from infra import names
from infra.plan import CenterPlan, ModelPlan

if TYPE_CHECKING:  # who asks for an address need not pay for Pulumi's SDK
    from infra.clouds.base import ClusterOut
    from infra.estimate import Estimate

MODEL_PORT = 8000
GATEWAY_METRICS_PORT = 9090
"""Where the gateway's pods serve their metrics: as its chart has it."""
GATEWAY_ENDPOINT = f"http://{names.GATEWAY}.{names.GATEWAY_NAMESPACE}.svc/v1"
"""The gateway's address inside the cluster."""


def of(plan: CenterPlan, cluster: ClusterOut, estimate: Estimate) -> Mapping[str, Any]:
    """Every export of the stack."""
    return {
        "center": plan.name,
        "kubeconfig": cluster.kubeconfig,
        "tenants": {tenant.name: tenant.namespace for tenant in plan.tenants},
        "models": {model.name: endpoint(model) for model in plan.models},
        **({"gateway": GATEWAY_ENDPOINT} if plan.gateway else {}),
        "estimate": estimate.total.as_dict(),
        **({"cloud": dict(cluster.exports)} if cluster.exports else {}),
    }


def endpoint(model: ModelPlan) -> str:
    """The model's address inside the cluster; a split one has none of its own, as neither half answers alone."""
    if model.split:
        return GATEWAY_ENDPOINT
    return f"http://{model.release}.{model.namespace}.svc:{MODEL_PORT}/v1"

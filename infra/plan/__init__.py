"""From a declared centre to what will be built: pure, immutable, no Pulumi."""

from infra.plan.model import AcceleratorPlan, CachePlan, CenterPlan, ModelPlan, PoolPlan, Share, TenantPlan
from infra.plan.resolve import resolve

__all__ = ["AcceleratorPlan", "CachePlan", "CenterPlan", "ModelPlan", "PoolPlan", "Share", "TenantPlan", "resolve"]

"""From a declared centre to what will be built: pure, immutable, no Pulumi."""

from infra.plan.model import AcceleratorPlan, CenterPlan, ModelPlan, PoolPlan, Share, TenantPlan
from infra.plan.resolve import resolve

__all__ = ["AcceleratorPlan", "CenterPlan", "ModelPlan", "PoolPlan", "Share", "TenantPlan", "resolve"]

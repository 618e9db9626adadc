"""The centre's own entry in the resource tree: what was declared and what it is estimated to cost, draw and emit.

It makes nothing. A preview shows its figures change, and policies read them.
"""

from __future__ import annotations

from typing import Any

import pulumi

from infra.config.clouds import PublicCloud
from infra.config.load import PROJECT
from infra.estimate import Estimate
from infra.plan import CenterPlan

TYPE = f"{PROJECT}:index:Center"


class Declaration(pulumi.ComponentResource):
    """The declared centre."""

    def __init__(self, plan: CenterPlan, estimate: Estimate) -> None:
        facts = properties(plan, estimate)
        super().__init__(TYPE, "center", facts)
        self.register_outputs(facts)


def properties(plan: CenterPlan, estimate: Estimate) -> dict[str, Any]:
    """What policies and people want to know about the whole centre."""
    cloud = plan.cloud
    return {
        "name": plan.name,
        "cloud": cloud.kind,
        "region": cloud.region if isinstance(cloud, PublicCloud) else None,
        "owner": cloud.owner if isinstance(cloud, PublicCloud) else None,
        "costCenter": cloud.cost_center if isinstance(cloud, PublicCloud) else None,
        "apiAccess": list(cloud.api_access) if isinstance(cloud, PublicCloud) else [],
        "deletionProtection": cloud.deletion_protection if isinstance(cloud, PublicCloud) else None,
        "pools": [
            {
                "name": pool.name,
                "instance": pool.instance,
                "accelerator": pool.accelerator,
                "accelerators": pool.accelerators,
                "nodes": pool.nodes,
                "minNodes": pool.min_nodes,
                "maxNodes": pool.max_nodes,
                "owner": pool.owner,
                "scales": pool.scales,
            }
            for pool in plan.pools
        ],
        "limits": {
            "monthlyCost": dict(plan.limits.monthly_cost),
            "annualTco2e": plan.limits.annual_tco2e,
            "regions": list(plan.limits.regions),
        },
        "estimate": estimate.as_dict(),
    }

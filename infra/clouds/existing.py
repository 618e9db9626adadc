"""A cluster that is already there: nothing in it is touched but what the centre itself declares.

The kubeconfig stays a path, so that its content reaches neither the state nor a plan.
"""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from infra.clouds.base import ClusterOut
from infra.config.clouds import ExistingCloud
from infra.plan import CenterPlan


def build(plan: CenterPlan) -> ClusterOut:
    """Use the declared kubeconfig and context."""
    cloud = plan.cloud
    if not isinstance(cloud, ExistingCloud):
        raise TypeError(f"cloud existing was asked to build {cloud.kind}")
    return ClusterOut(
        provider=kubernetes.Provider("cluster", kubeconfig=cloud.kubeconfig, context=cloud.context),
        kubeconfig=pulumi.Output.from_input(cloud.kubeconfig),
        capabilities=frozenset(cloud.capabilities),
        admission_scope="center",
        images_by_digest=True,
    )

"""The local cluster: started by `aicc up`, with simulated nodes that follow the plan's pools.

This module only points the provider at it. It makes no nodes: they belong to the machine, as they belong to
a cloud's node pools elsewhere, and thousands of them as Pulumi resources would make every preview slow.
"""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from infra import names
from infra.clouds.base import ClusterOut, VolumeClass
from infra.clouds.local_paths import kubeconfig_path
from infra.config.clouds import LocalCloud
from infra.plan import CenterPlan

PREPARED = VolumeClass("kubernetes.io/no-provisioner", expandable=False)
"""`aicc up` makes volumes on the real node before anything claims one; nobody makes more."""


def build(plan: CenterPlan) -> ClusterOut:
    """Use the stack's local cluster."""
    cloud = plan.cloud
    if not isinstance(cloud, LocalCloud):
        raise TypeError(f"cloud local was asked to build {cloud.kind}")
    real = any(pool.real for pool in plan.pools)
    path = str(kubeconfig_path(pulumi.get_stack()))
    return ClusterOut(
        # Everything in this cluster is the stack's: what a killed run made but did not record is taken up again.
        provider=kubernetes.Provider("cluster", kubeconfig=path, upsert_existing_objects=True, enable_patch_force=True),
        kubeconfig=pulumi.Output.from_input(path),
        # They run as processes of this machine, so that no chart of theirs is installed.
        capabilities=frozenset(cloud.operators),
        admission_scope="cluster",
        images_by_digest=False,
        volumes={"block": PREPARED, "shared": PREPARED} if real else {},
        service_nodes={names.RUNS: names.CONTAINERS} if real else {},
    )

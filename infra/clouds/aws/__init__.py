"""Amazon Web Services: an EKS cluster in a VPC of its own, with keys, storage, registry and identities.

Machines that are scarce are reserved beforehand, by people: `cloud.reservations` names what a pool takes them from.
"""

from __future__ import annotations

import pulumi

from infra.clouds.aws import (
    add_ons,
    autoscaling,
    cluster,
    endpoints,
    files,
    identity,
    keys,
    logs,
    network,
    node_pools,
    registry,
    storage,
    volumes,
)
from infra.clouds.aws.scope import Scope, scope_of
from infra.clouds.base import ClusterOut, Endpoint
from infra.plan import CenterPlan


def build(plan: CenterPlan) -> ClusterOut:
    """Register the network, the keys, the cluster with its pools and add-ons, the storage and the identities."""
    scope = scope_of(plan)
    networked = network.build(scope)
    endpoints.build(scope, networked)
    key_ring = keys.build(scope, networked)
    logs.flows(scope, networked, key_ring)
    parts = cluster.build(scope, networked, key_ring)
    ready = add_ons.before_nodes(scope, parts)
    pools = node_pools.build(scope, networked, key_ring, parts, ready)
    running = add_ons.on_nodes(scope, parts, key_ring, pools)
    autoscaling.build(scope, networked, parts, pools)
    stored = storage.build(scope, networked, key_ring)
    filed = files.build(scope, networked, key_ring, parts)
    registered = registry.build(scope, networked, key_ring)
    identified = identity.build(scope, networked, key_ring, parts, stored)
    scope.component.register_outputs({})
    return ClusterOut(
        provider=cluster.provider(parts, *running),
        kubeconfig=parts.kubeconfig,
        capabilities=frozenset(),
        operators=scope.cloud.operators,
        admission_scope="cluster",
        images_by_digest=True,
        volumes=volumes.of(key_ring, filed),
        object_store=stored.object_store,
        identities=identified,
        # The Pod Identity agent of the node.
        identity_endpoints=(Endpoint("169.254.170.23/32", 80),),
        exports=_exports(scope, networked, key_ring, parts) | dict(filed.exports) | registered,
    )


def _exports(
    scope: Scope, networked: network.NetworkOut, key_ring: keys.KeyRing, parts: cluster.ClusterParts
) -> dict[str, pulumi.Input[str]]:
    return {
        "region": scope.region,
        "account": networked.account,
        "networkId": networked.vpc.id,
        "clusterName": parts.cluster.name,
        "clusterArn": parts.cluster.arn,
        "diskKeyArn": key_ring.disks.arn,
        "secretPrefix": f"{scope.plan.name}/",
    }

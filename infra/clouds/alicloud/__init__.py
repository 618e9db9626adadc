"""Alibaba Cloud: an ACK managed Pro cluster in a VPC of its own, with keys, storage, registry and identities.

It buys no Lingjun machines, which carry the Zhenwu PPUs: they are bought into a node group in the centre's network,
and a pool is bound to the group that `cloud.lingjun` names.
"""

from __future__ import annotations

from infra.clouds.alicloud import add_ons, cluster, files, identity, keys, network, node_pools, registry, storage
from infra.clouds.alicloud.scope import scope_of
from infra.clouds.base import ClusterOut
from infra.clouds.public import cluster_provider
from infra.plan import CenterPlan


def build(plan: CenterPlan) -> ClusterOut:
    """Register the network, the keys, the cluster with its pools and add-ons, the storage and the identities."""
    scope = scope_of(plan)
    networked = network.build(scope)
    key_ring = keys.build(scope, networked)
    clustered = cluster.build(scope, networked, key_ring)
    pools = node_pools.build(scope, networked, key_ring, clustered)
    buckets = storage.build(scope, key_ring)
    filed = files.build(scope, networked, key_ring)
    registered = registry.build(scope, networked, buckets)
    add_ons.build(scope, clustered.id, pools, registered)
    identified = identity.build(scope, clustered, key_ring, buckets)
    scope.component.register_outputs({})
    return ClusterOut(
        # The credential is a new one in every run: only another cluster may replace what is in it.
        provider=cluster_provider(clustered.kubeconfig, clustered.id),
        kubeconfig=clustered.kubeconfig,
        capabilities=frozenset(),
        operators=tuple(name for name in scope.cloud.operators if name not in add_ons.UNSUPPORTED_OPERATORS),
        admission_scope="cluster",
        images_by_digest=True,
        object_store=buckets.object_store,
        identities=identified.identities,
        volumes=filed.volumes,
        exports={
            "region": scope.cloud.region,
            "networkId": networked.vpc_id,
            **clustered.exports,
            **pools.exports,
            **filed.exports,
            **registered.exports,
            **identified.exports,
        },
    )

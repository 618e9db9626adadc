"""Microsoft Azure: a private AKS cluster in a network of its own, with keys, storage, registry and identities.

The resource group holds everything but the machines, which AKS keeps in one of its own that nobody may change.
"""

from __future__ import annotations

from infra.clouds.azure import access, cluster, files, identity, keys, logs, network, node_pools, registry, storage
from infra.clouds.azure.scope import scope_of
from infra.clouds.base import ClusterOut
from infra.clouds.public import cluster_provider
from infra.plan import CenterPlan


def build(plan: CenterPlan) -> ClusterOut:
    """Register the network, the keys, the cluster with its pools, the storage and the identities."""
    scope = scope_of(plan)
    networked = network.build(scope)
    workspace = logs.build(scope)
    key_ring = keys.build(scope, networked, workspace)
    granted = access.build(scope, networked, key_ring)
    clustered = cluster.build(scope, networked, key_ring, granted, workspace)
    node_pools.build(scope, networked, clustered.cluster)
    buckets = storage.build(scope, networked, key_ring, workspace)
    filed = files.build(scope, networked, key_ring, granted)
    registered = registry.build(scope, networked, key_ring, granted, workspace)
    identities = identity.build(scope, clustered, key_ring, buckets)
    scope.component.register_outputs({})
    managed = frozenset(name for name in scope.cloud.operators if name == cluster.MANAGED_KEDA)
    return ClusterOut(
        provider=cluster_provider(clustered.kubeconfig, clustered.cluster.id),
        kubeconfig=clustered.kubeconfig,
        capabilities=managed,
        operators=tuple(name for name in scope.cloud.operators if name not in managed),
        admission_scope="cluster",
        images_by_digest=True,
        volumes=filed.volumes,
        object_store=buckets.object_store,
        identities=identities,
        exports={
            "region": scope.cloud.region,
            "resourceGroup": scope.group,
            "networkId": networked.id,
            "clusterName": clustered.name,
            "secretVault": key_ring.secrets.url,
            **filed.exports,
            **registered,
        },
    )

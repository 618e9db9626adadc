"""Google Cloud: a private regional GKE Standard cluster, its pools, keys, storage, registry and identities."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_gcp import container

from infra.clouds.base import ClusterOut, Endpoint, ObjectStore
from infra.clouds.gcp import access, cluster, identity, keys, network, node_pools, project, registry, storage
from infra.clouds.gcp.network import NetworkOut
from infra.clouds.gcp.storage import StorageOut
from infra.clouds.public import declared
from infra.config.clouds import GcpCloud
from infra.config.fields import Capability
from infra.plan import CenterPlan

_SERVED: frozenset[Capability] = frozenset({"gateway-api"})
"""Custom-resource APIs that GKE installs and keeps."""


def build(plan: CenterPlan) -> ClusterOut:
    """Register everything that Google Cloud gives to the centre."""
    cloud = declared(plan, GcpCloud)
    given = project.build(plan)
    crypto = keys.build(plan, given)
    net = network.build(plan, given)
    node_account = identity.nodes(plan, given)
    gke = cluster.build(plan, given, net, crypto, node_account.email)
    identity.admins(plan, given, gke)
    system = node_pools.build(plan, gke, crypto["compute"], node_account.email)
    kept = storage.build(plan, given, net, crypto)
    images = registry.build(plan, given, crypto, node_account.member)
    kubeconfig = access.kubeconfig(gke)
    return ClusterOut(
        provider=access.provider(kubeconfig, gke, system),
        kubeconfig=kubeconfig,
        capabilities=_SERVED,
        admission_scope="cluster",
        images_by_digest=True,
        operators=tuple(operator for operator in cloud.operators if operator not in _SERVED),
        # Not files: GKE's drivers would make a file system for each claim, beside those that are declared.
        volumes={"block": storage.disks(crypto["compute"])},
        object_store=ObjectStore(
            scheme="gs",
            region=cloud.region,
            endpoint="storage.googleapis.com",
            buckets={role: bucket.name for role, bucket in kept.buckets.items()},
        ),
        identities=identity.workloads(plan, given, gke, kept.buckets),
        # The metadata server, as Dataplane V2 sees it.
        identity_endpoints=(Endpoint("169.254.169.254/32", 80),),
        exports=_exports(gke, net, kept, images, crypto["compute"]),
    )


def _exports(
    gke: container.Cluster,
    net: NetworkOut,
    kept: StorageOut,
    images: pulumi.Output[str] | None,
    disk_key: pulumi.Output[str],
) -> Mapping[str, pulumi.Input[str]]:
    known: dict[str, pulumi.Input[str] | None] = {
        "cluster": gke.name,
        "clusterVersion": gke.master_version,
        "network": net.network_id,
        "subnetwork": net.subnetwork_id,
        "diskKey": disk_key,
        "registry": images,
        "sharedFiles": kept.shared,
        "parallelFiles": kept.parallel,
    }
    return {name: value for name, value in known.items() if value is not None}

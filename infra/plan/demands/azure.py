"""What Azure demands: names of some length, Entra groups by id, reservations by resource id, ranges that AKS takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra.catalogue import Catalogue
from infra.config.clouds import AzureCloud
from infra.config.fields import GUID
from infra.config.issues import Issue
from infra.config.models import Center
from infra.config.storage import Storage
from infra.plan.demands import common

LABEL_DOMAINS = ("kubernetes.azure.com",)
LARGEST_LUSTRE = "768Ti"
"""https://learn.microsoft.com/en-us/azure/azure-managed-lustre/create-file-system-portal"""

_LEAST_NAME = 4
"""The log workspace is named after the centre: 4 to 63 characters.

https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/resource-name-rules"""
_CONTAINER = "(?!.*--)[a-z0-9-]{3,63}"
"""Same page, Microsoft.Storage."""
_RESERVATION = (
    r"(?i)/subscriptions/[^/\s]+/resourceGroups/[^/\s]+"
    r"/providers/Microsoft\.Compute/capacityReservationGroups/[^/\s]+"
)
_MOST_NODES = 1_000
"""Of a node pool: https://learn.microsoft.com/en-us/azure/aks/quotas-skus-regions."""
_POD_PREFIX = 24
"""https://learn.microsoft.com/en-us/azure/aks/concepts-network-azure-cni-overlay; services' range: same page."""
_LARGEST_SERVICES, _SMALLEST_SERVICES = 13, 28
"""Smaller than a /12; the eleventh address is that of DNS."""
_SMALLEST_NETWORK, _SMALLEST_WITH_LUSTRE = 25, 21
"""An eighth is the API server's subnet, a /28 at least, or that of Lustre, a /24 at least.

https://learn.microsoft.com/en-us/azure/aks/api-server-vnet-integration and
https://learn.microsoft.com/en-us/javascript/api/@azure/arm-storagecache/amlfilesystemsubnetinfo"""
_LEAST_SYSTEM_NODES = 3
_NOT_FOR_CLUSTERS = ("169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24")
"""https://learn.microsoft.com/en-us/azure/aks/azure-cni-overlay"""


def check(center: Center, catalogue: Catalogue) -> Iterator[Issue]:
    """What AKS, or the services around it, would refuse."""
    cloud = common.declared(center, AzureCloud)
    yield from common.written(
        {"name": center.name},
        f".{{{_LEAST_NAME},}}",
        problem="is too short",
        allowed=f"{_LEAST_NAME} characters or more",
        consequence="networks and logs are named after it, and could not be made",
    )
    yield from _administrators(cloud)
    yield from common.written(
        common.reservations(cloud),
        _RESERVATION,
        problem="is not the resource id of a capacity reservation group",
        allowed="/subscriptions/…/resourceGroups/…/providers/Microsoft.Compute/capacityReservationGroups/…",
        consequence="the cluster could not be given rights to it, nor its machines to the pool",
    )
    yield from _network(center, cloud)
    yield from _storage(center)
    for path, pool in common.pools(center):
        yield from common.node_labels(path, pool, common.accelerator(pool, center, catalogue), *LABEL_DOMAINS)
        if common.most_nodes(pool) > _MOST_NODES:
            yield Issue(
                f"{path}.scale.max" if pool.scale else f"{path}.nodes",
                "is more than a node pool of AKS has",
                common.most_nodes(pool),
                allowed=f"{_MOST_NODES} or fewer, and another pool for the rest",
                consequence="AKS would refuse the node pool",
            )


def notes(center: Center, catalogue: Catalogue) -> Iterator[str]:  # noqa: ARG001  as of every cloud
    """What pods and people meet that nobody declared."""
    for pool in center.pools:
        if pool.spot:
            yield (
                f"pool {pool.name}: AKS taints spot nodes with kubernetes.azure.com/scalesetpriority=spot:NoSchedule; "
                "only pods that tolerate it run there"
            )
    for tenant in center.tenants:
        if not re.fullmatch(GUID, tenant.group):
            yield f"tenant {tenant.name}: {tenant.group} is no Entra group's object id; AKS would find nobody in it"


def _administrators(cloud: AzureCloud) -> Iterator[Issue]:
    if not cloud.admins:
        yield Issue(
            "cloud.admins",
            "is empty: the cluster has no local accounts, and whoever makes it has no rights in it",
            allowed="object ids of Entra groups; whoever runs Pulumi must be in one",
            consequence="nobody could administer the cluster, nor build anything in it",
        )
    yield from common.written(
        common.administrators(cloud),
        GUID,
        problem="is not the object id of an Entra group",
        allowed="a GUID such as 72f988bf-86f1-41af-91ab-2d7cd011db47",
        consequence="AKS would refuse the cluster",
    )


def _network(center: Center, cloud: AzureCloud) -> Iterator[Issue]:
    lustre = center.storage is not None and center.storage.parallel is not None
    yield from common.sized(
        center,
        common.NODES,
        smallest=_SMALLEST_WITH_LUSTRE if lustre else _SMALLEST_NETWORK,
        consequence="it could not be cut into subnets" + (", of which Lustre wants a /24" if lustre else ""),
    )
    yield from common.sized(
        center,
        common.SERVICES,
        smallest=_SMALLEST_SERVICES,
        largest=_LARGEST_SERVICES,
        consequence="AKS would refuse the cluster",
    )
    yield from common.apart(
        center, (common.NODES, common.PODS, common.SERVICES), _NOT_FOR_CLUSTERS, whose="not for clusters of AKS"
    )
    yield from common.room_for_pods(center, _POD_PREFIX, max(_LEAST_SYSTEM_NODES, len(cloud.zones)))


def _storage(center: Center) -> Iterator[Issue]:
    storage = center.storage or Storage()
    yield from common.written(
        {f"storage.buckets[{index}].name": bucket.name for index, bucket in enumerate(storage.buckets)},
        _CONTAINER,
        problem="is not a name of a container",
        allowed="at least 3 of a-z, 0-9 and -, no two - together",
        consequence="Azure Storage would refuse it",
    )
    yield from common.at_most("storage.parallel", storage.parallel, LARGEST_LUSTRE, service="Azure Managed Lustre")

"""What Google Cloud demands: names that start with a letter, IAM members, TPU slices of whole machines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod

from infra.catalogue import Catalogue
from infra.config.clouds import GcpCloud
from infra.config.issues import Issue
from infra.config.models import Center, Pool, zones_of
from infra.config.storage import Storage
from infra.plan.demands import common

LABEL_DOMAINS = ("cloud.google.com",)
TPU = "google.com/tpu"
TPU_TOPOLOGY = "cloud.google.com/gke-tpu-topology"
"""The one label of theirs that a pool may declare: the shape of its slices."""

_TOPOLOGY = re.compile("[1-9][0-9]{0,3}(x[1-9][0-9]{0,3}){1,2}")
_SLICED_CHIPS = 4
"""Per machine: those with 1 or 8 chips are slices by themselves.

https://docs.cloud.google.com/kubernetes-engine/docs/concepts/plan-tpus"""
_EXAMPLE = {1: "1x1", 4: "2x2 for one machine, 4x4 for four", 8: "2x4"}
_PROJECT = "[a-z][a-z0-9-]{4,28}[a-z0-9]"
_MEMBER = r"(user|group|serviceAccount):[^\s@]+@\S+|principal(Set)?://iam\.googleapis\.com/\S+"
_NAME = "[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
_RESERVATION = rf"(projects/{_PROJECT}/reservations/)?{_NAME}(/reservationBlocks/{_NAME})?"
_SMALLEST_NETWORK = 23
"""An eighth is the subnet of proxies, of at least 64 addresses.

https://docs.cloud.google.com/load-balancing/docs/proxy-only-subnets"""
_POD_PREFIX = 25
"""Twice the addresses of 64 pods for each node."""
_SYSTEM_NODES = 3
_MOST_NODES_PER_ZONE = 1_000
"""Of a node pool: https://docs.cloud.google.com/kubernetes-engine/quotas."""
_LARGEST_SHARE = "100Ti"
"""Of Filestore's regional tier: https://www.pulumi.com/registry/packages/gcp/api-docs/filestore/instance/."""


def check(center: Center, catalogue: Catalogue) -> Iterator[Issue]:
    """What GKE, or the services around it, would refuse."""
    cloud = common.declared(center, GcpCloud)
    yield from common.written(
        {"name": center.name, **{f"{path}.name": pool.name for path, pool in common.pools(center)}},
        "[a-z].*",
        problem="does not start with a letter",
        allowed="a name that starts with one of a-z",
        consequence="clusters, node pools and networks are named after it, and could not be made",
    )
    yield from common.written(
        {"cloud.project": cloud.project},
        _PROJECT,
        problem="is not a project's id",
        allowed="6 to 30 of a-z, 0-9 and -, starting with a letter",
        consequence="nothing could be made there",
    )
    yield from common.written(
        common.administrators(cloud),
        _MEMBER,
        problem="is not a member as IAM names one",
        allowed="user:, group: or serviceAccount: and an address, or principal:// or principalSet://",
        consequence="IAM would refuse the binding",
    )
    yield from common.written(
        common.reservations(cloud),
        _RESERVATION,
        problem="is not a reservation of Compute Engine",
        allowed="a reservation's name, or projects/PROJECT/reservations/NAME where another project shares it",
        consequence="the pool's machines would never be made",
    )
    yield from common.sized(
        center, common.NODES, smallest=_SMALLEST_NETWORK, consequence="it could not be cut into subnets"
    )
    yield from common.room_for_pods(center, _POD_PREFIX, min(_SYSTEM_NODES, len(cloud.zones)))
    yield from common.at_most(
        "storage.shared", (center.storage or Storage()).shared, _LARGEST_SHARE, service="Filestore's regional tier"
    )
    for path, pool in common.pools(center):
        accelerated = common.accelerator(pool, center, catalogue)
        tpus = accelerated is not None and accelerated.kubernetes.resource == TPU
        yield from common.node_labels(path, pool, accelerated, *LABEL_DOMAINS, own=TPU_TOPOLOGY if tpus else "")
        yield from _nodes(path, pool, cloud)
        made_of = common.machine(pool, center, catalogue)
        if made_of and tpus and TPU_TOPOLOGY in pool.labels:
            yield from _slices(path, pool, made_of.accelerators)


def notes(center: Center, catalogue: Catalogue) -> Iterator[str]:  # noqa: ARG001  as of every cloud
    """Tenants' groups that GKE would not know."""
    domains: dict[str, None] = {}
    for tenant in center.tenants:
        _, at, domain = tenant.group.partition("@")
        if at:
            domains[domain] = None
        elif not tenant.group.startswith("principalSet://"):
            yield f"tenant {tenant.name}: {tenant.group} is no Google group's address; GKE would find nobody in it"
    if len(domains) > 1:
        yield (
            f"tenants: their groups are of {', '.join(domains)}, and GKE knows groups of one domain; "
            "it would find nobody in any"
        )


def _nodes(path: str, pool: Pool, cloud: GcpCloud) -> Iterator[Issue]:
    most = _MOST_NODES_PER_ZONE * len(zones_of(pool, cloud))
    if common.most_nodes(pool) > most:
        yield Issue(
            f"{path}.scale.max" if pool.scale else f"{path}.nodes",
            f"is more than {_MOST_NODES_PER_ZONE} in each of the pool's zones",
            common.most_nodes(pool),
            allowed=f"{most} or fewer, and another pool for the rest",
            consequence="GKE would refuse the node pools",
        )


def _slices(path: str, pool: Pool, chips: int) -> Iterator[Issue]:
    """A slice is there as a whole or not at all, so its pool counts in slices."""
    topology = pool.labels[TPU_TOPOLOGY]
    label = f"{path}.labels.{TPU_TOPOLOGY}"
    hosts, rest = divmod(prod(map(int, topology.split("x"))), chips) if _TOPOLOGY.fullmatch(topology) else (0, 1)
    if rest or not hosts or (hosts > 1 and chips != _SLICED_CHIPS):
        yield Issue(
            label,
            f"is no shape of slices of {pool.instance}, which has {chips} chips",
            topology,
            allowed=f"such as {_EXAMPLE[chips]}" if chips in _EXAMPLE else None,
            consequence="GKE would refuse the node pools",
        )
        return
    counted = {"nodes": pool.nodes} | ({"scale.min": pool.scale.min, "scale.max": pool.scale.max} if pool.scale else {})
    for field, count in counted.items():
        if count % hosts:
            yield Issue(
                f"{path}.{field}",
                f"is not a multiple of {hosts}, the machines of a {topology} slice",
                count,
                allowed=f"{hosts}, {2 * hosts}, {3 * hosts}, …",
                consequence="a part of a slice cannot be made",
            )

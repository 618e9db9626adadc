"""What Alibaba Cloud demands: two zones, RAM identities by number, Lingjun machines as they were bought."""

from __future__ import annotations

from collections.abc import Iterator

from infra.catalogue import Catalogue
from infra.config.clouds import AlicloudCloud
from infra.config.issues import Issue
from infra.config.models import Center, Pool
from infra.config.storage import Storage
from infra.plan.demands import common

LABEL_DOMAINS = ("aliyun.accelerator", "alibabacloud.com", "k8s.aliyun.com")
"""ACK sets their labels from what it finds on a node."""
OWN_BUCKET, REGISTRY_BUCKET = "access-logs", "images"
"""The package's own buckets; the second is the registry's."""

_LINGJUN_TAINT = "node-role.alibabacloud.com/lingjun"
_LARGEST_RANGE, _SMALLEST_RANGE = 13, 26
"""An eighth of them is a vSwitch, /16 to /29: https://www.alibabacloud.com/help/en/vpc/vpc-and-vswitch."""
_NOT_FOR_NETWORKS = ("100.64.0.0/10", "224.0.0.0/4", "127.0.0.0/8", "169.254.0.0/16")
"""Same page."""


def check(center: Center, catalogue: Catalogue) -> Iterator[Issue]:
    """What ACK, or the services around it, would refuse."""
    cloud = common.declared(center, AlicloudCloud)
    yield from common.written(
        {"name": center.name},
        "[a-z].*",
        problem="does not start with a letter",
        allowed="a name that starts with one of a-z",
        consequence="load balancers and addresses are named after it, and could not be made",
    )
    yield from common.enough_zones(
        cloud, 2, consequence="the API server's load balancer and the KMS instance could not be made"
    )
    yield from common.written(
        common.administrators(cloud),
        "(role|user):[0-9]+",
        problem="is not a RAM role or user by its id",
        allowed="role:ID or user:ID, such as role:300000000000000001",
        consequence="ACK would not know whom to let in",
    )
    yield from common.one_zone(center, cloud, cloud.reservations, what="a private pool")
    for path in (common.NODES, common.PODS):
        yield from common.sized(
            center,
            path,
            smallest=_SMALLEST_RANGE,
            largest=_LARGEST_RANGE,
            consequence="its vSwitches could not be made",
        )
    yield from common.apart(
        center, (common.NODES, common.PODS), _NOT_FOR_NETWORKS, whose="not for networks of Alibaba Cloud"
    )
    yield from _buckets(center)
    for path, pool in common.pools(center):
        yield from common.node_labels(path, pool, common.accelerator(pool, center, catalogue), *LABEL_DOMAINS)
        if _is_lingjun(pool, center, catalogue):
            yield from _lingjun(path, pool, cloud)
        elif pool.name in cloud.lingjun and common.machine(pool, center, catalogue):
            yield Issue(
                f"cloud.lingjun.{pool.name}",
                f"names a pool of {pool.instance}, which is no Lingjun machine",
                cloud.lingjun[pool.name].group_id,
                allowed="pools of Lingjun machines",
                consequence="the pool's machines could not be in the group",
            )


def notes(center: Center, catalogue: Catalogue) -> Iterator[str]:
    """What holds for Lingjun nodes only."""
    for pool in center.pools:
        if _is_lingjun(pool, center, catalogue):
            yield (
                f"pool {pool.name}: Terway enforces no NetworkPolicy on Lingjun nodes; tenants' pods there are "
                "kept apart by nothing but their queues' accelerators"
            )


def _is_lingjun(pool: Pool, center: Center, catalogue: Catalogue) -> bool:
    accelerated = common.accelerator(pool, center, catalogue)
    return accelerated is not None and any(taint.key == _LINGJUN_TAINT for taint in accelerated.kubernetes.taints)


def _buckets(center: Center) -> Iterator[Issue]:
    storage = center.storage or Storage()
    own = {OWN_BUCKET, REGISTRY_BUCKET} if storage.registry else {OWN_BUCKET}
    for index, bucket in enumerate(storage.buckets):
        if bucket.name in own:
            yield Issue(
                f"storage.buckets[{index}].name",
                "is the name of a bucket that the centre makes by itself",
                bucket.name,
                allowed="any other name",
                consequence="two buckets would have the same name",
            )


def _lingjun(path: str, pool: Pool, cloud: AlicloudCloud) -> Iterator[Issue]:
    if pool.name not in cloud.lingjun:
        yield Issue(
            f"cloud.lingjun.{pool.name}",
            "is required: a program cannot buy Lingjun machines, it joins those of a node group",
            allowed="clusterId and groupId of the Lingjun node group",
            consequence="the pool would have no nodes",
        )
    asked = {
        f"{path}.spot": pool.spot or None,
        f"{path}.scale": f"{pool.scale.min} to {pool.scale.max}" if pool.scale else None,
        f"cloud.reservations.{pool.name}": cloud.reservations.get(pool.name),
    }
    for field, value in asked.items():
        if value is not None:
            yield Issue(
                field,
                "is not for Lingjun machines, which are bought beforehand and joined by hand",
                value,
                allowed="nothing: the pool has the machines of its node group",
                consequence="nothing would come of it",
            )

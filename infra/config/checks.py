"""What the declared fields say about each other; no catalogue, no cloud, no cluster."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from itertools import combinations

from infra import quantity
from infra.config import (
    application_checks,
    gateway_checks,
    model_checks,
    monitoring_checks,
    saving_checks,
    telemetry_checks,
)
from infra.config.clouds import PublicCloud
from infra.config.issues import Issue, unknown
from infra.config.models import Center, Network, Pool, zones_of
from infra.config.storage import BACKUPS, CHECKPOINTS, DATASETS, MODELS

_LEAST_NODE = {"cpu": "1", "memory": "1Gi"}


def check(center: Center) -> list[Issue]:
    """Every issue between fields, in the order of the file."""
    return [
        *_networks(center.network),
        *_api_access(center),
        *_cloud(center),
        *_pools(center),
        *_names(center),
        *model_checks.check(center),
        *gateway_checks.check(center),
        *_storage(center),
        *telemetry_checks.check(center),
        *monitoring_checks.check(center),
        *application_checks.check(center, by_digest=center.cloud.kind != "local"),
        *saving_checks.check(center),
    ]


def _networks(network: Network) -> Iterator[Issue]:
    parsed = {}
    for field, cidr in network.model_dump(by_alias=True).items():
        try:
            parsed[field] = ipaddress.ip_network(cidr)
        except ValueError as error:
            yield Issue(f"network.{field}", f"is not an address range ({error})", cidr, allowed="such as 10.64.0.0/14")
    for (first, a), (second, b) in combinations(parsed.items(), 2):
        if a.version == b.version and a.overlaps(b):
            yield Issue(
                f"network.{second}",
                f"overlaps network.{first} ({a})",
                str(b),
                allowed="ranges that share no address",
                consequence="packets for one range would be routed into the other",
            )


def _api_access(center: Center) -> Iterator[Issue]:
    for index, cidr in enumerate(center.cloud.api_access if isinstance(center.cloud, PublicCloud) else ()):
        try:
            ipaddress.ip_network(cidr)
        except ValueError as error:
            path = f"cloud.apiAccess[{index}]"
            yield Issue(path, f"is not an address range ({error})", cidr, allowed="such as 203.0.113.0/24")


def _cloud(center: Center) -> Iterator[Issue]:
    cloud, pools = center.cloud, [pool.name for pool in center.pools]
    if not isinstance(cloud, PublicCloud):
        return
    if len(set(cloud.zones)) < len(cloud.zones):
        yield Issue("cloud.zones", "names a zone twice", ", ".join(cloud.zones))
    by_pool = {"reservations": cloud.reservations, "lingjun": getattr(cloud, "lingjun", {})}
    for field, given in by_pool.items():
        for pool in sorted(set(given) - set(pools)):
            yield unknown(f"cloud.{field}.{pool}", pool, pools, "is not a declared pool")
    for index, declared in enumerate(center.pools):
        for zone in sorted(set(declared.zones or ()) - set(cloud.zones)):
            yield unknown(
                f"pools[{index}].zones",
                zone,
                cloud.zones,
                "is not among cloud.zones",
                consequence="the pool would have no subnet there",
            )
    if center.limits.regions and cloud.region not in center.limits.regions:
        yield unknown("cloud.region", cloud.region, center.limits.regions, "is not among limits.regions")


def _pools(center: Center) -> Iterator[Issue]:
    if not center.pools:
        yield Issue("pools", "is empty", allowed="one pool or more", consequence="nothing could run")
    for index, pool in enumerate(center.pools):
        path = f"pools[{index}]"
        yield from _pool_zones(path, pool, zones_of(pool, center.cloud))
        if (pool.instance is None) == (pool.node is None):
            yield Issue(path, f"{pool.name} must have exactly one of instance and node", allowed="instance or node")
        if pool.scale and not pool.scale.min <= pool.nodes <= pool.scale.max:
            yield Issue(
                f"{path}.nodes",
                f"is outside scale, {pool.scale.min} to {pool.scale.max}",
                pool.nodes,
                allowed="scale.min to scale.max",
                consequence="the pool would be resized at once",
            )
        node = pool.node
        for field, least in _LEAST_NODE.items() if node else ():
            found = getattr(node, field)
            if quantity.parse(found) < quantity.parse(least):
                yield Issue(f"{path}.node.{field}", "is too little for a node", found, allowed=f"{least} or more")
        if node and (node.accelerator is None) != (node.accelerators == 0):
            yield Issue(
                f"{path}.node.accelerators",
                "and node.accelerator go together",
                node.accelerators,
                allowed="an accelerator with a count of 1 or more, or neither",
            )


def _pool_zones(path: str, pool: Pool, zones: Sequence[str]) -> Iterator[Issue]:
    if not zones:
        yield Issue(f"{path}.zones", "is empty", allowed="one zone or more")
    if len(set(zones)) < len(zones):
        yield Issue(f"{path}.zones", "names a zone twice", ", ".join(zones))
    if pool.nodes < len(zones):
        yield Issue(
            f"{path}.nodes",
            f"is fewer than the pool's {len(zones)} zones",
            pool.nodes,
            allowed=f"{len(zones)} or more",
            consequence="a zone would have no node",
        )


def _names(center: Center) -> Iterator[Issue]:
    named = {
        "pools": [pool.name for pool in center.pools],
        "tenants": [tenant.name for tenant in center.tenants],
        "models": [model.name for model in center.models],
    }
    for field, names in named.items():
        for index, name in enumerate(names):
            if names.index(name) < index:
                yield Issue(
                    f"{field}[{index}].name",
                    f"is already the name of {field}[{names.index(name)}]",
                    name,
                    allowed="a name that no other has",
                    consequence="one would silently replace the other",
                )


def _storage(center: Center) -> Iterator[Issue]:
    storage = center.storage
    if storage is None:
        return
    if not isinstance(center.cloud, PublicCloud):
        yield Issue(
            "storage",
            f"cannot be made on cloud {center.cloud.kind}",
            allowed="nothing: public clouds make storage",
            consequence="nothing would be stored",
        )
    names = [bucket.name for bucket in storage.buckets]
    for index, name in enumerate(names):
        if names.index(name) < index:
            yield Issue(f"storage.buckets[{index}].name", "is already the name of another bucket", name)
        if name.startswith(f"{CHECKPOINTS}-"):
            yield Issue(
                f"storage.buckets[{index}].name",
                "is kept for a tenant's checkpoints",
                name,
                allowed="a name that does not begin with checkpoints-",
                consequence="a tenant's bucket could have the same name",
            )
    for required in sorted({MODELS, DATASETS, CHECKPOINTS, BACKUPS} - set(names)):
        yield Issue(
            "storage.buckets",
            f"has no bucket {required}",
            ", ".join(names),
            allowed="models, datasets, checkpoints, backups, and others",
            consequence="the platform's own services would have nowhere to store",
        )

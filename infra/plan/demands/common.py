"""What every public cloud demands alike, and the forms of demand that several have; no cloud's own limits."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, ip_network
from typing import TypeVar

from infra import quantity
from infra.catalogue import Accelerator, Catalogue, Instance
from infra.config.clouds import PublicCloud
from infra.config.issues import Issue
from infra.config.models import Center, Pool, zones_of
from infra.config.storage import FileSystem

SYSTEM_POOL = "system"
"""Every cloud has one by this name, which is not declared."""

NODES, PODS, SERVICES = "network.nodeCidr", "network.podCidr", "network.serviceCidr"

_KUBELET_DOMAINS = ("kubernetes.io", "k8s.io")
"""A kubelet is given no label of these that it does not know, or it does not start.

https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/ (--node-labels)"""
_TOPOLOGY = "topology.kubernetes.io"
"""Refused on every cluster, by `infra.plan.checks`."""

_CloudT = TypeVar("_CloudT", bound=PublicCloud)


def declared(center: Center, kind: type[_CloudT]) -> _CloudT:
    """The centre's cloud, as the kind whose demands are asked."""
    if not isinstance(center.cloud, kind):
        raise TypeError(f"{kind.__name__}'s demands were asked of {center.cloud.kind}")
    return center.cloud


def check(center: Center) -> Iterator[Issue]:
    """What no public cloud takes."""
    cloud = declared(center, PublicCloud)
    for path, pool in pools(center):
        yield from _pool(path, pool, cloud)
    yield from _repeated("cloud.admins", cloud.admins)
    yield from _repeated("cloud.apiAccess", cloud.api_access)
    for field, cidr in center.network.model_dump(by_alias=True).items():
        if f"network.{field}" not in ranges(center):
            yield Issue(
                f"network.{field}",
                "is an IPv6 range",
                cidr,
                allowed="an IPv4 range such as 10.64.0.0/16",
                consequence="the centre's networks are of IPv4 alone, and could not be made",
            )


def _pool(path: str, pool: Pool, cloud: PublicCloud) -> Iterator[Issue]:
    if pool.name == SYSTEM_POOL:
        yield Issue(
            f"{path}.name",
            "is the name of the pool that the cluster's own services run on",
            pool.name,
            allowed="any other name",
            consequence="two pools would have the same name",
        )
    if pool.spot and pool.name in cloud.reservations:
        yield Issue(
            f"{path}.spot",
            f"contradicts cloud.reservations.{pool.name}: spare capacity is not reserved",
            pool.spot,
            allowed="spot or a reservation",
            consequence="the cloud would refuse the pool, or leave the reservation unused and paid for",
        )


def _repeated(path: str, given: Sequence[str]) -> Iterator[Issue]:
    for index, value in enumerate(given):
        if given.index(value) < index:
            yield Issue(
                f"{path}[{index}]",
                f"is already {path}[{given.index(value)}]",
                value,
                allowed="each once",
                consequence="the same would be made twice, which is refused",
            )


def pools(center: Center) -> Iterator[tuple[str, Pool]]:
    """The declared pools, each with its path."""
    for index, pool in enumerate(center.pools):
        yield f"pools[{index}]", pool


def machine(pool: Pool, center: Center, catalogue: Catalogue) -> Instance | None:
    """What the pool is made of; None where the catalogue does not know it, which is refused elsewhere."""
    return catalogue.instances.get(center.cloud.kind, {}).get(pool.instance or "")


def accelerator(pool: Pool, center: Center, catalogue: Catalogue) -> Accelerator | None:
    """What the pool's machines have."""
    made_of = machine(pool, center, catalogue)
    return catalogue.accelerators[made_of.accelerator] if made_of and made_of.accelerator else None


def most_nodes(pool: Pool) -> int:
    """How far it grows."""
    return pool.scale.max if pool.scale else pool.nodes


def administrators(cloud: PublicCloud) -> Mapping[str, str]:
    """By path."""
    return {f"cloud.admins[{index}]": admin for index, admin in enumerate(cloud.admins)}


def reservations(cloud: PublicCloud) -> Mapping[str, str]:
    """By path."""
    return {f"cloud.reservations.{pool}": reservation for pool, reservation in cloud.reservations.items()}


def written(given: Mapping[str, str], pattern: str, *, problem: str, allowed: str, consequence: str) -> Iterator[Issue]:
    """What is not written as the cloud wants it; `given` is by path."""
    for path, value in given.items():
        if not re.fullmatch(pattern, value):
            yield Issue(path, problem, value, allowed=allowed, consequence=consequence)


def enough_zones(cloud: PublicCloud, least: int, *, consequence: str) -> Iterator[Issue]:
    """A service that is spread over zones."""
    if len(cloud.zones) < least:
        yield Issue(
            "cloud.zones",
            f"are fewer than {least}",
            ", ".join(cloud.zones),
            allowed=f"{least} zones or more",
            consequence=consequence,
        )


def one_zone(center: Center, cloud: PublicCloud, names: Collection[str], *, what: str) -> Iterator[Issue]:
    """Pools, by name, whose machines come from one zone: that of `what`."""
    for path, pool in pools(center):
        several = zones_of(pool, cloud)
        if pool.name in names and len(several) > 1:
            yield Issue(
                f"{path}.zones",
                f"are {len(several)}, but {what} is in one",
                ", ".join(several),
                allowed=f"the zone of cloud.reservations.{pool.name}; a pool for each of several",
                consequence="the pool's nodes elsewhere would never be made",
            )


def node_labels(
    path: str, pool: Pool, accelerated: Accelerator | None, *domains: str, own: str = ""
) -> Iterator[Issue]:
    """Labels of domains that the cluster keeps to itself; `own` is a key that the package understands."""
    known = {*(accelerated.kubernetes.labels if accelerated else ()), own}
    for key, value in pool.labels.items():
        domain = key.rpartition("/")[0]
        reserved = any(f".{domain}".endswith(f".{kept}") for kept in (*_KUBELET_DOMAINS, *domains))
        if reserved and key not in known and domain != _TOPOLOGY:
            yield Issue(
                f"{path}.labels.{key}",
                "is of a domain whose labels the cluster sets itself",
                value,
                allowed="labels with a prefix of your own",
                consequence="the pool's nodes would not have it",
            )


def ranges(center: Center) -> Mapping[str, IPv4Network]:
    """The declared IPv4 ranges, by path."""
    parsed = {field: ip_network(cidr) for field, cidr in center.network.model_dump(by_alias=True).items()}
    return {f"network.{field}": cidr for field, cidr in parsed.items() if isinstance(cidr, IPv4Network)}


def sized(center: Center, path: str, *, smallest: int, largest: int = 0, consequence: str) -> Iterator[Issue]:
    """A range that the cloud takes between two prefix lengths only."""
    found = ranges(center).get(path)
    if found and not largest <= found.prefixlen <= smallest:
        yield Issue(
            path,
            "is too large" if found.prefixlen < largest else "is too small",
            str(found),
            allowed=f"/{largest} to /{smallest}" if largest else f"/{smallest} or larger",
            consequence=consequence,
        )


def within(center: Center, path: str, homes: Collection[str], *, consequence: str) -> Iterator[Issue]:
    """A range that must be part of one of these."""
    found = ranges(center).get(path)
    if found and not any(found.subnet_of(IPv4Network(home)) for home in homes):
        yield Issue(
            path, "is not of private addresses", str(found), allowed=f"in {', '.join(homes)}", consequence=consequence
        )


def apart(center: Center, paths: Collection[str], taken: Collection[str], *, whose: str) -> Iterator[Issue]:
    """Ranges that must leave others alone."""
    for path, found in ranges(center).items():
        for other in taken if path in paths else ():
            if found.overlaps(IPv4Network(other)):
                yield Issue(
                    path,
                    f"overlaps {other}, which is {whose}",
                    str(found),
                    allowed=f"ranges outside {', '.join(taken)}",
                    consequence="the network or the cluster could not be made",
                )


def room_for_pods(center: Center, prefix: int, system_nodes: int) -> Iterator[Issue]:
    """Pods' range, where every node takes a part of fixed size from it."""
    found = ranges(center).get(PODS)
    nodes = sum(most_nodes(pool) for pool in center.pools) + system_nodes
    if found and nodes > (room := found.num_addresses >> (32 - prefix)):
        yield Issue(
            PODS,
            f"has room for {room} nodes, each with a /{prefix}, and the pools grow to {nodes} with the system's",
            str(found),
            allowed=f"/{prefix - (nodes - 1).bit_length()} or larger",
            consequence="nodes beyond that would never be made",
        )


def at_most(path: str, system: FileSystem | None, largest: str, *, service: str) -> Iterator[Issue]:
    """A file system's capacity, where the service has a largest one."""
    if system and quantity.parse(system.capacity) > quantity.parse(largest):
        yield Issue(
            f"{path}.capacity",
            f"is more than one of {service} holds",
            system.capacity,
            allowed=f"{largest} or less",
            consequence="it could not be made, or would be smaller than declared",
        )

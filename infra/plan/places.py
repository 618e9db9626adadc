"""What a public cloud's region must have for a declared centre, by the catalogue; what nobody published is noted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from infra.catalogue import Catalogue, Instance
from infra.catalogue.places import Service
from infra.catalogue.schema import ExternalPlugin
from infra.config.clouds import PublicCloud
from infra.config.issues import Issue, unknown
from infra.config.models import Center, Pool, zones_of


def check(center: Center, catalogue: Catalogue) -> Iterator[Issue]:
    """Region, zones, Kubernetes version, addresses and instances that the catalogue knows not to be had there."""
    cloud = center.cloud
    if not isinstance(cloud, PublicCloud):
        return
    service = catalogue.services[cloud.kind]
    if cloud.region not in service.regions:
        yield unknown(
            "cloud.region",
            cloud.region,
            service.regions,
            f"is not a region of {service.name}",
            consequence="nothing could be made there; a region that is new needs a line in the catalogue",
        )
        return
    zones = service.regions[cloud.region].zones
    for index, zone in enumerate(cloud.zones if zones else ()):
        if zone not in (zones or ()):
            yield unknown(f"cloud.zones[{index}]", zone, zones or (), f"is not a zone of {cloud.region}")
    if cloud.kubernetes_version not in {None, *service.kubernetes}:
        yield Issue(
            "cloud.kubernetesVersion",
            f"is not offered by {service.name} any more, or not yet",
            cloud.kubernetes_version,
            allowed=", ".join(service.kubernetes),
            consequence="the cluster could not be made",
        )
    yield from _addresses(center, service)
    for index, pool in enumerate(center.pools):
        yield from _pool(f"pools[{index}]", pool, cloud, catalogue)


def _addresses(center: Center, service: Service) -> Iterator[Issue]:
    """Nodes' range alone: what becomes of pods' differs between clouds, and so do its limits (`demands`)."""
    cidr = center.network.node_cidr
    if ipaddress.ip_network(cidr).prefixlen < service.shortest_prefix:
        yield Issue(
            "network.nodeCidr",
            f"is larger than a network of {service.name} can be",
            cidr,
            allowed=f"/{service.shortest_prefix} or longer",
            consequence="the network could not be made",
        )


def _pool(path: str, pool: Pool, cloud: PublicCloud, catalogue: Catalogue) -> Iterator[Issue]:
    if pool.node:
        yield Issue(
            f"{path}.node",
            f"is not how a pool of cloud {cloud.kind} is sized",
            allowed=f"instance: one of catalogue/instances/{cloud.kind}.yaml",
            consequence="the cloud would not know which machines to make",
        )
    instance = catalogue.instances.get(cloud.kind, {}).get(pool.instance or "")
    if instance is not None:
        yield from _offered(path, pool, instance, cloud)


def _offered(path: str, pool: Pool, instance: Instance, cloud: PublicCloud) -> Iterator[Issue]:
    if instance.zones is None:
        return
    if cloud.region not in instance.zones:
        yield Issue(
            f"{path}.instance",
            f"is not offered in {cloud.region}",
            pool.instance,
            allowed=f"in {', '.join(instance.zones)}; or another instance",
            consequence="the pool would stay empty",
        )
        return
    offered = instance.zones[cloud.region]
    for zone in zones_of(pool, cloud) if offered else ():
        if zone not in offered:
            yield unknown(
                f"{path}.zones",
                zone,
                offered,
                f"does not offer {pool.instance}",
                consequence="the pool's nodes there would never be made",
            )


def kubernetes_version(center: Center, catalogue: Catalogue) -> str | None:
    """The declared minor version, else the newest that the service offers."""
    cloud = center.cloud
    if not isinstance(cloud, PublicCloud):
        return None
    offered = catalogue.services[cloud.kind].kubernetes
    return cloud.kubernetes_version or max(offered, key=lambda version: int(version.partition(".")[2]))


def notes(center: Center, catalogue: Catalogue) -> Iterator[str]:
    """What could not be verified because nobody published it."""
    cloud = center.cloud
    if not isinstance(cloud, PublicCloud):
        return
    if len(cloud.zones) == 1:
        yield f"cloud.zones: {cloud.zones[0]} alone; the centre is lost with it"
    if catalogue.services[cloud.kind].regions[cloud.region].zones is None:
        yield f"cloud.zones: the zones of {cloud.region} are not in the catalogue, so they were not checked"
    for pool in center.pools:
        instance = catalogue.instances[cloud.kind][str(pool.instance)]
        if not (instance.zones or {}).get(cloud.region):
            where = ", ".join(zones_of(pool, cloud))
            yield f"pool {pool.name}: whether {where} offers {pool.instance} is not in the catalogue; ask the provider"
        if instance.accelerator:
            kubernetes = catalogue.accelerators[instance.accelerator].kubernetes
            plugin, brought = kubernetes.device_plugin, catalogue.services[cloud.kind].device_plugins
            if isinstance(plugin, ExternalPlugin) and kubernetes.resource not in brought:
                yield f"pool {pool.name}: {plugin.name} is not the service's; it comes with {plugin.comes_with}"

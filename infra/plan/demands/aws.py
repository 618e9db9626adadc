"""What AWS demands: zones and ranges that EKS takes, declared administrators, reservations that EC2 understands."""

from __future__ import annotations

from collections.abc import Iterator

from infra.catalogue import Catalogue
from infra.config.clouds import AwsCloud
from infra.config.issues import Issue
from infra.config.models import Center
from infra.plan.demands import common

LABEL_DOMAINS = ("eks.amazonaws.com",)
CAPACITY_BLOCK = "capacity-block/"
"""In front of a reservation that is a Capacity Block for ML."""

_PRINCIPAL = r"arn:aws:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]+"
_GROUP = r"arn:aws:resource-groups:[a-z0-9-]+:[0-9]{12}:group/\S+"
_RESERVATION = rf"({CAPACITY_BLOCK})?cr-[0-9a-f]+|{_GROUP}"
_MOST_ZONES = 7
"""Each has an eighth of the network; the last holds the public subnets."""
_SMALLEST_NETWORK = 22
"""A public subnet is an eighth of an eighth, and EC2's smallest is a /28."""
_LARGEST_SERVICES, _SMALLEST_SERVICES = 12, 24
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""Services' ranges: https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html."""
_SHARED = "100.64.0.0/10"
"""RFC 6598: no address of the internet either."""
_WITHOUT_CONTROL_PLANE = {"us-east-1": "use1-az3", "us-west-1": "usw1-az2", "ca-central-1": "cac1-az3"}
"""Zones by id, since names differ between accounts: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html"""


def check(center: Center, catalogue: Catalogue) -> Iterator[Issue]:
    """What EKS, EC2 or the package's network would refuse."""
    cloud = common.declared(center, AwsCloud)
    yield from _zones(cloud)
    yield from _administrators(cloud)
    yield from _network(center)
    yield from common.written(
        common.reservations(cloud),
        _RESERVATION,
        problem="is not a capacity reservation of EC2",
        allowed="cr-…, capacity-block/cr-…, or the ARN of a resource group of reservations",
        consequence="the pool's machines would not be taken from it",
    )
    single = [pool for pool, reservation in cloud.reservations.items() if not reservation.startswith("arn:")]
    yield from common.one_zone(center, cloud, single, what="a capacity reservation")
    for path, pool in common.pools(center):
        yield from common.node_labels(path, pool, common.accelerator(pool, center, catalogue), *LABEL_DOMAINS)
        if pool.scale and cloud.reservations.get(pool.name, "").startswith(CAPACITY_BLOCK):
            yield Issue(
                f"{path}.scale",
                "is not for a Capacity Block, which is paid for whole",
                f"{pool.scale.min} to {pool.scale.max}",
                allowed="nodes alone, as many as the block has",
                consequence="machines that are paid for would be given back, or asked for in vain",
            )


def notes(center: Center, catalogue: Catalogue) -> Iterator[str]:
    """What is not used, and what nobody can look up in a plan."""
    cloud = common.declared(center, AwsCloud)
    if "pod_cidr" in center.network.model_fields_set:
        yield "network.podCidr: not used on AWS; pods have addresses of network.nodeCidr"
    if without := _WITHOUT_CONTROL_PLANE.get(cloud.region):
        service = catalogue.services[cloud.kind].name
        yield f"cloud.zones: {service} takes no subnet in {without}; see which zone has that id in your account"


def _zones(cloud: AwsCloud) -> Iterator[Issue]:
    yield from common.enough_zones(cloud, 2, consequence="EKS would not make the cluster")
    if len(cloud.zones) > _MOST_ZONES:
        yield Issue(
            "cloud.zones",
            f"are more than {_MOST_ZONES}",
            ", ".join(cloud.zones),
            allowed=f"2 to {_MOST_ZONES} zones",
            consequence="the last zone's subnet would overlap the public subnets",
        )


def _administrators(cloud: AwsCloud) -> Iterator[Issue]:
    if not cloud.admins:
        yield Issue(
            "cloud.admins",
            "is empty: EKS gives no rights to whoever makes the cluster",
            allowed="ARNs of IAM roles or users; that which runs Pulumi must be among them",
            consequence="nobody could administer the cluster, nor build anything in it",
        )
    yield from common.written(
        common.administrators(cloud),
        _PRINCIPAL,
        problem="is not an IAM role or user",
        allowed="arn:aws:iam::111122223333:role/NAME or …:user/NAME; not an STS session of a role",
        consequence="EKS would refuse the access entry",
    )


def _network(center: Center) -> Iterator[Issue]:
    yield from common.sized(
        center, common.NODES, smallest=_SMALLEST_NETWORK, consequence="it could not be cut into subnets"
    )
    yield from common.within(
        center,
        common.NODES,
        (*_PRIVATE, _SHARED),
        consequence="whoever has these addresses on the internet could not be reached",
    )
    yield from common.sized(
        center,
        common.SERVICES,
        smallest=_SMALLEST_SERVICES,
        largest=_LARGEST_SERVICES,
        consequence="EKS would not make the cluster",
    )
    yield from common.within(center, common.SERVICES, _PRIVATE, consequence="EKS would not make the cluster")

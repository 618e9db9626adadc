"""The VPC: private subnets for nodes and pods in every zone, and public ones that hold nothing but NAT gateways.

Pods have addresses of their node's subnet, in prefixes of sixteen. A range of their own needs a second interface on
the first network card, which EFA takes on the largest machines. So `network.podCidr` is not used.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2

from infra.clouds.aws.scope import Scope
from infra.clouds.public import zone_subnets

_EVERYWHERE = "0.0.0.0/0"
_PRIVATE, _PUBLIC = "subnet", "public"


@dataclass(frozen=True)
class NetworkOut:
    """The network, for everything that is in it."""

    vpc: ec2.Vpc
    account: pulumi.Output[str]
    """The AWS account, as its VPC says."""
    subnets: Mapping[str, ec2.Subnet]
    """Private ones, by zone."""
    route_tables: Mapping[str, ec2.RouteTable]
    """Of the private subnets, by zone."""
    way_out: tuple[pulumi.Resource, ...]
    """What nodes need to fetch their software."""


def build(scope: Scope) -> NetworkOut:
    """Register the network."""
    cidr = scope.plan.network.node_cidr
    vpc = ec2.Vpc(
        "network",
        cidr_block=cidr,
        enable_dns_support=True,
        enable_dns_hostnames=True,
        tags=scope.named(),
        opts=scope.options(),
    )
    # Without rules: what names no group of its own reaches nothing.
    ec2.DefaultSecurityGroup("default", vpc_id=vpc.id, tags=scope.named("default"), opts=scope.options())
    gateways = _nat_gateways(scope, vpc)
    subnets, tables, ways = {}, {}, []
    for zone, subnet_cidr in zone_subnets(cidr, scope.cloud.zones).items():
        subnets[zone] = _subnet(scope, vpc, _PRIVATE, zone, subnet_cidr)
        tables[zone] = _route_table(scope, vpc, f"{_PRIVATE}-{zone}", subnets[zone])
        ways.append(
            ec2.Route(
                f"{_PRIVATE}-{zone}",
                route_table_id=tables[zone].id,
                destination_cidr_block=_EVERYWHERE,
                nat_gateway_id=gateways[zone].id,
                opts=scope.options(),
            )
        )
    return NetworkOut(vpc, vpc.owner_id, subnets, tables, tuple(ways))


def _nat_gateways(scope: Scope, vpc: ec2.Vpc) -> dict[str, ec2.NatGateway]:
    """One per zone, so that the loss of a zone cuts off no other, and traffic out pays no way between zones."""
    internet = ec2.InternetGateway("internet", vpc_id=vpc.id, tags=scope.named(), opts=scope.options())
    # The last eighth: no region has more than six zones, so the private subnets leave it free.
    *_, rest = ipaddress.ip_network(scope.plan.network.node_cidr).subnets(prefixlen_diff=3)
    gateways = {}
    for zone, cidr in zone_subnets(str(rest), scope.cloud.zones).items():
        subnet = _subnet(scope, vpc, _PUBLIC, zone, cidr)
        table = _route_table(scope, vpc, f"{_PUBLIC}-{zone}", subnet)
        route = ec2.Route(
            f"{_PUBLIC}-{zone}",
            route_table_id=table.id,
            destination_cidr_block=_EVERYWHERE,
            gateway_id=internet.id,
            opts=scope.options(),
        )
        address = ec2.Eip(f"nat-{zone}", domain="vpc", tags=scope.named("nat", zone), opts=scope.options(internet))
        gateways[zone] = ec2.NatGateway(
            f"nat-{zone}",
            subnet_id=subnet.id,
            allocation_id=address.allocation_id,
            tags=scope.named("nat", zone),
            opts=scope.options(route),
        )
    return gateways


def _subnet(scope: Scope, vpc: ec2.Vpc, role: str, zone: str, cidr: str) -> ec2.Subnet:
    # Untagged public subnets: the cluster can make no load balancer that faces the internet.
    balancers = {"kubernetes.io/role/internal-elb": "1"} if role == _PRIVATE else {}
    return ec2.Subnet(
        f"{role}-{zone}",
        vpc_id=vpc.id,
        availability_zone=zone,
        cidr_block=cidr,
        map_public_ip_on_launch=False,
        tags=scope.named(role, zone) | balancers,
        opts=scope.options(),
    )


def _route_table(scope: Scope, vpc: ec2.Vpc, role: str, subnet: ec2.Subnet) -> ec2.RouteTable:
    table = ec2.RouteTable(role, vpc_id=vpc.id, tags=scope.named(role), opts=scope.options())
    ec2.RouteTableAssociation(role, route_table_id=table.id, subnet_id=subnet.id, opts=scope.options())
    return table

"""The VPC: a vSwitch for nodes and one for pods in every zone, and one way out for all of them, through NAT.

Nothing in it has a public address but the NAT gateway and, where addresses are declared, the API server's endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_alicloud import ecs, vpc

from infra.clouds.alicloud.scope import Scope
from infra.clouds.public import zone_subnets

_EGRESS_MBPS = "200"
"""The most that an address paid by traffic may have."""


@dataclass(frozen=True)
class NetworkOut:
    """The network, for everything that is in it."""

    vpc_id: pulumi.Output[str]
    nodes: Mapping[str, pulumi.Output[str]]
    """vSwitches of nodes, by zone."""
    pods: Mapping[str, pulumi.Output[str]]
    """vSwitches of pods, by zone."""
    way_out: tuple[pulumi.Resource, ...]
    """What nodes need to fetch their software."""


def build(scope: Scope) -> NetworkOut:
    """Register the network."""
    plan = scope.plan
    network = vpc.Network(
        "network",
        vpc_name=scope.name(),
        cidr_block=plan.network.node_cidr,
        tags=scope.tags(),
        opts=scope.options(),
    )
    pod_range = vpc.Ipv4CidrBlock(
        "pod-range", vpc_id=network.id, secondary_cidr_block=plan.network.pod_cidr, opts=scope.options()
    )
    nodes = _switches(scope, "subnet", network, plan.network.node_cidr)
    pods = _switches(scope, "pod-subnet", network, plan.network.pod_cidr, pod_range)
    return NetworkOut(
        vpc_id=network.id,
        nodes={zone: switch.id for zone, switch in nodes.items()},
        pods={zone: switch.id for zone, switch in pods.items()},
        way_out=_way_out(scope, network, nodes, pods),
    )


def _switches(
    scope: Scope, role: str, network: vpc.Network, cidr: str, *after: pulumi.Resource
) -> dict[str, vpc.Switch]:
    return {
        zone: vpc.Switch(
            f"{role}-{zone}",
            vswitch_name=scope.name(role, zone),
            vpc_id=network.id,
            zone_id=zone,
            cidr_block=subnet,
            tags=scope.tags(),
            opts=scope.options(*after),
        )
        for zone, subnet in zone_subnets(cidr, scope.cloud.zones).items()
    }


def _way_out(
    scope: Scope, network: vpc.Network, nodes: Mapping[str, vpc.Switch], pods: Mapping[str, vpc.Switch]
) -> tuple[pulumi.Resource, ...]:
    gateway = vpc.NatGateway(
        "nat",
        nat_gateway_name=scope.name("nat"),
        vpc_id=network.id,
        vswitch_id=nodes[scope.cloud.zones[0]].id,
        nat_type="Enhanced",
        availability_mode="CrossAZ",
        network_type="internet",
        payment_type="PayAsYouGo",
        internet_charge_type="PayByLcu",
        deletion_protection=scope.cloud.deletion_protection,
        tags=scope.tags(),
        opts=scope.options(),
    )
    address = ecs.EipAddress(
        "nat",
        address_name=scope.name("nat"),
        payment_type="PayAsYouGo",
        internet_charge_type="PayByTraffic",
        bandwidth=_EGRESS_MBPS,
        # Others' firewalls know the centre by it.
        deletion_protection=scope.cloud.deletion_protection,
        tags=scope.tags(),
        opts=scope.options(),
    )
    bound = ecs.EipAssociation(
        "nat", allocation_id=address.id, instance_id=gateway.id, instance_type="Nat", opts=scope.options()
    )
    return tuple(
        vpc.SnatEntry(
            f"snat-{role}-{zone}",
            snat_entry_name=scope.name(role, zone),
            snat_table_id=gateway.snat_table_ids,
            source_vswitch_id=switch.id,
            snat_ip=address.ip_address,
            opts=scope.options(bound),
        )
        for role, switches in (("nodes", nodes), ("pods", pods))
        for zone, switch in switches.items()
    )

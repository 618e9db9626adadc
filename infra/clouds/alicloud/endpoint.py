"""Where the API server is reached: a load balancer inside the VPC, and a public one only for declared addresses.

ACK's own load balancer, a CLB, is not used: its listener's access control list is out of the provider's reach,
and a list on it would hold for the nodes as well. An NLB takes a security group instead.
"""

from __future__ import annotations

import ipaddress

import pulumi
from pulumi_alicloud import cs, ecs, nlb

from infra.clouds.alicloud.network import NetworkOut
from infra.clouds.alicloud.scope import Scope

_API_SERVER_PORT = "6443/6443"


def build(scope: Scope, network: NetworkOut) -> cs.ManagedKubernetesControlPlaneEndpointsConfigArgs:
    """Register the load balancers; the cluster makes the listeners."""
    endpoints = {"private": _balancer(scope, network, "private", [])}
    if scope.cloud.api_access:
        endpoints["public"] = _balancer(scope, network, "public", [_allow_list(scope, network)])
    return cs.ManagedKubernetesControlPlaneEndpointsConfigArgs(
        load_balancers_configs=[
            cs.ManagedKubernetesControlPlaneEndpointsConfigLoadBalancersConfigArgs(
                load_balancer_id=balancer.id, endpoint_type=kind
            )
            for kind, balancer in endpoints.items()
        ]
    )


def _balancer(
    scope: Scope, network: NetworkOut, kind: str, security_groups: list[pulumi.Output[str]]
) -> nlb.LoadBalancer:
    return nlb.LoadBalancer(
        f"api-{kind}",
        load_balancer_name=scope.name("api", kind),
        load_balancer_type="Network",
        address_type="Internet" if kind == "public" else "Intranet",
        address_ip_version="ipv4",
        vpc_id=network.vpc_id,
        zone_mappings=[
            nlb.LoadBalancerZoneMappingArgs(zone_id=zone, vswitch_id=network.nodes[zone]) for zone in scope.pair
        ],
        security_group_ids=security_groups or None,
        cross_zone_enabled=True,
        deletion_protection_enabled=scope.cloud.deletion_protection,
        tags=scope.tags(),
        opts=scope.options(),
    )


def _allow_list(scope: Scope, network: NetworkOut) -> pulumi.Output[str]:
    """A group that lets the declared addresses in, and nobody else."""
    group = ecs.SecurityGroup(
        "api-public",
        security_group_name=scope.name("api-public"),
        description="Who may reach the API server from outside.",
        security_group_type="normal",
        inner_access_policy="Drop",
        vpc_id=network.vpc_id,
        tags=scope.tags(),
        opts=scope.options(),
    )
    for cidr in scope.cloud.api_access:
        version = ipaddress.ip_network(cidr).version
        ecs.SecurityGroupRule(
            f"api-public-{cidr}",
            security_group_id=group.id,
            type="ingress",
            policy="accept",
            ip_protocol="tcp",
            port_range=_API_SERVER_PORT,
            nic_type="intranet",
            cidr_ip=cidr if version == 4 else None,
            ipv6_cidr_ip=cidr if version == 6 else None,
            opts=scope.options(),
        )
    return pulumi.Output.from_input(group.id)

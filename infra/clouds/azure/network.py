"""The network: subnets for nodes, API server, private endpoints and Lustre, one way out, and names that stay inside.

Pods have addresses of their own (Azure CNI Overlay), so only nodes have one here. Azure's subnets span zones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_azure_native import network, privatedns

from infra.clouds.azure.scope import Scope
from infra.clouds.public import zone_subnets

SUBNETS = ("nodes", "api", "endpoints", "parallel")
"""An eighth of the network's range for each, by its place. Append, never reorder."""
_REACHING_OUT = ("nodes", "parallel")
"""Lustre reports to Azure's own queues and reads its key over public addresses."""
_API_SERVER = "Microsoft.ContainerService/managedClusters"
_OUTBOUND_ADDRESSES = 30
"""Prefix length: four addresses, each with 64,000 ports, for others to allow."""

Service = Literal["blob", "file", "registry", "vault"]
_ZONES: dict[Service, str] = {
    "blob": "privatelink.blob.core.windows.net",
    "file": "privatelink.file.core.windows.net",
    "registry": "privatelink.azurecr.io",
    "vault": "privatelink.vaultcore.azure.net",
}
"""https://learn.microsoft.com/en-us/azure/private-link/private-endpoint-dns"""


@dataclass(frozen=True)
class NetworkOut:
    """The network, for what is built in it."""

    id: pulumi.Output[str]
    subnets: Mapping[str, pulumi.Output[str]]
    zones: Mapping[Service, privatedns.PrivateZone]
    """Private DNS zones."""


def build(scope: Scope) -> NetworkOut:
    """Register the network."""
    made = network.VirtualNetwork(
        "network",
        resource_group_name=scope.group,
        virtual_network_name=scope.name(),
        location=scope.cloud.region,
        address_space=network.AddressSpaceArgs(address_prefixes=[scope.plan.network.node_cidr]),
        tags=scope.tags(),
        # Subnets are resources of their own; this one's list of them would take them away again.
        opts=pulumi.ResourceOptions.merge(scope.options(), pulumi.ResourceOptions(ignore_changes=["subnets"])),
    )
    subnets = _subnets(scope, made, _rules(scope), _way_out(scope))
    return NetworkOut(
        id=made.id,
        subnets={name: subnet.id for name, subnet in subnets.items()},
        zones={service: _zone(scope, service, made) for service in _ZONES},
    )


def _subnets(
    scope: Scope, made: network.VirtualNetwork, rules: network.NetworkSecurityGroup, way_out: network.NatGateway
) -> Mapping[str, network.Subnet]:
    policies = network.VirtualNetworkPrivateEndpointNetworkPolicies.NETWORK_SECURITY_GROUP_ENABLED
    subnets: dict[str, network.Subnet] = {}
    for name, cidr in zone_subnets(scope.plan.network.node_cidr, SUBNETS).items():
        to_api_server = network.DelegationArgs(name="api-server", service_name=_API_SERVER)
        subnets[name] = network.Subnet(
            f"subnet-{name}",
            resource_group_name=scope.group,
            virtual_network_name=made.name,
            subnet_name=name,
            address_prefix=cidr,
            network_security_group=network.NetworkSecurityGroupArgs(id=rules.id),
            nat_gateway=network.SubResourceArgs(id=way_out.id) if name in _REACHING_OUT else None,
            default_outbound_access=False,
            delegations=[to_api_server] if name == "api" else None,
            private_endpoint_network_policies=policies,
            # Azure changes one subnet of a network at a time.
            opts=scope.options(*list(subnets.values())[-1:]),
        )
    return subnets


def _rules(scope: Scope) -> network.NetworkSecurityGroup:
    """Azure's own rules let the network and its load balancers in; pods' addresses are of neither."""
    inside = [scope.plan.network.node_cidr, scope.plan.network.pod_cidr]
    return network.NetworkSecurityGroup(
        "rules",
        resource_group_name=scope.group,
        network_security_group_name=scope.name(),
        location=scope.cloud.region,
        security_rules=[
            network.SecurityRuleArgs(
                name="inside",
                description="Nodes and pods among each other; network policies say which pods.",
                priority=100,
                direction=network.SecurityRuleDirection.INBOUND,
                access=network.SecurityRuleAccess.ALLOW,
                protocol=network.SecurityRuleProtocol.ASTERISK,
                source_address_prefixes=inside,
                source_port_range="*",
                destination_address_prefixes=inside,
                destination_port_range="*",
            ),
            network.SecurityRuleArgs(
                name="internet",
                description="Nothing comes in from outside, also where a later rule is careless.",
                priority=4096,
                direction=network.SecurityRuleDirection.INBOUND,
                access=network.SecurityRuleAccess.DENY,
                protocol=network.SecurityRuleProtocol.ASTERISK,
                source_address_prefix="Internet",
                source_port_range="*",
                destination_address_prefix="*",
                destination_port_range="*",
            ),
        ],
        tags=scope.tags(),
        opts=scope.options(),
    )


def _way_out(scope: Scope) -> network.NatGateway:
    addresses = network.PublicIPPrefix(
        "outbound-addresses",
        resource_group_name=scope.group,
        public_ip_prefix_name=scope.name(),
        location=scope.cloud.region,
        prefix_length=_OUTBOUND_ADDRESSES,
        sku=network.PublicIPPrefixSkuArgs(name=network.PublicIPPrefixSkuName.STANDARD),
        tags=scope.tags(),
        opts=scope.options(),
    )
    return network.NatGateway(
        "way-out",
        resource_group_name=scope.group,
        nat_gateway_name=scope.name(),
        location=scope.cloud.region,
        sku=network.NatGatewaySkuArgs(name=network.NatGatewaySkuName.STANDARD),
        public_ip_prefixes=[network.SubResourceArgs(id=addresses.id)],
        tags=scope.tags(),
        opts=scope.options(),
    )


def _zone(scope: Scope, service: Service, made: network.VirtualNetwork) -> privatedns.PrivateZone:
    zone = privatedns.PrivateZone(
        f"zone-{service}",
        resource_group_name=scope.group,
        private_zone_name=_ZONES[service],
        location="global",
        tags=scope.tags(),
        opts=scope.options(),
    )
    privatedns.VirtualNetworkLink(
        f"zone-{service}",
        resource_group_name=scope.group,
        private_zone_name=zone.name,
        virtual_network_link_name=scope.name(),
        location="global",
        virtual_network=privatedns.SubResourceArgs(id=made.id),
        registration_enabled=False,
        tags=scope.tags(),
        opts=scope.options(),
    )
    return zone


def private_endpoint(
    scope: Scope, networked: NetworkOut, role: str, of: pulumi.CustomResource, service: Service
) -> None:
    """An address inside the network for a service outside it, under the service's usual name."""
    endpoint = network.PrivateEndpoint(
        f"endpoint-{role}",
        resource_group_name=scope.group,
        private_endpoint_name=scope.name(role),
        location=scope.cloud.region,
        subnet=network.SubnetArgs(id=networked.subnets["endpoints"]),
        private_link_service_connections=[
            network.PrivateLinkServiceConnectionArgs(name=role, private_link_service_id=of.id, group_ids=[service])
        ],
        tags=scope.tags(),
        opts=scope.options(),
    )
    network.PrivateDnsZoneGroup(
        f"endpoint-{role}",
        resource_group_name=scope.group,
        private_endpoint_name=endpoint.name,
        private_dns_zone_group_name="default",
        private_dns_zone_configs=[
            network.PrivateDnsZoneConfigArgs(name=service, private_dns_zone_id=networked.zones[service].id)
        ],
        opts=scope.options(),
    )

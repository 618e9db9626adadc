"""The centre's network: nothing in it has a public address, and what goes out goes through Cloud NAT."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import pulumi
from pulumi_gcp import compute, servicenetworking

from infra.clouds.gcp.naming import labels
from infra.clouds.gcp.project import ProjectOut
from infra.clouds.public import declared, tags
from infra.config.clouds import GcpCloud
from infra.plan import CenterPlan

PODS, SERVICES = "pods", "services"
"""Names of the subnetwork's secondary ranges."""

_LARGEST_MTU = 8896
_LUSTRE_PORT = "988"


@dataclass(frozen=True)
class NetworkOut:
    """The network, as the cluster and the file systems need it."""

    network_id: pulumi.Output[str]
    subnetwork_id: pulumi.Output[str]
    peered: pulumi.Output[str] | None
    """The network's id, known once Google's file services reach it; None where the centre has none."""


def build(plan: CenterPlan, project: ProjectOut) -> NetworkOut:
    """A network in custom mode with one subnetwork, which spans the region's zones, and its way out."""
    cloud = declared(plan, GcpCloud)
    id_ = project.ids["compute"]
    nodes, proxies, producers = _ranges(plan)
    # The largest frames: accelerators exchange gradients and files come in bulk.
    network = compute.Network(
        "network",
        project=id_,
        name=plan.name,
        auto_create_subnetworks=False,
        routing_mode="REGIONAL",
        mtu=_LARGEST_MTU,
    )
    subnetwork = compute.Subnetwork(
        "subnet-nodes",
        project=id_,
        region=cloud.region,
        name=f"{plan.name}-nodes",
        network=network.id,
        ip_cidr_range=nodes,
        secondary_ip_ranges=[
            compute.SubnetworkSecondaryIpRangeArgs(range_name=PODS, ip_cidr_range=plan.network.pod_cidr),
            compute.SubnetworkSecondaryIpRangeArgs(range_name=SERVICES, ip_cidr_range=plan.network.service_cidr),
        ],
        private_ip_google_access=True,
        log_config=compute.SubnetworkLogConfigArgs(
            aggregation_interval="INTERVAL_1_MIN", flow_sampling=0.1, metadata="INCLUDE_ALL_METADATA"
        ),
    )
    # Where the Gateway API's internal load balancers live.
    compute.Subnetwork(
        "subnet-proxies",
        project=id_,
        region=cloud.region,
        name=f"{plan.name}-proxies",
        network=network.id,
        ip_cidr_range=proxies,
        purpose="REGIONAL_MANAGED_PROXY",
        role="ACTIVE",
    )
    _way_out(plan, id_, network, subnetwork)
    return NetworkOut(network.id, subnetwork.id, _peering(plan, project, network, producers))


def _ranges(plan: CenterPlan) -> tuple[str, str, str]:
    """Eighths of the nodes' range: for nodes, proxies and Google's side of the file services; five stay free."""
    nodes, proxies, producers, *_ = ipaddress.ip_network(plan.network.node_cidr).subnets(prefixlen_diff=3)
    return str(nodes), str(proxies), str(producers)


def _way_out(
    plan: CenterPlan, project: pulumi.Output[str], network: compute.Network, subnetwork: compute.Subnetwork
) -> None:
    region = declared(plan, GcpCloud).region
    router = compute.Router("router", project=project, region=region, name=plan.name, network=network.id)
    compute.RouterNat(
        "nat",
        project=project,
        region=region,
        router=router.name,
        name=plan.name,
        nat_ip_allocate_option="AUTO_ONLY",
        source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
        subnetworks=[compute.RouterNatSubnetworkArgs(name=subnetwork.id, source_ip_ranges_to_nats=["ALL_IP_RANGES"])],
        # A node that pulls a model opens thousands of connections, and most nodes none; the two exclude each other.
        enable_dynamic_port_allocation=True,
        enable_endpoint_independent_mapping=False,
        min_ports_per_vm=64,
        max_ports_per_vm=8192,
        log_config=compute.RouterNatLogConfigArgs(enable=True, filter="ERRORS_ONLY"),
    )


def _peering(
    plan: CenterPlan, project: ProjectOut, network: compute.Network, producers: str
) -> pulumi.Output[str] | None:
    if "servicenetworking" not in project.ids:
        return None
    whole = ipaddress.ip_network(producers)
    reserved = compute.GlobalAddress(
        "range-producers",
        project=project.ids["servicenetworking"],
        name=f"{plan.name}-producers",
        network=network.id,
        address_type="INTERNAL",
        purpose="VPC_PEERING",
        address=str(whole.network_address),
        prefix_length=whole.prefixlen,
        labels=labels(tags(plan)),
    )
    connection = servicenetworking.Connection(
        "peering",
        network=network.id,
        service="servicenetworking.googleapis.com",
        reserved_peering_ranges=[reserved.name],
    )
    if "lustre" in project.ids:
        compute.Firewall(
            "firewall-lustre",
            project=project.ids["compute"],
            name=f"{plan.name}-lustre",
            network=network.id,
            direction="INGRESS",
            source_ranges=[producers],
            allows=[compute.FirewallAllowArgs(protocol="tcp", ports=[_LUSTRE_PORT])],
        )
    return pulumi.Output.from_input(connection.network)

"""Ways from the VPC to AWS' own services that do not leave its network: what nodes and pods talk to all the time."""

from __future__ import annotations

from pulumi_aws import ec2, vpc

from infra.clouds.aws.network import NetworkOut
from infra.clouds.aws.scope import Scope

_SERVICES = ("ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "secretsmanager", "sts")
"""Each is paid by the hour and zone: those that nodes need to join, and that give pods their rights and secrets."""


def build(scope: Scope, network: NetworkOut) -> None:
    """Register the endpoints."""
    # Free, and images come from S3 as well.
    ec2.VpcEndpoint(
        "endpoint-s3",
        vpc_id=network.vpc.id,
        vpc_endpoint_type="Gateway",
        service_name=f"com.amazonaws.{scope.region}.s3",
        route_table_ids=[table.id for table in network.route_tables.values()],
        tags=scope.named("s3"),
        opts=scope.options(),
    )
    group = _security_group(scope, network)
    for service in _SERVICES:
        ec2.VpcEndpoint(
            f"endpoint-{service}",
            vpc_id=network.vpc.id,
            vpc_endpoint_type="Interface",
            service_name=f"com.amazonaws.{scope.region}.{service}",
            subnet_ids=[subnet.id for subnet in network.subnets.values()],
            security_group_ids=[group.id],
            private_dns_enabled=True,
            tags=scope.named(service),
            opts=scope.options(),
        )


def _security_group(scope: Scope, network: NetworkOut) -> ec2.SecurityGroup:
    group = ec2.SecurityGroup(
        "endpoints",
        name=scope.name("endpoints"),
        description="Interface endpoints of AWS services.",
        vpc_id=network.vpc.id,
        tags=scope.named("endpoints"),
        opts=scope.options(),
    )
    vpc.SecurityGroupIngressRule(
        "endpoints",
        security_group_id=group.id,
        description="HTTPS from the VPC",
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        cidr_ipv4=scope.plan.network.node_cidr,
        tags=scope.tags(),
        opts=scope.options(),
    )
    return group

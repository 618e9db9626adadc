"""What is written down: the cluster's control plane, audit log included, and every flow through the VPC."""

from __future__ import annotations

import pulumi
from pulumi_aws import cloudwatch, ec2

from infra.clouds.aws.documents import allow
from infra.clouds.aws.keys import KeyRing
from infra.clouds.aws.network import NetworkOut
from infra.clouds.aws.roles import service_role
from infra.clouds.aws.scope import Scope

_AUDIT_DAYS = 365
_FLOW_DAYS = 90
_FLOW_SECONDS = 600


def audit(scope: Scope, keys: KeyRing) -> cloudwatch.LogGroup:
    """The group that EKS writes to; made first, or EKS would make it, unencrypted and for ever."""
    return _group(scope, keys, "audit", f"/aws/eks/{scope.name()}/cluster", _AUDIT_DAYS)


def flows(scope: Scope, network: NetworkOut, keys: KeyRing) -> None:
    """Record who talked to whom."""
    group = _group(scope, keys, "flows", f"/aws/vpc/{scope.name()}/flows", _FLOW_DAYS)
    role = service_role(
        scope,
        "flows",
        "vpc-flow-logs.amazonaws.com",
        own=[
            allow(
                ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                [pulumi.Output.format("{}:*", group.arn)],
            )
        ],
    )
    ec2.FlowLog(
        "flows",
        vpc_id=network.vpc.id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        max_aggregation_interval=_FLOW_SECONDS,
        tags=scope.named("flows"),
        opts=scope.options(*role.ready),
    )


def _group(scope: Scope, keys: KeyRing, role: str, name: str, days: int) -> cloudwatch.LogGroup:
    return cloudwatch.LogGroup(
        f"logs-{role}",  # CRITICAL: stateful
        name=name,
        kms_key_id=keys.logs.arn,
        retention_in_days=days,
        deletion_protection_enabled=scope.cloud.deletion_protection,
        tags=scope.tags(),
        opts=scope.stateful(),
    )

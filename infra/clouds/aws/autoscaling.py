"""The rights of the cluster autoscaler: to see node groups, and to set the size of those that may scale.

It makes no autoscaler: that is an operator in the cluster, which runs as the service account that is named here.
"""

from __future__ import annotations

import pulumi
from pulumi_aws import eks

from infra.clouds.aws.cluster import ClusterParts
from infra.clouds.aws.documents import Statement, allow
from infra.clouds.aws.network import NetworkOut
from infra.clouds.aws.node_pools import PoolsOut
from infra.clouds.aws.roles import associate, pod_role
from infra.clouds.aws.scope import Scope

NAMESPACE, SERVICE_ACCOUNT = "kube-system", "cluster-autoscaler"
_SEES = (
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeAutoScalingInstances",
    "autoscaling:DescribeLaunchConfigurations",
    "autoscaling:DescribeScalingActivities",
    "autoscaling:DescribeTags",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:GetInstanceTypesFromInstanceRequirements",
)
"""These take no resource: IAM knows them for the account only."""
_SETS = ("autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup")


def build(scope: Scope, network: NetworkOut, parts: ClusterParts, pools: PoolsOut) -> None:
    """Register the role, where anything scales."""
    if not pools.scaling:
        return
    statements = [
        allow(_SEES, ["*"]),
        allow(["eks:DescribeNodegroup"], [group.arn for group in pools.scaling]),
        _sizes(scope, network, pools.scaling),
    ]
    role = pod_role(scope, SERVICE_ACCOUNT, parts.cluster, own=statements)
    associate(scope, parts.cluster, role, namespace=NAMESPACE, service_account=SERVICE_ACCOUNT)


def _sizes(scope: Scope, network: NetworkOut, groups: tuple[eks.NodeGroup, ...]) -> Statement:
    made = [group.resources[0].autoscaling_groups[0].name for group in groups]
    return allow(
        _SETS,
        [
            scope.arn(
                "autoscaling",
                network.account,
                pulumi.Output.concat("autoScalingGroup:*:autoScalingGroupName/", name),
            )
            for name in made
        ],
    )

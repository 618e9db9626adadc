"""EKS' own add-ons: the network and its policies, DNS, pods' rights, storage drivers, the health of nodes, metrics.

Each in the version that EKS marks as default for the cluster's Kubernetes: it stays there until somebody changes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_aws import eks

from infra.clouds.aws.cluster import ClusterParts
from infra.clouds.aws.documents import Statement, allow
from infra.clouds.aws.keys import KeyRing
from infra.clouds.aws.node_pools import PoolsOut
from infra.clouds.aws.roles import Role, pod_role
from infra.clouds.aws.scope import Scope

_PLAIN = ("coredns", "eks-node-monitoring-agent", "metrics-server")
"""Without rights in AWS."""
_EBS_POLICY, _EFS_POLICY = "service-role/AmazonEBSCSIDriverPolicyV2", "service-role/AmazonEFSCSIDriverPolicy"
_NETWORK = {
    # The add-on's schema wants text.
    "enableNetworkPolicy": "true",
    # Sixteen addresses at a time: all pods of a node on its first interface, which is all that EFA leaves.
    "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
}


def before_nodes(scope: Scope, parts: ClusterParts) -> tuple[pulumi.Resource, ...]:
    """Register what a node needs to become ready."""
    agent = _add_on(scope, parts, "eks-pod-identity-agent")
    role = pod_role(scope, "vpc-cni", parts.cluster, managed=["AmazonEKS_CNI_Policy"])
    network = _add_on(scope, parts, "vpc-cni", agent, configuration=_NETWORK, identity=("aws-node", role))
    return (agent, network, _add_on(scope, parts, "kube-proxy"))


def on_nodes(scope: Scope, parts: ClusterParts, keys: KeyRing, pools: PoolsOut) -> tuple[pulumi.Resource, ...]:
    """Register what has pods of its own, and is ready only when they are."""
    storage = scope.plan.storage
    disks = pod_role(scope, "ebs-csi", parts.cluster, managed=[_EBS_POLICY], own=_encrypted_disks(keys))
    made = [_add_on(scope, parts, name, pools.system) for name in _PLAIN]
    made.append(_add_on(scope, parts, "aws-ebs-csi-driver", pools.system, identity=("ebs-csi-controller-sa", disks)))
    if storage and storage.shared:
        role = pod_role(scope, "efs-csi", parts.cluster, managed=[_EFS_POLICY])
        made.append(_add_on(scope, parts, "aws-efs-csi-driver", pools.system, identity=("efs-csi-controller-sa", role)))
    if storage and storage.parallel:
        # Without rights: the file system exists, and volumes name it.
        made.append(_add_on(scope, parts, "aws-fsx-csi-driver", pools.system))
    return tuple(made)


def _add_on(
    scope: Scope,
    parts: ClusterParts,
    name: str,
    *after: pulumi.Resource,
    configuration: Mapping[str, Any] | None = None,
    identity: tuple[str, Role] | None = None,
) -> eks.Addon:
    """Register an add-on; `identity` is its service account and the role of that."""
    return eks.Addon(
        f"add-on-{name}",
        addon_name=name,
        cluster_name=parts.cluster.name,
        configuration_values=json.dumps(configuration) if configuration else None,
        pod_identity_associations=[
            eks.AddonPodIdentityAssociationArgs(service_account=identity[0], role_arn=identity[1].arn)
        ]
        if identity
        else None,
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        tags=scope.tags(),
        opts=scope.options(*after, *(identity[1].ready if identity else ())),
    )


def _encrypted_disks(keys: KeyRing) -> list[Statement]:
    """Volumes with the centre's key, which AWS' policy for the driver does not know."""
    return [
        allow(
            ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            [keys.disks.arn],
        ),
        allow(["kms:CreateGrant"], [keys.disks.arn], {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
    ]

"""The EKS cluster: private, with encrypted secrets, audited, and administered by the declared principals only.

Whoever made it is no administrator by that: they are declared, or have no access. EKS upgrades it by itself only when
the standard support of its version ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_aws import eks

from infra.clouds.aws import logs
from infra.clouds.aws.keys import KeyRing
from infra.clouds.aws.network import NetworkOut
from infra.clouds.aws.roles import service_role
from infra.clouds.aws.scope import PARTITION, Scope

_LOGGED = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_ADMIN_POLICY = f"arn:{PARTITION}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@dataclass(frozen=True)
class ClusterParts:
    """The cluster, for what is built in it."""

    cluster: eks.Cluster
    security_group: pulumi.Output[str]
    """The one that EKS makes for the control plane and the nodes."""
    kubeconfig: pulumi.Output[str]
    access: tuple[pulumi.Resource, ...]
    """What the declared administrators need to get in."""


def build(scope: Scope, network: NetworkOut, keys: KeyRing) -> ClusterParts:
    """Register the cluster and who may enter it."""
    role = service_role(scope, "cluster", "eks.amazonaws.com", managed=["AmazonEKSClusterPolicy"])
    cluster = eks.Cluster(
        "cluster",  # CRITICAL: stateful
        name=scope.name(),
        version=scope.plan.kubernetes_version,
        role_arn=role.arn,
        vpc_config=_endpoint(scope, network),
        kubernetes_network_config=eks.ClusterKubernetesNetworkConfigArgs(
            service_ipv4_cidr=scope.plan.network.service_cidr
        ),
        access_config=eks.ClusterAccessConfigArgs(
            authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False
        ),
        encryption_config=eks.ClusterEncryptionConfigArgs(
            provider=eks.ClusterEncryptionConfigProviderArgs(key_arn=keys.secrets.arn), resources=["secrets"]
        ),
        enabled_cluster_log_types=list(_LOGGED),
        # Each add-on is EKS' own, with its role and its settings.
        bootstrap_self_managed_addons=False,
        upgrade_policy=eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
        zonal_shift_config=eks.ClusterZonalShiftConfigArgs(enabled=True),
        deletion_protection=scope.cloud.deletion_protection,
        tags=scope.tags(),
        opts=scope.stateful(logs.audit(scope, keys), *role.ready, *network.way_out),
    )
    return ClusterParts(
        cluster=cluster,
        security_group=cluster.vpc_config.cluster_security_group_id,
        kubeconfig=pulumi.Output.secret(_kubeconfig(scope, cluster)),
        access=tuple(_administrator(scope, cluster, principal) for principal in scope.cloud.admins),
    )


def provider(parts: ClusterParts, *after: pulumi.Resource) -> kubernetes.Provider:
    """The provider of the layers; only another cluster replaces what they made."""
    return kubernetes.Provider(
        "cluster",
        kubeconfig=parts.kubeconfig,
        cluster_identifier=parts.cluster.arn,
        opts=pulumi.ResourceOptions(depends_on=[*parts.access, *after]),
    )


def _endpoint(scope: Scope, network: NetworkOut) -> eks.ClusterVpcConfigArgs:
    outside = list(scope.cloud.api_access)
    return eks.ClusterVpcConfigArgs(
        subnet_ids=[subnet.id for subnet in network.subnets.values()],
        endpoint_private_access=True,
        endpoint_public_access=bool(outside),
        public_access_cidrs=outside or None,
    )


def _administrator(scope: Scope, cluster: eks.Cluster, principal: str) -> pulumi.Resource:
    name = f"admin-{principal.rpartition('::')[2]}"
    entry = eks.AccessEntry(
        name,
        cluster_name=cluster.name,
        principal_arn=principal,
        type="STANDARD",
        tags=scope.tags(),
        opts=scope.options(),
    )
    association: pulumi.Resource = eks.AccessPolicyAssociation(
        name,
        cluster_name=cluster.name,
        principal_arn=entry.principal_arn,
        policy_arn=_ADMIN_POLICY,
        access_scope=eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
        opts=scope.options(),
    )
    return association


def _kubeconfig(scope: Scope, cluster: eks.Cluster) -> pulumi.Output[str]:
    """Without a credential: the AWS command line asks for a token, as whoever runs it."""
    name = scope.name()
    arguments = ["--region", scope.region, "eks", "get-token", "--cluster-name", name, "--output", "json"]
    token = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": arguments}
    server = {"server": cluster.endpoint, "certificate-authority-data": cluster.certificate_authority.data}
    return pulumi.Output.json_dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": server}],
            "users": [{"name": name, "user": {"exec": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )

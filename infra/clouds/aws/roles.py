"""IAM roles: of AWS' own services, and of pods by EKS Pod Identity, which needs neither keys nor annotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import eks, iam

from infra.clouds.aws.documents import Statement, document, trust
from infra.clouds.aws.scope import PARTITION, Scope

_ROLE_NAME_LIMIT = 64
_POD_IDENTITY = "pods.eks.amazonaws.com"


@dataclass(frozen=True)
class Role:
    """A role, for whoever takes it on."""

    arn: pulumi.Output[str]
    ready: tuple[pulumi.Resource, ...]
    """The role and its policies: what works with it is made after them, and goes before them."""


def service_role(
    scope: Scope, role: str, service: str, *, managed: Sequence[str] = (), own: Sequence[Statement] = ()
) -> Role:
    """A role that an AWS service takes on, with AWS' managed policies by name, and statements of its own."""
    return _role(scope, role, trust(service), managed, own)


def pod_role(
    scope: Scope, role: str, cluster: eks.Cluster, *, managed: Sequence[str] = (), own: Sequence[Statement] = ()
) -> Role:
    """A role that pods of this cluster take on, and of no other in the account."""
    actions, this_cluster = ("sts:AssumeRole", "sts:TagSession"), {"ArnEquals": {"aws:SourceArn": cluster.arn}}
    return _role(scope, role, trust(_POD_IDENTITY, actions, this_cluster), managed, own)


def associate(scope: Scope, cluster: eks.Cluster, role: Role, *, namespace: str, service_account: str) -> None:
    """Give a role to the pods of one service account."""
    eks.PodIdentityAssociation(
        f"{namespace}-{service_account}",
        cluster_name=cluster.name,
        namespace=namespace,
        service_account=service_account,
        role_arn=role.arn,
        tags=scope.tags(),
        opts=scope.options(*role.ready),
    )


def _role(scope: Scope, name: str, trusted: Statement, managed: Sequence[str], own: Sequence[Statement]) -> Role:
    role = iam.Role(
        f"role-{name}",
        # Roles belong to the account, not to the region.
        name=scope.name(scope.region, name, limit=_ROLE_NAME_LIMIT),
        assume_role_policy=document(trusted),
        tags=scope.tags(),
        opts=scope.options(),
    )
    below = pulumi.ResourceOptions(parent=role)
    policies: list[pulumi.Resource] = [
        iam.RolePolicyAttachment(
            f"role-{name}-{policy.rpartition('/')[2]}",
            role=role.name,
            policy_arn=f"arn:{PARTITION}:iam::aws:policy/{policy}",
            opts=below,
        )
        for policy in managed
    ]
    if own:
        policies.append(iam.RolePolicy(f"role-{name}", role=role.name, policy=document(*own), opts=below))
    return Role(role.arn, (role, *policies))

"""Who may do what: RAM roles that service accounts assume without keys (RRSA), and the cluster's administrators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_alicloud import cs, ram

from infra.clouds.alicloud.cluster import ClusterParts
from infra.clouds.alicloud.keys import KeyRing
from infra.clouds.alicloud.scope import Scope
from infra.clouds.alicloud.storage import Buckets
from infra.clouds.base import Identity
from infra.plan.model import WorkloadPlan

SECRET_READER = ("kube-system", "ack-secret-manager")
"""Namespace and service account of what reads the centre's secrets here, in place of external-secrets."""
_LONGEST_ROLE, _LONGEST_POLICY = 64, 128
_READ = ("oss:GetObject", "oss:ListObjects")
_WRITE = ("oss:PutObject", "oss:DeleteObject", "oss:AbortMultipartUpload", "oss:ListParts")

Statement = dict[str, object]


@dataclass(frozen=True)
class Identities:
    """The roles, by the plan's workload."""

    identities: Mapping[str, Identity]
    exports: Mapping[str, pulumi.Input[str]]


def build(scope: Scope, cluster: ClusterParts, keys: KeyRing, buckets: Buckets) -> Identities:
    """Register a role for each workload, and the administrators' permissions."""
    for admin in scope.cloud.admins:
        _administrator(scope, cluster, admin)
    roles = {workload.name: _role(scope, cluster, keys, buckets, workload) for workload in scope.plan.workloads}
    readers = [workload.name for workload in scope.plan.workloads if workload.reads_secrets]
    return Identities(
        identities={
            name: Identity(
                annotations={"pod-identity.alibabacloud.com/role-name": role.role_name},
                pod_labels={"pod-identity.alibabacloud.com/injection": "on"},
            )
            for name, role in roles.items()
        },
        exports={f"secretReader-{name}": roles[name].arn for name in readers},
    )


def _administrator(scope: Scope, cluster: ClusterParts, admin: str) -> None:
    """`role:ID` or `user:ID`: ACK tells RAM roles from users only when it is told."""
    kind, _, uid = admin.rpartition(":")
    cs.KubernetesPermission(
        f"admin-{uid}",
        uid=uid,
        permissions=[
            cs.KubernetesPermissionPermissionArgs(
                cluster=cluster.id, role_type="cluster", role_name="admin", is_ram_role=kind == "role"
            )
        ],
        opts=scope.options(),
    )


def _role(scope: Scope, cluster: ClusterParts, keys: KeyRing, buckets: Buckets, workload: WorkloadPlan) -> ram.Role:
    namespace, account = SECRET_READER if workload.reads_secrets else (workload.namespace, workload.service_account)
    role = ram.Role(
        f"workload-{workload.name}",
        role_name=scope.name(workload.name, limit=_LONGEST_ROLE),
        description=f"Service account {account} in {namespace}.",
        assume_role_policy_document=trust(
            cluster.oidc_provider_arn, cluster.oidc_issuer, f"system:serviceaccount:{namespace}:{account}"
        ),
        max_session_duration=3600,
        tags=scope.tags(workload=workload.name),
        opts=scope.options(),
    )
    # Two policies, so that a plan shows the data that a role reaches before the keys have ids.
    _grant(scope, role, workload.name, _data(scope, buckets, workload))
    _grant(scope, role, f"{workload.name}-keys", _keys(keys, workload))
    return role


def _grant(scope: Scope, role: ram.Role, name: str, statements: list[Statement]) -> None:
    policy = ram.Policy(
        f"workload-{name}",
        policy_name=scope.name(name, limit=_LONGEST_POLICY),
        policy_document=pulumi.Output.json_dumps({"Version": "1", "Statement": statements}),
        rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
        tags=scope.tags(),
        opts=scope.options(),
    )
    ram.RolePolicyAttachment(
        f"workload-{name}",
        role_name=role.role_name,
        policy_name=policy.policy_name,
        policy_type="Custom",
        opts=scope.options(),
    )


def trust(provider: pulumi.Input[str], issuer: pulumi.Input[str], subject: str) -> pulumi.Output[str]:
    """A role's trust policy: tokens of this cluster, for this service account, and no others."""
    condition = {"oidc:iss": [issuer], "oidc:aud": ["sts.aliyuncs.com"], "oidc:sub": [subject]}
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Federated": [provider]},
        "Condition": {"StringEquals": condition},
    }
    return pulumi.Output.json_dumps({"Version": "1", "Statement": [statement]})


def _data(scope: Scope, buckets: Buckets, workload: WorkloadPlan) -> list[Statement]:
    statements = []
    if readable := (*workload.reads, *workload.writes):
        statements.append(_allow(_READ, _arns(buckets, readable)))
    if workload.writes:
        statements.append(_allow(_WRITE, _arns(buckets, workload.writes)))
    if workload.reads_secrets:
        own = f"acs:kms:{scope.cloud.region}:*:secret/{scope.plan.name}/*"
        statements.append(_allow(("kms:GetSecretValue",), [own]))
    return statements


def _keys(keys: KeyRing, workload: WorkloadPlan) -> list[Statement]:
    statements = []
    if workload.reads or workload.writes:
        statements.append(_allow(("kms:Decrypt",), [keys.storage.arn]))
    if workload.writes:
        statements.append(_allow(("kms:GenerateDataKey",), [keys.storage.arn]))
    if workload.reads_secrets:
        statements.append(_allow(("kms:Decrypt",), [keys.secrets.arn]))
    return statements


def _allow(actions: tuple[str, ...], resources: list[pulumi.Input[str]]) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resources}


def _arns(buckets: Buckets, roles: tuple[str, ...]) -> list[pulumi.Input[str]]:
    return [
        pulumi.Output.format(form, buckets.names[role])
        for role in roles
        for form in ("acs:oss:*:*:{0}", "acs:oss:*:*:{0}/*")
    ]

"""The rights of the plan's workloads: a role for each service account, over exact buckets and the centre's secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pulumi

from infra.clouds.aws.cluster import ClusterParts
from infra.clouds.aws.documents import Statement, allow
from infra.clouds.aws.keys import KeyRing
from infra.clouds.aws.network import NetworkOut
from infra.clouds.aws.roles import associate, pod_role
from infra.clouds.aws.scope import Scope
from infra.clouds.aws.storage import StorageOut
from infra.clouds.base import Identity
from infra.plan.model import WorkloadPlan

_LIST = ("s3:GetBucketLocation", "s3:ListBucket")
_READ = ("s3:GetObject",)
_WRITE = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject")


def build(
    scope: Scope, network: NetworkOut, keys: KeyRing, parts: ClusterParts, storage: StorageOut
) -> dict[str, Identity]:
    """Register a role for each workload; pods need nothing but their service account."""
    for workload in scope.plan.workloads:
        own = [*_buckets(scope, keys, storage, workload), *_secrets(scope, network, keys, workload)]
        role = pod_role(scope, workload.name, parts.cluster, own=own)
        associate(scope, parts.cluster, role, namespace=workload.namespace, service_account=workload.service_account)
    return {workload.name: Identity() for workload in scope.plan.workloads}


def _buckets(scope: Scope, keys: KeyRing, storage: StorageOut, workload: WorkloadPlan) -> Iterator[Statement]:
    every = [*workload.reads, *workload.writes]
    if not every:
        return
    yield allow(_LIST, _arns(storage.arns, every))
    if workload.reads:
        yield allow(_READ, _arns(storage.arns, workload.reads, "/*"))
    if workload.writes:
        yield allow(_WRITE, _arns(storage.arns, workload.writes, "/*"))
    yield _use_key(
        scope, keys.storage.arn, "s3", ["kms:Decrypt", *(["kms:GenerateDataKey"] if workload.writes else [])]
    )


def _secrets(scope: Scope, network: NetworkOut, keys: KeyRing, workload: WorkloadPlan) -> Iterator[Statement]:
    """Those whose names begin with the centre's and a slash."""
    if not workload.reads_secrets:
        return
    own = scope.arn("secretsmanager", network.account, f"secret:{scope.plan.name}/*")
    yield allow(["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], [own])
    yield _use_key(scope, keys.secrets.arn, "secretsmanager", ["kms:Decrypt"])


def _use_key(scope: Scope, key_arn: pulumi.Output[str], service: str, actions: Sequence[str]) -> Statement:
    """A key through one service only."""
    through = {"StringEquals": {"kms:ViaService": f"{service}.{scope.region}.amazonaws.com"}}
    return allow(actions, [key_arn], through)


def _arns(arns: Mapping[str, pulumi.Output[str]], roles: Sequence[str], suffix: str = "") -> list[pulumi.Output[str]]:
    return [pulumi.Output.concat(arns[role], suffix) for role in roles]

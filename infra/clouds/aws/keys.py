"""The centre's keys: one for each kind of data, rotated every year, with a policy that says who uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import kms

from infra.clouds.aws.documents import Statement, allow_principal, document
from infra.clouds.aws.network import NetworkOut
from infra.clouds.aws.scope import PARTITION, Scope

_DAYS_UNTIL_DELETED = 30
_USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")
_AUTO_SCALING_ROLE = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"


@dataclass(frozen=True)
class KeyRing:
    """The keys, by what they encrypt."""

    secrets: kms.Key
    """Kubernetes' secrets, and the centre's own in Secrets Manager."""
    disks: kms.Key
    storage: kms.Key
    """Buckets, file systems and the registry."""
    logs: kms.Key


def build(scope: Scope, network: NetworkOut) -> KeyRing:
    """Register the keys."""
    return KeyRing(
        secrets=_key(scope, network, "secrets"),
        disks=_key(scope, network, "disks", _auto_scaling(network)),
        storage=_key(scope, network, "storage"),
        logs=_key(scope, network, "logs", _logs(scope, network)),
    )


def _key(scope: Scope, network: NetworkOut, purpose: str, more: Sequence[Statement] = ()) -> kms.Key:
    key = kms.Key(
        f"key-{purpose}",  # CRITICAL: stateful; what it encrypts is lost with it
        description=f"{scope.plan.name}: {purpose}",
        enable_key_rotation=True,
        deletion_window_in_days=_DAYS_UNTIL_DELETED,
        policy=document(_account(network), *more),
        tags=scope.tags(),
        opts=scope.stateful(),
    )
    kms.Alias(
        f"key-{purpose}",
        name=f"alias/{scope.name(purpose)}",
        target_key_id=key.key_id,
        opts=scope.options(),
    )
    return key


def _account(network: NetworkOut) -> Statement:
    """The account's own roles use and administer the key by their policies; without this nobody could any more."""
    root = pulumi.Output.format("arn:{}:iam::{}:root", PARTITION, network.account)
    return allow_principal({"AWS": root}, ["kms:*"])


def _auto_scaling(network: NetworkOut) -> list[Statement]:
    """EC2 Auto Scaling starts nodes whose disks the key encrypts.

    Its role is named in a condition: AWS makes it with the account's first group, and a principal must exist before.
    """
    role = pulumi.Output.format("arn:{}:iam::{}:{}", PARTITION, network.account, _AUTO_SCALING_ROLE)
    caller = {"kms:CallerAccount": network.account, "aws:PrincipalArn": role}
    anyone = {"AWS": "*"}
    return [
        allow_principal(anyone, _USE, {"StringEquals": caller}),
        allow_principal(
            anyone, ["kms:CreateGrant"], {"StringEquals": caller, "Bool": {"kms:GrantIsForAWSResource": "true"}}
        ),
    ]


def _logs(scope: Scope, network: NetworkOut) -> list[Statement]:
    groups = scope.arn("logs", network.account, "log-group:*")
    return [
        allow_principal(
            {"Service": f"logs.{scope.region}.amazonaws.com"},
            _USE,
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )
    ]

"""IAM policy documents, as data: who may do what to which resource, and nothing about roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Statement = Mapping[str, Any]
Conditions = Mapping[str, Mapping[str, pulumi.Input[Any]]]
_VERSION = "2012-10-17"


def document(*statements: Statement) -> pulumi.Output[str]:
    """A policy as JSON; known once everything in it is."""
    return pulumi.Output.json_dumps({"Version": _VERSION, "Statement": list(statements)})


def allow(
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    conditions: Conditions | None = None,
) -> Statement:
    """A statement of a role's policy."""
    when = {"Condition": conditions} if conditions else {}
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources), **when}


def allow_principal(
    principal: Mapping[str, pulumi.Input[Any]],
    actions: Sequence[str],
    conditions: Conditions | None = None,
) -> Statement:
    """A statement of a key's policy, where `*` is the key itself."""
    return {**allow(actions, ["*"], conditions), "Principal": principal}


def trust(
    service: str, actions: Sequence[str] = ("sts:AssumeRole",), conditions: Conditions | None = None
) -> Statement:
    """The statement by which a service takes on a role."""
    when = {"Condition": conditions} if conditions else {}
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions), **when}


def deny_plain_text(bucket_arn: pulumi.Input[str]) -> Statement:
    """The statement of a bucket's policy that refuses requests without TLS."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, pulumi.Output.format("{}/*", bucket_arn)],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }

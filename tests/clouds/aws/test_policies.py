"""IAM policies, with what AWS would have answered put in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from aicc.offline.record import event_loop
from infra.clouds.aws import build
from infra.config.load import PROJECT
from infra.plan import CenterPlan
from infra.plan.workloads import checkpoints_of
from tests.clouds.aws.example import ACCOUNT, STACK


class Answers(mocks.Mocks):
    """Gives every resource the ids and ARNs that AWS would, and keeps what was asked for."""

    def __init__(self) -> None:
        self.registered: dict[tuple[str, str], Mapping[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        kind = args.typ.rpartition(":")[2]
        self.registered[kind, args.name] = args.inputs
        known = {"arn": f"arn:aws:{kind.lower()}:us-west-2:{ACCOUNT}:{args.name}"}
        if kind == "Bucket":
            known = {"arn": f"arn:aws:s3:::{args.inputs['bucket']}"}
        more = {
            "Vpc": {"ownerId": ACCOUNT},
            "Key": {"keyId": args.name},
            "Eip": {"allocationId": args.name},
            "LaunchTemplate": {"latestVersion": 1},
            "NodeGroup": {"resources": [{"autoscalingGroups": [{"name": f"eks-{args.name}"}]}]},
            "LustreFileSystem": {"dnsName": "fs", "mountName": "fs"},
            "Cluster": {
                "endpoint": "https://api.example",
                "certificateAuthority": {"data": "ca"},
                "vpcConfig": {**args.inputs.get("vpcConfig", {}), "clusterSecurityGroupId": "sg"},
            },
        }
        return f"{args.name}-id", {**args.inputs, **known, **more.get(kind, {})}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"{args.token} asks AWS for data")


@dataclass(frozen=True)
class Allowed:
    """One thing that a role may do."""

    action: str
    resource: str


class Policies:
    """The centre's IAM policies."""

    def __init__(self, answers: Answers) -> None:
        self._registered = answers.registered

    def inputs(self, kind: str, name: str) -> Mapping[str, Any]:
        """What a resource was registered with."""
        return self._registered[kind, name]

    def document(self, kind: str, name: str, field: str = "policy") -> list[dict[str, Any]]:
        """A policy's statements."""
        found: list[dict[str, Any]] = json.loads(self.inputs(kind, name)[field])["Statement"]
        return found

    def allowed(self, role: str) -> set[Allowed]:
        """Everything that a role's own policy allows."""
        return {
            Allowed(action, resource)
            for statement in self.document("RolePolicy", f"role-{role}")
            for action in statement["Action"]
            for resource in statement["Resource"]
        }

    def names(self, kind: str) -> list[str]:
        """Of every resource of a kind."""
        return [name for found, name in self._registered if found == kind]


@pytest.fixture(scope="module")
def policies(plan: CenterPlan) -> Iterator[Policies]:
    answers = Answers()
    with event_loop():
        mocks.set_mocks(answers, project=PROJECT, stack=STACK)

        @pulumi.runtime.test  # type: ignore[untyped-decorator]
        def program() -> None:
            build(plan)

        program()
        yield Policies(answers)


def bucket(role: str) -> str:
    return f"arn:aws:s3:::oregon-{role}-{ACCOUNT}-us-west-2-an"


def test_tenants_reach_only_their_buckets(policies: Policies, plan: CenterPlan) -> None:
    for tenant in plan.tenants:
        allowed = policies.allowed(tenant.namespace)
        objects = {item for item in allowed if item.action.startswith("s3:")}
        assert {item.resource for item in objects} == {
            *(bucket(role) for role in ("models", "datasets", checkpoints_of(tenant.name))),
            *(f"{bucket(role)}/*" for role in ("models", "datasets", checkpoints_of(tenant.name))),
        }
        changing = {item.resource for item in objects if item.action in {"s3:PutObject", "s3:DeleteObject"}}
        assert changing == {f"{bucket(checkpoints_of(tenant.name))}/*"}
        assert not any(item.action.startswith("secretsmanager:") for item in allowed)


def test_keys_are_used_through_the_service_whose_data_they_encrypt_and_no_other(
    policies: Policies, plan: CenterPlan
) -> None:
    for workload in plan.workloads:
        for statement in policies.document("RolePolicy", f"role-{workload.name}"):
            if any(action.startswith("kms:") for action in statement["Action"]):
                service = "secretsmanager" if workload.reads_secrets else "s3"
                assert statement["Condition"] == {
                    "StringEquals": {"kms:ViaService": f"{service}.us-west-2.amazonaws.com"}
                }


def test_secrets_are_read_by_one_workload_and_only_the_centre_s_own(policies: Policies, plan: CenterPlan) -> None:
    readers = {
        workload.name: {item.resource for item in policies.allowed(workload.name) if "secretsmanager" in item.action}
        for workload in plan.workloads
    }
    assert {name: found for name, found in readers.items() if found} == {
        "external-secrets": {f"arn:aws:secretsmanager:us-west-2:{ACCOUNT}:secret:oregon/*"}
    }


def test_no_workload_may_do_anything_to_everything(policies: Policies, plan: CenterPlan) -> None:
    for workload in plan.workloads:
        for item in policies.allowed(workload.name):
            assert item.resource != "*"
            assert not item.action.endswith("*")


def test_every_workload_s_service_account_is_bound_to_its_role(policies: Policies, plan: CenterPlan) -> None:
    bound = set(policies.names("PodIdentityAssociation"))
    assert {f"{workload.namespace}-{workload.service_account}" for workload in plan.workloads} <= bound


def test_the_autoscaler_sets_the_size_of_pools_that_scale_and_of_no_others(policies: Policies) -> None:
    sized = {
        item.resource.rpartition("/")[2]
        for item in policies.allowed("cluster-autoscaler")
        if item.action == "autoscaling:SetDesiredCapacity"
    }
    assert sized == {"eks-pool-general", "eks-pool-batch"}


def test_pods_of_other_clusters_cannot_take_on_a_role(policies: Policies, plan: CenterPlan) -> None:
    for role in [*(workload.name for workload in plan.workloads), "cluster-autoscaler", "ebs-csi", "vpc-cni"]:
        (statement,) = policies.document("Role", f"role-{role}", "assumeRolePolicy")
        assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].startswith("arn:aws:cluster:")


def test_buckets_refuse_requests_in_plain_text(policies: Policies) -> None:
    for name in policies.names("Bucket"):
        (statement,) = policies.document("BucketPolicy", name)
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_key_that_anyone_is_named_for_asks_who_it_is(policies: Policies) -> None:
    """Auto Scaling's role may not exist yet, so it is in a condition and not a principal."""
    for name in policies.names("Key"):
        for statement in policies.document("Key", name):
            if statement["Principal"] == {"AWS": "*"}:
                who = statement["Condition"]["StringEquals"]
                assert who["kms:CallerAccount"] == ACCOUNT
                assert fnmatch(who["aws:PrincipalArn"], f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/*")
            else:
                assert set(statement["Principal"]) <= {"AWS", "Service"}


def test_bucket_names_are_of_the_account_s_own_namespace(policies: Policies) -> None:
    for name in policies.names("Bucket"):
        inputs = policies.inputs("Bucket", name)
        assert inputs["bucketNamespace"] == "account-regional"
        assert inputs["bucket"] == bucket(name.removeprefix("bucket-")).rpartition(":")[2]

"""What the AWS package promises: what a plan of the example records, and its policies with AWS' answers put in."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from importlib import import_module
from inspect import signature
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from aicc.offline.record import Recording, Resource, event_loop, record
from aicc.offline.values import Secret
from aicc.paths import REPO
from infra.catalogue import load
from infra.config.load import PROJECT, from_file, raw_config
from infra.config.storage import FileSystem
from infra.names import POOL, ROLE
from infra.plan import CenterPlan, resolve
from infra.plan.workloads import checkpoints_of

pytest.importorskip("pulumi_aws")
with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
    # Loaded here: they warn of classes of their own that nobody names.
    for module, used in (("ec2", "Vpc"), ("s3", "Bucket")):
        getattr(import_module(f"pulumi_aws.{module}"), used)
from infra.clouds.aws import build, files  # after the check that the SDK is there

STACK = "aws-us-west-2"
EXAMPLE = REPO / "examples" / f"Pulumi.{STACK}.yaml"
ACCOUNT = "111122223333"
CENTER = f"{PROJECT}:center"
EFA_NODE_GROUPS = {
    "h200-us-west-2a": 16,
    "h100-us-west-2b": 32,
    "a100-us-west-2a": 4,
    "a100-us-west-2c": 4,
}
"""Node groups on machines with EFA, and the interfaces that EC2's user guide gives them."""


class Recorded:
    """A plan's AWS resources, by the last part of their type and their name."""

    def __init__(self, recording: Recording) -> None:
        self.outputs = recording.outputs
        self.resources = [item for item in recording.resources if item.type.startswith("aws:")]
        self.classes = {
            item.inputs["metadata"]["name"]: item for item in recording.resources if item.type.endswith(":StorageClass")
        }

    def of(self, kind: str) -> dict[str, Resource]:
        """Every resource of a kind, by name."""
        return {item.name: item for item in self.resources if item.type.rpartition(":")[2] == kind}


def planned(**cloud: Any) -> Recorded:
    """The example, with some of its cloud's fields changed."""
    config = copy.deepcopy(dict(raw_config(EXAMPLE)))
    config[CENTER]["cloud"] |= cloud
    return Recorded(record(STACK, config))


def needs(resource: Resource, kind: str, name: str) -> bool:
    """Whether an input of the resource comes from that one."""
    return any(urn.endswith(f":{kind}::{name}") for urn in resource.dependencies)


@pytest.fixture(scope="module")
def example() -> Recorded:
    return planned()


@pytest.fixture(scope="module")
def plan() -> CenterPlan:
    return resolve(from_file(EXAMPLE), load())


# --- Buckets, keys, files ------------------------------------------------------------------------------------------


def test_no_bucket_can_be_made_public(example: Recorded) -> None:
    blocks = example.of("BucketPublicAccessBlock")
    assert set(blocks) == set(example.of("Bucket"))
    for block in blocks.values():
        assert [value for key, value in block.inputs.items() if key != "bucket"] == [True] * 4
    for owner in example.of("BucketOwnershipControls").values():
        assert owner.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_every_bucket_is_versioned_and_encrypted_with_the_centre_s_key(example: Recorded) -> None:
    buckets = set(example.of("Bucket"))
    versioning, encryption = example.of("BucketVersioning"), example.of("BucketServerSideEncryptionConfiguration")
    assert buckets == set(versioning) == set(encryption) != set()
    for name in buckets:
        assert versioning[name].inputs["versioningConfiguration"] == {"status": "Enabled"}
        (rule,) = encryption[name].inputs["rules"]
        assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
        assert rule["bucketKeyEnabled"] is True
        assert needs(encryption[name], "Key", "key-storage")


def test_objects_move_and_go_when_the_stack_says(example: Recorded) -> None:
    rules = {name: item.inputs["rules"][0] for name, item in example.of("BucketLifecycleConfiguration").items()}
    assert rules["bucket-checkpoints-research"]["transitions"] == [{"days": 30, "storageClass": "STANDARD_IA"}]
    assert rules["bucket-checkpoints-research"]["expiration"] == {"days": 180}
    assert "expiration" not in rules["bucket-datasets"]
    assert "transitions" not in rules["bucket-models"]
    assert all(rule["noncurrentVersionExpiration"] for rule in rules.values())


def test_secrets_are_encrypted_with_the_centre_s_key(example: Recorded) -> None:
    cluster = example.of("Cluster")["cluster"]
    assert cluster.inputs["encryptionConfig"]["resources"] == ["secrets"]
    assert needs(cluster, "Key", "key-secrets")


def test_every_key_rotates(example: Recorded) -> None:
    keys = example.of("Key")
    assert set(keys) == {"key-secrets", "key-disks", "key-storage", "key-logs"}
    assert all(key.inputs["enableKeyRotation"] is True for key in keys.values())


def test_files_images_and_logs_are_encrypted_with_the_centre_s_keys(example: Recorded) -> None:
    assert needs(example.of("FileSystem")["files-shared"], "Key", "key-storage")
    assert example.of("FileSystem")["files-shared"].inputs["encrypted"] is True
    assert needs(example.of("LustreFileSystem")["files-parallel"], "Key", "key-storage")
    repositories = example.of("Repository")
    assert {name.removeprefix("repository-") for name in repositories} == {
        "engines",
        "tenant-research",
        "tenant-enterprise",
        "tenant-cloud",
    }
    for repository in repositories.values():
        assert needs(repository, "Key", "key-storage")
        assert repository.inputs["imageTagMutability"] == "IMMUTABLE"
        assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
    assert all(needs(group, "Key", "key-logs") for group in example.of("LogGroup").values())


def test_claimed_disks_are_encrypted_with_the_centre_s_key(example: Recorded) -> None:
    block = example.classes["aicc-block"]
    assert block.inputs["provisioner"] == "ebs.csi.aws.com"
    assert block.inputs["parameters"]["encrypted"] == "true"
    assert needs(block, "Key", "key-disks")
    assert needs(example.classes["aicc-shared"], "FileSystem", "files-shared")


@pytest.mark.parametrize(
    ("declared", "sold"), [("1Gi", 1_200), ("1200Gi", 1_200), ("1201Gi", 2_400), ("48Ti", 50_400), ("50400Gi", 50_400)]
)
def test_lustre_is_as_large_as_declared_in_sizes_that_are_sold(declared: str, sold: int) -> None:
    assert files.lustre_gib(FileSystem(capacity=declared)) == sold


# --- The cluster ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("addresses", [[], ["203.0.113.0/28"], ["203.0.113.0/28", "198.51.100.7/32"]])
def test_the_api_server_is_private_unless_addresses_are_allowed(addresses: list[str]) -> None:
    endpoint = planned(apiAccess=addresses).of("Cluster")["cluster"].inputs["vpcConfig"]
    assert endpoint["endpointPrivateAccess"] is True
    assert endpoint["endpointPublicAccess"] is bool(addresses)
    assert endpoint.get("publicAccessCidrs", []) == addresses


def test_nobody_administers_the_cluster_but_those_declared(example: Recorded, plan: CenterPlan) -> None:
    assert example.of("Cluster")["cluster"].inputs["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }
    admins = {item.inputs["principalArn"] for item in example.of("AccessEntry").values()}
    assert admins == set(plan.cloud.admins) != set()  # type: ignore[union-attr]
    associated = example.of("AccessPolicyAssociation")
    assert {item.inputs["principalArn"] for item in associated.values()} == admins
    assert all(item.inputs["policyArn"].endswith("/AmazonEKSClusterAdminPolicy") for item in associated.values())


def test_the_control_plane_writes_everything_down_where_it_is_kept(example: Recorded) -> None:
    cluster, group = example.of("Cluster")["cluster"], example.of("LogGroup")["logs-audit"]
    assert "audit" in cluster.inputs["enabledClusterLogTypes"]
    assert group.inputs["name"] == f"/aws/eks/{cluster.inputs['name']}/cluster"
    assert group.urn in cluster.dependencies, "EKS would make the group itself, unencrypted and for ever"


def test_network_policies_are_enforced(example: Recorded) -> None:
    add_ons = example.of("Addon")
    assert json.loads(add_ons["add-on-vpc-cni"].inputs["configurationValues"])["enableNetworkPolicy"] == "true"
    for group in example.of("NodeGroup").values():
        assert add_ons["add-on-vpc-cni"].urn in group.dependencies, "a node without it is not ready"


def test_the_kubeconfig_is_a_secret(example: Recorded) -> None:
    assert isinstance(example.outputs["kubeconfig"], Secret)


# --- Network and nodes ---------------------------------------------------------------------------------------------


def test_only_nat_gateways_are_in_public_subnets(example: Recorded) -> None:
    public = {name for name in example.of("Subnet") if name.startswith("public-")}
    assert len(public) == 3
    users = {
        item.type.rpartition(":")[2]
        for item in example.resources
        if any(needs(item, "Subnet", subnet) for subnet in public)
    }
    assert users == {"NatGateway", "RouteTableAssociation"}
    assert all(subnet.inputs["mapPublicIpOnLaunch"] is False for subnet in example.of("Subnet").values())


def test_a_zone_that_is_appended_moves_no_subnet(example: Recorded) -> None:
    def ranges(recorded: Recorded) -> set[tuple[str, str]]:
        return {(name, item.inputs["cidrBlock"]) for name, item in recorded.of("Subnet").items()}

    more = planned(zones=["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"])
    assert ranges(example) < ranges(more)
    assert len({cidr for _, cidr in ranges(more)}) == 8


def test_pools_carry_the_plan_s_labels_and_taints(example: Recorded, plan: CenterPlan) -> None:
    groups = example.of("NodeGroup")
    for pool in plan.pools:
        own = [item for name, item in groups.items() if name.startswith(f"pool-{pool.name}")]
        assert own
        for group in own:
            assert group.inputs["labels"] == {**pool.labels, POOL: pool.name}
            assert [(taint["key"], taint["value"], taint["effect"]) for taint in group.inputs["taints"]] == [
                (taint.key, taint.value, "NO_SCHEDULE") for taint in pool.taints
            ]
            assert group.inputs["tags"]["owner"] == pool.owner
    assert groups["pool-system"].inputs["labels"][ROLE] == "system"


def test_every_declared_node_is_in_some_node_group(example: Recorded, plan: CenterPlan) -> None:
    for pool in plan.pools:
        sizes = [
            item.inputs["scalingConfig"]
            for name, item in example.of("NodeGroup").items()
            if name.startswith(f"pool-{pool.name}")
        ]
        assert sum(size["desiredSize"] for size in sizes) == pool.nodes
        assert (sum(size["minSize"] for size in sizes), sum(size["maxSize"] for size in sizes)) == (
            pool.min_nodes,
            pool.max_nodes,
        )


def test_machines_with_efa_have_one_on_every_network_card(example: Recorded) -> None:
    for name, cards in EFA_NODE_GROUPS.items():
        first, *efa = example.of("LaunchTemplate")[f"pool-{name}"].inputs["networkInterfaces"]
        assert (first["interfaceType"], first["associatePublicIpAddress"]) == ("interface", "false")
        assert [(item["interfaceType"], item["networkCardIndex"]) for item in efa] == [
            ("efa-only", card) for card in range(cards)
        ]
        places = [(item["networkCardIndex"], item["deviceIndex"]) for item in (first, *efa)]
        assert len(set(places)) == cards + 1
        assert all(len(item["securityGroups"]) == 2 for item in efa)


def test_machines_with_efa_are_close_together_in_one_zone(example: Recorded) -> None:
    templates, groups = example.of("LaunchTemplate"), example.of("NodeGroup")
    for name in EFA_NODE_GROUPS:
        assert len(groups[f"pool-{name}"].inputs["subnetIds"]) == 1
        reserved = "capacityReservationSpecification" in templates[f"pool-{name}"].inputs
        assert ("placement" in templates[f"pool-{name}"].inputs) is not reserved
    assert all(item.inputs["strategy"] == "cluster" for item in example.of("PlacementGroup").values())


def test_reserved_machines_are_taken_from_their_reservation(example: Recorded) -> None:
    templates, groups = example.of("LaunchTemplate"), example.of("NodeGroup")

    def target(name: str) -> Any:
        return templates[name].inputs["capacityReservationSpecification"]["capacityReservationTarget"]

    assert target("pool-h200-us-west-2a") == {"capacityReservationId": "cr-0123456789abcdef0"}
    assert groups["pool-h200-us-west-2a"].inputs["capacityType"] == "ON_DEMAND"
    assert target("pool-h100-us-west-2b") == {"capacityReservationId": "cr-0fedcba9876543210"}
    assert templates["pool-h100-us-west-2b"].inputs["instanceMarketOptions"] == {"marketType": "capacity-block"}
    assert groups["pool-h100-us-west-2b"].inputs["capacityType"] == "CAPACITY_BLOCK"
    assert groups["pool-batch"].inputs["capacityType"] == "SPOT"


def test_nodes_have_encrypted_disks_and_keep_their_metadata_from_pods(example: Recorded) -> None:
    for template in example.of("LaunchTemplate").values():
        assert template.inputs["metadataOptions"] == {
            "httpEndpoint": "enabled",
            "httpPutResponseHopLimit": 1,
            "httpTokens": "required",
        }
        (disk,) = template.inputs["blockDeviceMappings"]
        assert disk["ebs"]["encrypted"] == "true"
        assert needs(template, "Key", "key-disks")


def test_nodes_repair_themselves_and_scarce_ones_are_not_doubled_for_an_update(
    example: Recorded, plan: CenterPlan
) -> None:
    scarce = {pool.name for pool in plan.pools if pool.accelerator}
    for group in example.of("NodeGroup").values():
        assert group.inputs["nodeRepairConfig"] == {"enabled": True}
        expected = "MINIMAL" if group.inputs["labels"][POOL] in scarce else "DEFAULT"
        assert group.inputs["updateConfig"]["updateStrategy"] == expected


def test_accelerators_have_the_machine_image_with_their_driver(example: Recorded) -> None:
    images = {name.removeprefix("pool-"): item.inputs["amiType"] for name, item in example.of("NodeGroup").items()}
    assert images["h100-us-west-2b"] == images["h200-us-west-2a"] == "AL2023_x86_64_NVIDIA"
    assert images["inferentia"] == "AL2023_x86_64_NEURON"
    assert images["general"] == images["system"] == "AL2023_x86_64_STANDARD"


# --- Everything ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protected", [True, False])
def test_what_holds_data_or_keys_is_protected_as_declared(*, protected: bool) -> None:
    recorded = planned(deletionProtection=protected)
    holding = {"Cluster", "Key", "Bucket", "FileSystem", "LustreFileSystem", "Repository", "LogGroup"}
    found = {kind: list(recorded.of(kind).values()) for kind in holding}
    assert all(found.values())
    for item in recorded.resources:
        # A bucket's settings stay with it.
        holds = item.type.rpartition(":")[2] in holding or "bucket:Bucket$" in item.urn
        assert item.protect is (protected and holds), item.urn
    assert found["Cluster"][0].inputs["deletionProtection"] is protected
    assert all(group.inputs["deletionProtectionEnabled"] is protected for group in found["LogGroup"])


def test_everything_that_takes_tags_says_who_answers_and_who_pays(example: Recorded) -> None:
    taking = [item for item in example.resources if "tags" in arguments(item.type)]
    assert len(taking) > 60
    for item in taking:
        assert {"owner", "cost-center", "center", "stack", "tenant"} <= set(item.inputs.get("tags", {})), item.urn


@cache
def arguments(type_: str) -> set[str]:
    """What the SDK's class of a resource type takes."""
    _, module, name = type_.split(":")
    return set(signature(getattr(import_module(f"pulumi_aws.{module.partition('/')[0]}"), f"{name}Args")).parameters)


def test_no_logical_name_has_the_centre_s(example: Recorded, plan: CenterPlan) -> None:
    """It would tie the resources to an environment."""
    assert [item.urn for item in example.resources if plan.name in item.name] == []


def test_names_fit_however_long_the_declared_ones_are() -> None:
    config = copy.deepcopy(dict(raw_config(EXAMPLE)))
    center = config[CENTER]
    center["name"] = "c" * 40
    old = center["tenants"][0]["name"]
    center["tenants"][0]["name"] = "t" * 40
    center["models"] = [
        {**model, "tenant": "t" * 40 if model["tenant"] == old else model["tenant"]} for model in center["models"]
    ]
    center["cloud"]["owner"] = "o" * 40
    recorded = Recorded(record(STACK, config))
    limits = {
        "Role": ("name", 64),
        "NodeGroup": ("nodeGroupName", 63),
        "Cluster": ("name", 100),
        "Alias": ("name", 256),
    }
    for kind, (field, limit) in limits.items():
        names = [item.inputs[field] for item in recorded.of(kind).values()]
        assert max(map(len, names)) <= limit
        assert len(set(names)) == len(names)


# --- Policies, with what AWS would have answered -------------------------------------------------------------------


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

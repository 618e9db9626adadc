"""Each cloud's demands agree with the package that builds on it; what they refuse is in tests/config_cases."""

from __future__ import annotations

import ipaddress
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicc.paths import REPO
from infra.catalogue import load
from infra.clouds.registry import CLOUDS
from infra.config import Center
from infra.config.clouds import AwsCloud, PublicCloud
from infra.config.issues import Issue
from infra.config.load import from_file, parse
from infra.plan import demands, resolve
from infra.plan.demands import alicloud, aws, azure, common, gcp

CATALOGUE = load()
EXAMPLES = sorted((REPO / "examples").glob("Pulumi.*.yaml"))
PLACES: dict[str, dict[str, Any]] = {
    "alicloud": {"region": "cn-shanghai", "zones": ["cn-shanghai-l", "cn-shanghai-m"]},
    "aws": {
        "region": "us-west-2",
        "zones": ["us-west-2a", "us-west-2b"],
        "admins": ["arn:aws:iam::111122223333:role/admins"],
    },
    "gcp": {"region": "us-central1", "zones": ["us-central1-a", "us-central1-b"], "project": "example-center"},
    "azure": {
        "region": "eastus2",
        "zones": ["1", "2"],
        "tenantId": "72f988bf-86f1-41af-91ab-2d7cd011db47",
        "admins": ["11111111-2222-3333-4444-555555555555"],
    },
}
MACHINES = {
    "alicloud": "ecs.g8i.2xlarge",
    "aws": "m7i.2xlarge",
    "gcp": "n2-standard-8",
    "azure": "Standard_D8s_v5",
}
NETWORK = {"nodeCidr": "10.32.0.0/16", "podCidr": "10.64.0.0/14"}


def package(name: str) -> Any:
    """A module of a cloud's package, where its SDK is installed."""
    kind = name.partition(".")[0]
    pytest.importorskip(str(CLOUDS[kind].sdk))
    return import_module(f"infra.clouds.{name}")


def center(kind: str, *pools: dict[str, Any], cloud: dict[str, Any] | None = None, **parts: Any) -> Center:
    machines = {"name": "general", "instance": MACHINES[kind], "nodes": 2}
    place = {"kind": kind, "owner": "platform", "costCenter": "cc-1", **PLACES[kind], **(cloud or {})}
    return parse({"name": "centre", "cloud": place, "network": NETWORK, "pools": list(pools) or [machines], **parts})


def issues(declared: Center) -> list[Issue]:
    return list(demands.check(declared, CATALOGUE))


def notes(declared: Center) -> str:
    return "\n".join(demands.notes(declared, CATALOGUE))


def test_every_public_cloud_says_what_it_demands() -> None:
    kinds = {get_args(cloud.model_fields["kind"].annotation)[0] for cloud in PublicCloud.__subclasses__()}
    assert set(demands.CLOUDS) == kinds == set(CLOUDS) - {"local", "existing"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_refused_nothing(path: Path) -> None:
    assert issues(from_file(path)) == []


@pytest.mark.parametrize("kind", sorted(PLACES))
def test_the_smallest_centre_is_refused_nothing(kind: str) -> None:
    assert issues(center(kind)) == []


def test_clusters_that_are_there_already_are_asked_for_nothing() -> None:
    pool = {"name": "system", "node": {"cpu": 8, "memory": "32Gi"}, "nodes": 2}
    local = parse({"name": "c", "cloud": {"kind": "local"}, "pools": [pool]})
    assert issues(local) == []
    assert notes(local) == ""


@pytest.mark.parametrize("kind", sorted(PLACES))
def test_every_issue_says_what_is_allowed_and_what_would_happen(kind: str) -> None:
    """Of a centre that has much wrong with it."""
    pool = {"name": "system", "instance": MACHINES[kind], "nodes": 2, "spot": True, "labels": {"k8s.io/a": "b"}}
    cloud = {"admins": ["nobody", "nobody"], "reservations": {"system": "none there"}}
    network = {"nodeCidr": "203.0.113.0/28", "podCidr": "169.254.0.0/28", "serviceCidr": "172.30.0.0/29"}
    found = issues(center(kind, pool, cloud=cloud, network=network))
    assert len(found) >= 5
    assert [issue for issue in found if not (issue.value and issue.allowed and issue.consequence)] == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("alicloud", "SERVICE_LABELS"),
        ("aws", "RESERVED_LABELS"),
        ("gcp", "RESERVED_LABELS"),
        ("azure", "RESERVED_LABELS"),
    ],
)
def test_no_package_drops_a_label_that_was_not_refused(kind: str, name: str) -> None:
    dropped = [domain.rstrip("/") for domain in getattr(package(f"{kind}.node_pools"), name)]
    assert dropped
    for domain in dropped:
        labels = {f"{domain}/mine": "a", "example.com/mine": "a"}
        pool = {"name": "general", "instance": MACHINES[kind], "nodes": 2, "labels": labels}
        assert [issue.path for issue in issues(center(kind, pool))] == [f"pools[0].labels.{domain}/mine"]


def test_a_label_that_the_centre_sets_is_refused_once() -> None:
    """By `infra.plan.checks`, on every cluster."""
    tpus, key = "ct6e-standard-4t", "cloud.google.com/gke-tpu-accelerator"
    assert key in CATALOGUE.accelerators["google-tpu-v6e"].kubernetes.labels
    labels = {"topology.kubernetes.io/zone": "a", key: "b"}
    assert issues(center("gcp", {"name": "tpu", "instance": tpus, "nodes": 2, "labels": labels})) == []


def test_ack_s_patches_are_pinned_for_every_version_that_the_catalogue_offers() -> None:
    assert set(package("alicloud.cluster").PATCHES) == set(CATALOGUE.services["alicloud"].kubernetes)


def test_the_buckets_that_alibaba_cloud_s_package_makes_are_refused() -> None:
    own = package("alicloud.storage")
    assert (alicloud.OWN_BUCKET, alicloud.REGISTRY_BUCKET) == (own.ACCESS_LOGS, own.IMAGES)


def test_without_a_registry_its_bucket_s_name_is_free() -> None:
    names = ("models", "datasets", "checkpoints", "backups", alicloud.REGISTRY_BUCKET)
    buckets = [{"name": name} for name in names]
    assert len(issues(center("alicloud", storage={"buckets": buckets}))) == 1
    assert issues(center("alicloud", storage={"buckets": buckets, "registry": False})) == []


def test_tenants_on_lingjun_nodes_are_known_not_to_be_closed_in() -> None:
    pool = {"name": "zhenwu", "instance": "lingjun.zhenwu-810e.16x", "nodes": 2, "zones": ["cn-shanghai-l"]}
    group = {"lingjun": {"zhenwu": {"clusterId": "i", "groupId": "n"}}}
    assert "pool zhenwu: Terway enforces no NetworkPolicy" in notes(center("alicloud", pool, cloud=group))
    assert notes(center("alicloud")) == ""


def test_notes_are_the_plan_s() -> None:
    assert "network.podCidr: not used on AWS" in "\n".join(resolve(center("aws"), CATALOGUE).notes)


def test_pods_range_is_not_held_against_a_vpc_that_has_none_of_it() -> None:
    assert resolve(center("aws", network={"nodeCidr": "10.32.0.0/16", "podCidr": "10.128.0.0/9"}), CATALOGUE)


@pytest.mark.parametrize(("region", "noted"), [("us-east-1", True), ("us-west-2", False)])
def test_zones_without_a_control_plane_are_named_by_their_id(region: str, noted: bool) -> None:
    zones = [f"{region}a", f"{region}b"]
    assert ("use1-az3" in notes(center("aws", cloud={"region": region, "zones": zones}))) == noted


def test_a_vpc_has_subnets_for_seven_zones() -> None:
    """No region in the catalogue has more than six."""
    declared = center("aws")
    assert isinstance(declared.cloud, AwsCloud)
    for count in (7, 8):
        cloud = declared.cloud.model_copy(
            update={"zones": tuple(f"us-west-2{letter}" for letter in "abcdefgh"[:count])}
        )
        found = issues(declared.model_copy(update={"cloud": cloud}))
        assert [issue.path for issue in found] == ["cloud.zones"] * (count > 7)


@given(st.integers(16, 28))
def test_a_vpc_that_is_accepted_can_be_cut_into_subnets_of_ec2(prefix: int) -> None:
    """EC2 takes none smaller than a /28, and public subnets are an eighth of an eighth."""
    accepted = not issues(center("aws", network={"nodeCidr": f"10.32.0.0/{prefix}"}))
    assert accepted == (prefix + 3 + 3 <= 28)


@pytest.mark.parametrize(
    ("principal", "accepted"),
    [
        ("arn:aws:iam::111122223333:role/admins", True),
        ("arn:aws:iam::111122223333:role/team/admins", True),
        ("arn:aws:iam::111122223333:user/jo.doe@example.com", True),
        ("arn:aws:iam::111122223333:root", False),
        ("arn:aws:iam::1111:role/admins", False),
        ("arn:aws:sts::111122223333:assumed-role/admins/session", False),
    ],
)
def test_administrators_on_aws_are_roles_and_users(principal: str, accepted: bool) -> None:
    assert (not issues(center("aws", cloud={"admins": [principal]}))) == accepted


@pytest.mark.parametrize("kind", ["gcp", "azure"])
@given(nodes=st.integers(2, 900), prefix=st.integers(10, 24))
def test_pods_range_that_is_allowed_has_room_for_every_node(kind: str, nodes: int, prefix: int) -> None:
    """And where it has none, the size that the message names has."""
    pool = {"name": "general", "instance": MACHINES[kind], "nodes": nodes}

    def refused(length: int) -> list[Issue]:
        cidr = str(ipaddress.ip_network((0x0A800000, length), strict=False))
        return issues(center(kind, pool, network={"nodeCidr": "10.32.0.0/16", "podCidr": cidr}))

    for issue in refused(prefix):
        assert issue.path == "network.podCidr"
        wanted = int(str(issue.allowed).removeprefix("/").partition(" ")[0])
        assert (refused(wanted), len(refused(wanted + 1))) == ([], 1)


def test_the_parts_of_pods_range_are_those_that_the_packages_ask_for() -> None:
    per_node = 2 * package("gcp.cluster")._PODS_PER_NODE
    small = {"nodeCidr": "10.32.0.0/16", "podCidr": "10.64.0.0/21"}
    [issue] = issues(center("gcp", {"name": "g", "instance": MACHINES["gcp"], "nodes": 15}, network=small))
    assert f"room for {2**11 // per_node} nodes" in issue.problem


TOPOLOGIES = st.sampled_from(["1x1", "2x2", "2x4", "4x4", "4x8", "3x3", "4x4x4", "0x4", "4x", "16", "all"])


@given(
    instance=st.sampled_from(["ct6e-standard-4t", "ct6e-standard-8t", "ct5lp-hightpu-4t"]),
    topology=TOPOLOGIES,
    nodes=st.integers(1, 40),
    scale=st.none() | st.tuples(st.integers(0, 1), st.integers(0, 40)),
)
def test_slices_that_are_accepted_can_be_made_and_are_whole(
    instance: str, topology: str, nodes: int, scale: tuple[int, int] | None
) -> None:
    machines = package("gcp.machines")
    pool = {
        "name": "tpu",
        "instance": instance,
        "nodes": nodes,
        "zones": ["us-central1-a"],
        "labels": {gcp.TPU_TOPOLOGY: topology},
    }
    bounds = {"scale": {"min": scale[0] * nodes, "max": nodes + scale[1]}} if scale else {}
    declared = center("gcp", pool | bounds)
    if issues(declared):
        return
    planned = resolve(declared, CATALOGUE).pools[0]
    groups = machines.groups(planned)
    assert sum(group.nodes for group in groups) == nodes
    assert sum(group.most for group in groups) == planned.max_nodes
    for group in groups:
        if group.topology:
            width, height = map(int, group.topology.split("x"))
            assert group.most * planned.accelerators_per_node == width * height


def test_a_tpu_s_own_words_are_the_package_s() -> None:
    machines = package("gcp.machines")
    assert (gcp.TPU, gcp.TPU_TOPOLOGY) == (machines.TPU, machines.TPU_TOPOLOGY)


def test_every_gpu_machine_of_the_catalogue_has_a_name_at_google() -> None:
    machines = package("gcp.machines")
    gpus = [
        name
        for name, instance in CATALOGUE.instances["gcp"].items()
        if instance.accelerator and CATALOGUE.accelerators[instance.accelerator].kubernetes.resource == machines.GPU
    ]
    assert gpus
    assert {machines.series(name) for name in gpus} <= set(machines.GPU_TYPES)


@pytest.mark.parametrize(
    ("reservation", "accepted"),
    [
        ("h100", True),
        ("projects/other-project/reservations/h100", True),
        ("projects/other-project/reservations/h100/reservationBlocks/block-1", True),
        ("projects/other-project/zones/us-central1-a/reservations/h100", False),
        ("H100", False),
    ],
)
def test_reservations_at_google_are_names_or_another_project_s(reservation: str, accepted: bool) -> None:
    assert (not issues(center("gcp", cloud={"reservations": {"general": reservation}}))) == accepted


@pytest.mark.parametrize(
    ("groups", "noted"),
    [
        (["a@example.com", "b@example.com"], ""),
        (["a@example.com", "b@example.org"], "example.com, example.org, and GKE knows groups of one domain"),
        (["centre:research"], "centre:research is no Google group's address"),
        (["principalSet://iam.googleapis.com/locations/global/workforcePools/pool/group/research"], ""),
    ],
)
def test_groups_that_gke_would_not_know_are_noted(groups: list[str], noted: str) -> None:
    tenants = [{"name": f"t{index}", "kind": "research", "group": group} for index, group in enumerate(groups)]
    found = notes(center("gcp", tenants=tenants))
    assert (noted in found) if noted else (found == "")


def test_azure_s_notes_are_about_groups_without_an_id_and_tainted_nodes() -> None:
    pool = {"name": "batch", "instance": MACHINES["azure"], "nodes": 2, "spot": True}
    tenant = {"name": "research", "kind": "research", "group": "researchers"}
    found = notes(center("azure", pool, tenants=[tenant]))
    assert "pool batch: AKS taints spot nodes" in found
    assert "tenant research: researchers is no Entra group's object id" in found
    assert notes(center("azure")) == ""


def test_the_largest_lustre_is_the_largest_that_is_sold() -> None:
    largest = max(size for _, _, size in package("azure.files").LUSTRE_SIZES)
    assert f"{largest}Ti" == azure.LARGEST_LUSTRE
    assert issues(center("azure", storage={"parallel": {"capacity": azure.LARGEST_LUSTRE}})) == []


def test_the_reserved_words_are_those_of_the_packages() -> None:
    templates = package("aws.launch_templates")
    assert templates.is_capacity_block(f"{aws.CAPACITY_BLOCK}cr-0123456789abcdef0")
    assert package("azure.node_pools").SYSTEM == common.SYSTEM_POOL

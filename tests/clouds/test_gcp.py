"""What must hold of every centre on Google Cloud, as its example stack is planned."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicc.offline.record import Recording, Resource, record
from aicc.offline.values import LATER, Secret
from aicc.paths import REPO
from infra import names
from infra.catalogue import load
from infra.clouds.gcp import machines, node_pools
from infra.clouds.gcp.naming import labels
from infra.clouds.gcp.storage import lustre_gib, share_gib
from infra.clouds.scope import short
from infra.config.load import KEY, from_file, raw_config
from infra.config.storage import DATASETS, MODELS
from infra.plan import CenterPlan, PoolPlan, resolve
from infra.plan.workloads import checkpoints_of
from tests.clouds.conftest import needs

STACK = "gcp-us-central1"
FILE = REPO / f"examples/Pulumi.{STACK}.yaml"
CONFIG = raw_config(FILE)
# The SDK's own modules warn of each other when they are imported.
pytestmark = pytest.mark.filterwarnings(r"ignore:gcp\..* has been deprecated in favor of gcp:DeprecationWarning")


def declared(**cloud: Any) -> Recording:
    """The example, with parts of its cloud declared otherwise."""
    center = CONFIG[KEY]
    return record(STACK, {**CONFIG, KEY: {**center, "cloud": {**center["cloud"], **cloud}}})


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record(STACK, CONFIG)


@pytest.fixture(scope="module")
def plan() -> CenterPlan:
    return resolve(from_file(FILE), load())


def made(recording: Recording, kind: str) -> list[Resource]:
    return [resource for resource in recording.resources if resource.type.startswith(f"gcp:{kind}:")]


def of(recording: Recording, kind: str) -> dict[str, Mapping[str, Any]]:
    """Inputs of the resources of a kind such as `storage/bucket`, by logical name."""
    return {resource.name: resource.inputs for resource in made(recording, kind)}


def cluster(recording: Recording) -> Mapping[str, Any]:
    return of(recording, "container/cluster")["cluster"]


def pools(recording: Recording, pool: str) -> list[Mapping[str, Any]]:
    """The GKE node pools of one of the plan's pools."""
    return [
        inputs
        for inputs in of(recording, "container/nodePool").values()
        if inputs["nodeConfig"]["labels"].get(names.POOL) == pool
    ]


def pool_of(plan: CenterPlan, name: str, **changes: Any) -> PoolPlan:
    return dataclasses.replace(next(pool for pool in plan.pools if pool.name == name), **changes)


# Buckets, keys, files


def test_no_bucket_can_be_made_public(recording: Recording) -> None:
    for inputs in of(recording, "storage/bucket").values():
        assert inputs["publicAccessPrevention"] == "enforced"
        assert inputs["uniformBucketLevelAccess"] is True


def test_a_bucket_takes_nothing_that_another_key_encrypted(recording: Recording) -> None:
    for inputs in of(recording, "storage/bucket").values():
        assert inputs["encryption"]["defaultKmsKeyName"] == LATER
        assert inputs["encryption"]["googleManagedEncryptionEnforcementConfig"] == {
            "restrictionMode": "FullyRestricted"
        }


def test_objects_grow_cold_and_go_as_declared_and_old_versions_do_not_stay_for_ever(recording: Recording) -> None:
    rules = {name: inputs["lifecycleRules"] for name, inputs in of(recording, "storage/bucket").items()}
    cold = {"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"}}
    assert [rule["condition"]["age"] for rule in rules["bucket-datasets"] if rule | cold == rule] == [90]
    live = [rule for rule in rules["bucket-checkpoints-research"] if rule["condition"].get("withState") == "LIVE"]
    assert live == [{"action": {"type": "Delete"}, "condition": {"age": 90, "withState": "LIVE"}}]
    for found in rules.values():
        assert {
            "action": {"type": "Delete"},
            "condition": {"daysSinceNoncurrentTime": 30, "withState": "ARCHIVED"},
        } in found


def test_a_deleted_object_can_be_brought_back_for_a_week(recording: Recording) -> None:
    assert {
        inputs["softDeletePolicy"]["retentionDurationSeconds"] for inputs in of(recording, "storage/bucket").values()
    } == {7 * 24 * 3600}


def test_secrets_are_encrypted_with_the_centre_s_key(recording: Recording) -> None:
    [gke] = made(recording, "container/cluster")
    assert gke.inputs["databaseEncryption"] == {"state": "ENCRYPTED", "keyName": LATER}
    assert "key-secrets-container" in needs(recording, gke)


@pytest.mark.parametrize(
    ("kind", "grant"),
    [
        ("container/nodePool", "key-disks-compute"),
        ("storage/bucket", "key-buckets-storage"),
        ("artifactregistry/repository", "key-images-artifactregistry"),
        ("filestore/instance", "key-shared-files-file"),
        ("lustre/instance", "key-parallel-files-lustre"),
    ],
)
def test_what_is_encrypted_waits_until_its_service_may_use_the_key(recording: Recording, kind: str, grant: str) -> None:
    found = made(recording, kind)
    assert found
    assert [resource.name for resource in found if grant not in needs(recording, resource)] == []


def test_every_key_is_rotated_and_used_by_one_service(recording: Recording) -> None:
    keys = made(recording, "kms/cryptoKey")
    assert {key.inputs["rotationPeriod"] for key in keys} == {"7776000s"}
    for key in keys:
        users = [grant for grant in made(recording, "kms/cryptoKeyIAMMember") if key.urn in grant.dependencies]
        assert [user.inputs["role"] for user in users] == ["roles/cloudkms.cryptoKeyEncrypterDecrypter"]


def test_without_protection_nothing_refuses_to_go(recording: Recording) -> None:
    open_ = declared(deletionProtection=False)
    assert cluster(recording)["deletionProtection"] is True
    assert of(recording, "filestore/instance")["shared"]["deletionProtectionEnabled"] is True
    assert cluster(open_)["deletionProtection"] is False
    assert of(open_, "filestore/instance")["shared"]["deletionProtectionEnabled"] is False

    def policies(found: Recording) -> set[Any]:
        return {each.inputs["deletionPolicy"] for each in found.resources if "deletionPolicy" in each.inputs}

    assert policies(recording) == {"PREVENT"}
    assert policies(open_) == {"DELETE"}


@pytest.mark.parametrize(
    ("declared_capacity", "share", "lustre"),
    [("100Gi", 1_024, 9_000), ("10239Gi", 10_239, 18_000), ("10Ti", 10_240, 18_000), ("10241Gi", 12_800, 18_000)],
)
def test_file_systems_are_as_large_as_declared_in_sizes_that_are_sold(
    declared_capacity: str, share: int, lustre: int
) -> None:
    assert (share_gib(declared_capacity), lustre_gib(declared_capacity)) == (share, lustre)


def test_only_nodes_mount_the_shared_files_and_both_wait_for_the_peering(recording: Recording) -> None:
    [shared] = made(recording, "filestore/instance")
    [parallel] = made(recording, "lustre/instance")
    assert [option["ipRanges"] for option in shared.inputs["fileShares"]["nfsExportOptions"]] == [["10.32.0.0/14"]]
    assert {"peering"} <= needs(recording, shared) & needs(recording, parallel)


def test_tags_that_never_move_and_images_that_never_go(recording: Recording) -> None:
    inputs = of(recording, "artifactregistry/repository")["registry"]
    assert inputs["dockerConfig"] == {"immutableTags": True}
    assert "cleanupPolicies" not in inputs


# The cluster


@pytest.mark.parametrize("allowed", [[], ["203.0.113.0/24"], ["203.0.113.0/24", "198.51.100.7/32"]])
def test_the_api_server_is_private_unless_addresses_are_allowed(allowed: list[str]) -> None:
    inputs = cluster(declared(apiAccess=allowed))
    networks = inputs["masterAuthorizedNetworksConfig"]
    assert inputs["privateClusterConfig"] == {"enablePrivateNodes": True, "enablePrivateEndpoint": not allowed}
    assert [block["cidrBlock"] for block in networks["cidrBlocks"]] == ["10.32.0.0/14", *allowed]
    assert networks["gcpPublicCidrsAccessEnabled"] is False
    assert inputs["controlPlaneEndpointsConfig"]["dnsEndpointConfig"]["allowExternalTraffic"] is False


def test_network_policies_are_enforced_and_names_are_resolved_where_they_allow_it(recording: Recording) -> None:
    inputs = cluster(recording)
    assert inputs["datapathProvider"] == "ADVANCED_DATAPATH"
    assert inputs["dnsConfig"]["clusterDns"] == "KUBE_DNS"


def test_the_minor_version_changes_only_when_the_stack_says_so(recording: Recording, plan: CenterPlan) -> None:
    inputs = cluster(recording)
    assert inputs["minMasterVersion"] == plan.kubernetes_version
    [exclusion] = inputs["maintenancePolicy"]["maintenanceExclusions"]
    assert exclusion["exclusionOptions"] == {
        "scope": "NO_MINOR_UPGRADES",
        "endTimeBehavior": "UNTIL_END_OF_SUPPORT",
    }


def test_groups_of_the_tenants_are_known_to_the_cluster(recording: Recording) -> None:
    assert cluster(recording)["authenticatorGroupsConfig"] == {
        "securityGroup": "gke-security-groups@jinshan.example.com"
    }


def test_the_kubeconfig_signs_in_with_google_and_holds_no_credential(recording: Recording) -> None:
    kubeconfig = recording.outputs["kubeconfig"]
    assert isinstance(kubeconfig, Secret)
    assert kubeconfig.value == LATER
    [provider] = [each for each in recording.resources if each.type == "pulumi:providers:kubernetes"]
    assert {"cluster", "pool-system"} <= needs(recording, provider)


# Nodes


def test_pools_carry_the_plan_s_labels_and_taints(recording: Recording, plan: CenterPlan) -> None:
    effects = {"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE"}
    for pool in plan.pools:
        expected = {key: value for key, value in pool.labels.items() if not key.startswith("cloud.google.com/")}
        for inputs in pools(recording, pool.name):
            config = inputs["nodeConfig"]
            assert config["labels"] | expected == config["labels"]
            assert config["taints"] == [
                {"key": taint.key, "value": taint.value, "effect": effects[taint.effect]} for taint in pool.taints
            ]


def test_labels_that_gke_sets_itself_are_left_to_it(plan: CenterPlan) -> None:
    given_ = {"cloud.google.com/gke-tpu-topology": "2x4", "topology.kubernetes.io/zone": "a", "example.com/rack": "7"}
    assert node_pools.node_labels(pool_of(plan, "general", labels=given_)) == {
        names.POOL: "general",
        "example.com/rack": "7",
    }


def test_pools_have_exactly_the_plan_s_nodes_in_the_plan_s_zones(recording: Recording, plan: CenterPlan) -> None:
    for pool in plan.pools:
        found = pools(recording, pool.name)
        assert {zone for inputs in found for zone in inputs["nodeLocations"]} == set(pool.zones)
        field = "initialNodeCount" if pool.scales else "nodeCount"
        assert sum(inputs[field] for inputs in found) == pool.nodes
        if pool.scales:
            assert sum(inputs["autoscaling"]["totalMinNodeCount"] for inputs in found) == pool.min_nodes
            assert sum(inputs["autoscaling"]["totalMaxNodeCount"] for inputs in found) == pool.max_nodes


@given(nodes=st.integers(1, 400), zones=st.integers(1, 8), more=st.integers(0, 50))
def test_nodes_are_dealt_in_turn_and_none_is_lost(plan: CenterPlan, nodes: int, zones: int, more: int) -> None:
    pool = pool_of(
        plan,
        "general",
        nodes=nodes,
        min_nodes=0,
        max_nodes=nodes + more,
        zones=tuple(f"z-{index}" for index in range(zones)),
    )
    counts = [group.nodes for group in machines.groups(pool)]
    assert sum(counts) == nodes
    assert counts == sorted(counts, reverse=True)
    assert max(counts) - min(counts) <= 1
    assert all(group.least <= group.nodes <= group.most for group in machines.groups(pool))


def test_a_pool_that_grows_keeps_its_node_pools(plan: CenterPlan) -> None:
    """Others would be made, and these with everything on them deleted."""
    names_ = [
        [group.suffix for group in machines.groups(pool_of(plan, "h100", nodes=nodes, max_nodes=nodes))]
        for nodes in (4, 5)
    ]
    assert names_[0] == names_[1]


def test_a_tpu_slice_is_a_node_pool_of_its_own_and_grows_as_a_whole(plan: CenterPlan) -> None:
    pool = pool_of(
        plan,
        "trillium",
        instance="ct6e-standard-4t",
        accelerators_per_node=4,
        labels={machines.TPU_TOPOLOGY: "4x4"},
        nodes=8,
        min_nodes=4,
        max_nodes=12,
    )
    groups = machines.groups(pool)
    assert [(group.nodes, group.least, group.most) for group in groups] == [(4, 4, 4), (4, 0, 4), (0, 0, 4)]
    assert {group.topology for group in groups} == {"4x4"}
    with pytest.raises(ValueError, match="multiple of 4 nodes"):
        machines.groups(dataclasses.replace(pool, nodes=9))


def test_the_machines_of_a_slice_are_asked_for_together(recording: Recording) -> None:
    slices = pools(recording, "trillium-slices")
    assert [(inputs["nodeCount"], inputs["placementPolicy"]) for inputs in slices] == [
        (4, {"type": "COMPACT", "tpuTopology": "4x4"})
    ] * 2


def test_a_tpu_topology_of_one_machine_makes_no_slices(plan: CenterPlan) -> None:
    pool = pool_of(plan, "trillium", labels={machines.TPU_TOPOLOGY: "2x4"})
    assert [group.topology for group in machines.groups(pool)] == [None]


def test_reserved_machines_come_from_the_reservation_and_others_stand_together(recording: Recording) -> None:
    for inputs in pools(recording, "h100"):
        assert inputs["nodeConfig"]["reservationAffinity"] == {
            "consumeReservationType": "SPECIFIC_RESERVATION",
            "key": "compute.googleapis.com/reservation-name",
            "values": ["jinshan-h100"],
        }
        assert "placementPolicy" not in inputs
    [h200] = pools(recording, "h200")
    assert "reservationAffinity" not in h200["nodeConfig"]
    assert h200["placementPolicy"] == {"type": "COMPACT"}


def test_gpus_have_drivers_their_disks_and_their_network(recording: Recording) -> None:
    [h200] = pools(recording, "h200")
    assert h200["nodeConfig"]["guestAccelerators"] == [
        {"type": "nvidia-h200-141gb", "count": 8, "gpuDriverInstallationConfig": {"gpuDriverVersion": "DEFAULT"}}
    ]
    assert h200["nodeConfig"]["ephemeralStorageLocalSsdConfig"] == {"localSsdCount": 32}
    assert h200["networkConfig"]["acceleratorNetworkProfile"] == "auto"


def test_every_gpu_machine_of_the_catalogue_is_known(plan: CenterPlan) -> None:
    """Its accelerator type is not in the catalogue, but Google Cloud asks for it."""
    accelerators = load().accelerators
    unknown = [
        name
        for name, instance in load().instances["gcp"].items()
        if instance.accelerator
        and accelerators[instance.accelerator].kubernetes.resource == machines.GPU
        and machines.series(name) not in machines.GPU_TYPES
    ]
    assert unknown == []


def test_nodes_have_no_public_address_and_do_not_show_their_identity_to_pods(recording: Recording) -> None:
    found = of(recording, "container/nodePool").values()
    for inputs in found:
        config = inputs["nodeConfig"]
        assert inputs["networkConfig"]["enablePrivateNodes"] is True
        assert config["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}
        assert config["kubeletConfig"]["insecureKubeletReadonlyPortEnabled"] == "FALSE"
        assert config["shieldedInstanceConfig"] == {"enableSecureBoot": True, "enableIntegrityMonitoring": True}
        assert config["serviceAccount"] == "jinshan-nodes@jinshan-compute.iam.gserviceaccount.com"
        assert inputs["management"] == {"autoRepair": True, "autoUpgrade": True}


def test_an_upgrade_of_accelerator_nodes_needs_no_spare_ones(recording: Recording, plan: CenterPlan) -> None:
    for pool in plan.pools:
        for inputs in pools(recording, pool.name):
            assert inputs["upgradeSettings"]["maxSurge"] == (0 if pool.accelerator else 1)


# Who may do what


def test_tenants_reach_only_their_buckets(recording: Recording, plan: CenterPlan) -> None:
    grants = [
        (grant.inputs["bucket"], grant.inputs["role"])
        for grant in made(recording, "storage/bucketIAMMember")
        if "account-tenant-research" in needs(recording, grant)
    ]
    buckets = {name: inputs["name"] for name, inputs in of(recording, "storage/bucket").items()}
    assert dict(grants) == {
        buckets[f"bucket-{MODELS}"]: "roles/storage.objectViewer",
        buckets[f"bucket-{DATASETS}"]: "roles/storage.objectViewer",
        buckets[f"bucket-{checkpoints_of('research')}"]: "roles/storage.objectUser",
    }


def test_an_account_can_be_become_by_its_service_account_alone(recording: Recording, plan: CenterPlan) -> None:
    grants = {
        inputs["member"]
        for inputs in of(recording, "serviceaccount/iAMMember").values()
        if inputs["role"] == "roles/iam.workloadIdentityUser"
    }
    assert grants == {
        f"serviceAccount:jinshan-compute.svc.id.goog[{workload.namespace}/{workload.service_account}]"
        for workload in plan.workloads
    }


def test_only_the_centre_s_own_secrets_are_read(recording: Recording) -> None:
    [(name, grant)] = [
        (name, inputs)
        for name, inputs in of(recording, "projects/iAMMember").items()
        if inputs["role"].startswith("roles/secretmanager.")
    ]
    assert name == "external-secrets-secrets"
    assert grant["condition"]["expression"] == 'resource.name.extract("/secrets/{name}").startsWith("jinshan-")'


def test_rights_in_the_whole_project_are_few_and_conditional(recording: Recording) -> None:
    """But for what a node does: it writes logs and metrics, which belong to the project."""
    grants = of(recording, "projects/iAMMember").values()
    assert {grant["role"] for grant in grants if "condition" not in grant} == {
        "roles/container.defaultNodeServiceAccount"
    }
    [admin] = [grant for grant in grants if grant["role"] == "roles/container.admin"]
    where = "projects/jinshan-compute/locations/us-central1/clusters/jinshan"
    assert admin["member"] == "group:platform@jinshan.example.com"
    assert admin["condition"]["expression"] == f'resource.name == "{where}" || resource.name.startsWith("{where}/")'


def test_nobody_is_everybody(recording: Recording) -> None:
    members = [each.inputs.get("member") for each in recording.resources if each.type.startswith("gcp:")]
    assert "serviceAccount:jinshan-nodes@jinshan-compute.iam.gserviceaccount.com" in members
    assert not {"allUsers", "allAuthenticatedUsers"} & set(members)


def test_use_of_keys_and_secrets_is_recorded(recording: Recording) -> None:
    recorded = {
        inputs["service"]: {kind["logType"] for kind in inputs["auditLogConfigs"]}
        for inputs in of(recording, "projects/iAMAuditConfig").values()
    }
    everything = {"ADMIN_READ", "DATA_READ", "DATA_WRITE"}
    assert recorded["cloudkms.googleapis.com"] == recorded["secretmanager.googleapis.com"] == everything


def test_nothing_is_made_before_its_service_is_enabled(recording: Recording) -> None:
    services = {
        "compute": "service-compute",
        "container": "service-container",
        "storage/bucket:": "service-storage",
        "filestore": "service-file",
        "lustre": "service-lustre",
        "artifactregistry": "service-artifactregistry",
        "kms": "service-cloudkms",
        "servicenetworking": "service-servicenetworking",
        "serviceaccount": "service-iam",
    }
    for prefix, service in services.items():
        found = [each for each in recording.resources if each.type.startswith(f"gcp:{prefix}")]
        assert found, prefix
        assert [each.name for each in found if service not in needs(recording, each)] == [], prefix


# Names


@given(name=st.from_regex(r"[a-z]([-a-z0-9]{0,98}[a-z0-9])?", fullmatch=True), limit=st.integers(20, 63))
def test_a_shortened_name_fits_and_is_still_a_name(name: str, limit: int) -> None:
    made_ = short(name, limit)
    assert len(made_) <= limit
    assert made_[0].isalpha()
    assert not made_.endswith("-")
    assert made_ == name or len(name) > limit


def test_long_names_that_begin_alike_stay_apart() -> None:
    assert short("jinshan-tenant-enterprise-customers-a", 30) != short("jinshan-tenant-enterprise-customers-b", 30)


@given(st.dictionaries(st.sampled_from(["owner", "cost-center"]), st.text(min_size=1, max_size=80)))
def test_labels_obey_google_cloud_s_rules(tags: dict[str, str]) -> None:
    for value in labels(tags).values():
        assert len(value) <= 63
        assert set(value) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")

"""What must hold of every centre on Azure, as its example stack is planned."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicc.offline.record import Recording, Resource, record
from aicc.offline.values import LATER, Secret
from aicc.paths import REPO
from infra import names
from infra.catalogue import load
from infra.clouds.azure import cluster as azure_cluster
from infra.clouds.azure import node_pools
from infra.clouds.azure.files import LUSTRE_SIZES, lustre_size
from infra.clouds.azure.node_pools import SYSTEM, physical_name
from infra.clouds.azure.roles import Role
from infra.config.load import KEY, from_file, raw_config
from infra.config.storage import BACKUPS, DATASETS, MODELS
from infra.plan import CenterPlan, resolve
from infra.plan.workloads import checkpoints_of
from tests.clouds.conftest import needs

STACK = "azure-sweden-central"
FILE = REPO / f"examples/Pulumi.{STACK}.yaml"
CONFIG = raw_config(FILE)
CHOSEN_KEY = "Microsoft.Keyvault"


def declared(**cloud: Any) -> Recording:
    """The example, with parts of its cloud declared otherwise."""
    center = CONFIG[KEY]
    return record(STACK, {**CONFIG, KEY: {**center, "cloud": {**center["cloud"], **cloud}}})


def with_pool(name: str, **changed: Any) -> Recording:
    """The example, with one of its pools declared otherwise."""
    center = CONFIG[KEY]
    pools = [{**pool, **changed} if pool["name"] == name else pool for pool in center["pools"]]
    return record(STACK, {**CONFIG, KEY: {**center, "pools": pools}})


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record(STACK, CONFIG)


@pytest.fixture(scope="module")
def plan() -> CenterPlan:
    return resolve(from_file(FILE), load())


def made(recording: Recording, kind: str) -> dict[str, Resource]:
    """Resources of a kind such as `storage:BlobContainer`, by logical name."""
    return {each.name: each for each in recording.resources if each.type == f"azure-native:{kind}"}


def of(recording: Recording, kind: str) -> dict[str, Mapping[str, Any]]:
    """Their inputs."""
    found = {name: each.inputs for name, each in made(recording, kind).items()}
    assert found, kind
    return found


def cluster(recording: Recording) -> Mapping[str, Any]:
    return of(recording, "containerservice:ManagedCluster")["cluster"]


def rights(recording: Recording) -> set[tuple[str, str, str]]:
    """Who has which built-in role on what, by logical names: an assignment's name is made of the three."""
    found = set()
    for name, resource in made(recording, "authorization:RoleAssignment").items():
        role = next(role for role in Role if resource.inputs["roleDefinitionId"].endswith(role.value))
        who, _, on = name.removeprefix("role-").partition(f"-{role.name.lower().replace('_', '-')}-")
        found.add((who, role.name, on))
    return found


# The API server and who may use it


def test_the_api_server_is_private_unless_addresses_are_allowed(recording: Recording) -> None:
    assert cluster(recording)["apiServerAccessProfile"] == {
        "authorizedIPRanges": ["203.0.113.16/28"],
        "disableRunCommand": True,
        "enablePrivateCluster": False,
        "enableVnetIntegration": True,
        "subnetId": LATER,
    }
    assert cluster(declared(apiAccess=[]))["apiServerAccessProfile"] == {
        "disableRunCommand": True,
        "enablePrivateCluster": True,
        "enablePrivateClusterPublicFQDN": False,
        "enableVnetIntegration": True,
        "privateDNSZone": "system",
        "subnetId": LATER,
    }


def test_only_declared_groups_administer_the_cluster(recording: Recording, plan: CenterPlan) -> None:
    found = cluster(recording)
    assert found["disableLocalAccounts"] is True
    assert found["aadProfile"]["adminGroupObjectIDs"] == CONFIG[KEY]["cloud"]["admins"]
    # A role on the subscription opens nothing.
    assert found["aadProfile"]["enableAzureRBAC"] is False


def test_a_kubeconfig_is_decoded_from_what_azure_answers() -> None:
    answer = {"kubeconfig": b64encode(b"apiVersion: v1\nkind: Config\n").decode()}
    assert azure_cluster._decoded(answer) == "apiVersion: v1\nkind: Config\n"


def test_network_policies_are_enforced(recording: Recording, plan: CenterPlan) -> None:
    network = cluster(recording)["networkProfile"]
    assert {network["networkDataplane"], network["networkPolicy"]} == {"cilium"}
    assert network["podCidr"] == plan.network.pod_cidr
    assert network["dnsServiceIP"] == "10.96.0.10"


def test_kubernetes_is_patched_and_never_upgraded_by_itself(recording: Recording, plan: CenterPlan) -> None:
    found = cluster(recording)
    assert found["kubernetesVersion"] == plan.kubernetes_version
    assert found["autoUpgradeProfile"] == {"upgradeChannel": "patch", "nodeOSUpgradeChannel": "NodeImage"}
    windows = {window["configName"] for window in of(recording, "containerservice:MaintenanceConfiguration").values()}
    assert windows == {"default", "aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"}


# Encryption and keys


def test_secrets_are_encrypted_with_the_centre_s_key(recording: Recording) -> None:
    kms = cluster(recording)["securityProfile"]["azureKeyVaultKms"]
    assert kms == {
        "enabled": True,
        "keyId": LATER,
        "keyVaultNetworkAccess": "Private",
        "keyVaultResourceId": LATER,
    }
    made_cluster = made(recording, "containerservice:ManagedCluster")["cluster"]
    # AKS cannot check a right on a vault that it does not reach yet: it must be there before.
    assert {"role-cluster-key-user-etcd", "key-cluster", "vault-etcd"} <= needs(recording, made_cluster)


@pytest.mark.parametrize(
    ("kind", "name", "key"),
    [
        ("storage:StorageAccount", "buckets", "buckets"),
        ("storage:StorageAccount", "files", "files"),
        ("compute:DiskEncryptionSet", "disks", "disks"),
        ("containerregistry:Registry", "registry", "registry"),
        ("storagecache:AmlFilesystem", "files-parallel", "parallel"),
    ],
)
def test_what_is_at_rest_has_a_key_of_its_own_that_it_may_use_before_it_is_made(
    recording: Recording, kind: str, name: str, key: str
) -> None:
    before = needs(recording, made(recording, kind)[name])
    assert {f"key-{key}", f"role-key-{key}-key-wrapper-key-{key}"} <= before
    keys = {found for found in before if found in made(recording, "keyvault:Key")}
    assert keys == {f"key-{key}"}


def test_accounts_are_encrypted_with_the_key_that_is_newest(recording: Recording) -> None:
    for account in of(recording, "storage:StorageAccount").values():
        assert account["encryption"]["keySource"] == CHOSEN_KEY
        assert "keyVersion" not in account["encryption"]["keyVaultProperties"]
        assert account["encryption"]["requireInfrastructureEncryption"] is True


def test_keys_are_rotated_and_never_expire(recording: Recording) -> None:
    for key in of(recording, "keyvault:Key").values():
        [action] = key["properties"]["rotationPolicy"]["lifetimeActions"]
        assert (action["action"]["type"], action["trigger"]) == ("rotate", {"timeAfterCreate": "P180D"})
        assert "attributes" not in key["properties"]["rotationPolicy"]


def test_vaults_are_closed_and_what_is_in_them_cannot_be_purged(recording: Recording) -> None:
    for name, vault in of(recording, "keyvault:Vault").items():
        properties = vault["properties"]
        assert properties["enablePurgeProtection"] is True
        assert properties["enableRbacAuthorization"] is True
        assert properties["networkAcls"]["defaultAction"] == "Deny"
        assert "ipRules" not in properties["networkAcls"]
        # Lustre comes to its vault over the public endpoint, as a trusted service.
        assert properties["publicNetworkAccess"] == ("Enabled" if name == "vault-lustre" else "Disabled")


def test_lustre_s_vault_is_there_only_with_lustre() -> None:
    center = CONFIG[KEY]
    without = record(STACK, {**CONFIG, KEY: {**center, "storage": {**center["storage"], "parallel": None}}})
    assert set(of(without, "keyvault:Vault")) == {"vault-etcd", "vault-keys", "vault-secrets"}
    assert made(without, "storagecache:AmlFilesystem") == {}


def test_every_disk_is_encrypted_up_to_its_host(recording: Recording) -> None:
    assert cluster(recording)["diskEncryptionSetID"] == LATER
    [system] = cluster(recording)["agentPoolProfiles"]
    for pool in [system, *of(recording, "containerservice:AgentPool").values()]:
        assert pool["enableEncryptionAtHost"] is True
        assert pool["enableNodePublicIP"] is False
        assert pool["osDiskType"] == "Managed"
        assert pool["securityProfile"]["sshAccess"] == "Disabled"


# Storage


def test_no_bucket_can_be_made_public(recording: Recording) -> None:
    for account in of(recording, "storage:StorageAccount").values():
        assert account["allowBlobPublicAccess"] is False
        assert account["publicNetworkAccess"] == "Disabled"
        assert account["networkRuleSet"] == {"defaultAction": "Deny", "bypass": "None"}
    assert {bucket["publicAccess"] for bucket in of(recording, "storage:BlobContainer").values()} == {"None"}


def test_nobody_gets_in_with_an_account_s_key_or_without_tls(recording: Recording) -> None:
    for account in of(recording, "storage:StorageAccount").values():
        assert account["allowSharedKeyAccess"] is False
        assert account["isLocalUserEnabled"] is False
        assert (account["enableHttpsTrafficOnly"], account["minimumTlsVersion"]) == (True, "TLS1_2")


def test_what_is_deleted_or_written_over_can_be_had_back(recording: Recording) -> None:
    [service] = of(recording, "storage:BlobServiceProperties").values()
    kept = {"enabled": True, "days": 30}
    assert service["isVersioningEnabled"] is True
    assert (service["deleteRetentionPolicy"], service["containerDeleteRetentionPolicy"]) == (kept, kept)


def test_buckets_get_cold_and_expire_as_declared(recording: Recording, plan: CenterPlan) -> None:
    rules = {
        rule["name"]: rule["definition"]
        for rule in of(recording, "storage:ManagementPolicy")["lifecycle"]["policy"]["rules"]
    }
    current = {name: rule["actions"].get("baseBlob") for name, rule in rules.items()}
    assert current == {
        MODELS: None,
        DATASETS: {"tierToCool": {"daysAfterModificationGreaterThan": 90}},
        **{
            checkpoints_of(tenant.name): {"delete": {"daysAfterModificationGreaterThan": 90}} for tenant in plan.tenants
        },
        BACKUPS: {
            "tierToCool": {"daysAfterModificationGreaterThan": 30},
            "delete": {"daysAfterModificationGreaterThan": 400},
        },
    }
    assert {name: rule["filters"]["prefixMatch"] for name, rule in rules.items()} == {
        name: [f"{name}/"] for name in rules
    }


def test_the_registry_is_closed_and_keeps_untagged_images(recording: Recording) -> None:
    [registry] = of(recording, "containerregistry:Registry").values()
    assert registry["publicNetworkAccess"] == "Disabled"
    assert (registry["adminUserEnabled"], registry["anonymousPullEnabled"]) == (False, False)
    # Pods name images by digest: one that lost its tag may be in use.
    assert "retentionPolicy" not in registry["policies"]


def test_every_closed_service_has_an_address_inside(recording: Recording) -> None:
    groups = {
        name: endpoint["privateLinkServiceConnections"][0]["groupIds"]
        for name, endpoint in of(recording, "network:PrivateEndpoint").items()
    }
    assert groups == {
        "endpoint-buckets": ["blob"],
        "endpoint-files": ["file"],
        "endpoint-registry": ["registry"],
        "endpoint-secrets": ["vault"],
    }
    assert set(of(recording, "network:PrivateDnsZoneGroup")) == set(groups)


@given(st.fractions(min_value=Fraction(1, 1024), max_value=768))
def test_lustre_is_never_smaller_than_declared_and_is_a_size_that_is_sold(tebibytes: Fraction) -> None:
    kind, size = lustre_size(tebibytes)
    [(step, largest)] = [(step, largest) for found, step, largest in LUSTRE_SIZES if found == kind]
    assert tebibytes <= size <= largest
    assert size % step == 0


# Rights


def test_tenants_reach_only_their_buckets(recording: Recording, plan: CenterPlan) -> None:
    for tenant in plan.tenants:
        who = f"workload-{tenant.namespace}"
        assert {(role, on) for found, role, on in rights(recording) if found == who} == {
            ("BLOB_READER", f"bucket-{MODELS}"),
            ("BLOB_READER", f"bucket-{DATASETS}"),
            ("BLOB_CONTRIBUTOR", f"bucket-{checkpoints_of(tenant.name)}"),
        }


def test_rights_are_on_exact_resources(recording: Recording) -> None:
    """A container's assignment hangs on the container, and on no account or group."""
    for name, resource in made(recording, "authorization:RoleAssignment").items():
        if "-bucket-" in name:
            assert f"bucket-{name.rpartition('-bucket-')[2]}" in needs(recording, resource)
        scope = resource.inputs["scope"]
        assert scope == LATER or re.fullmatch(r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/.+/.+/.+", scope)


def test_only_external_secrets_reads_the_centre_s_secrets(recording: Recording) -> None:
    readers = {(who, on) for who, role, on in rights(recording) if role == "SECRET_READER"}
    assert readers == {("workload-external-secrets", "secrets")}


def test_each_identity_is_for_one_service_account(recording: Recording, plan: CenterPlan) -> None:
    subjects = {
        name: credential["subject"]
        for name, credential in of(recording, "managedidentity:FederatedIdentityCredential").items()
    }
    assert subjects == {
        f"workload-{workload.name}": f"system:serviceaccount:{workload.namespace}:{workload.service_account}"
        for workload in plan.workloads
    }


def test_the_issuer_is_the_cluster_s_own(recording: Recording) -> None:
    assert cluster(recording)["oidcIssuerProfile"] == {"enabled": True}
    assert cluster(recording)["securityProfile"]["workloadIdentity"] == {"enabled": True}
    for name, credential in made(recording, "managedidentity:FederatedIdentityCredential").items():
        assert credential.inputs["issuer"] == LATER, name
        assert "cluster" in needs(recording, credential)


def test_assignments_have_names_that_stay_and_that_no_other_has(recording: Recording) -> None:
    found = {name: each["roleAssignmentName"] for name, each in of(recording, "authorization:RoleAssignment").items()}
    assert len(set(found.values())) == len(found)
    assert {UUID(name).version for name in found.values()} == {5}
    again = of(declared(), "authorization:RoleAssignment")
    assert found == {name: each["roleAssignmentName"] for name, each in again.items()}


# Pools


def test_pools_carry_the_plan_s_labels_and_taints(recording: Recording, plan: CenterPlan) -> None:
    pools = of(recording, "containerservice:AgentPool")
    assert set(pools) == {f"pool-{pool.name}" for pool in plan.pools}
    for pool in plan.pools:
        found = pools[f"pool-{pool.name}"]
        assert found["vmSize"] == pool.instance
        assert found["nodeLabels"] == {names.POOL: pool.name, **pool.labels}
        assert found["nodeTaints"] == [f"{taint.key}={taint.value}:{taint.effect}" for taint in pool.taints]
        assert found["availabilityZones"] == list(pool.zones)
        assert found["tags"]["owner"] == pool.owner


def test_labels_that_aks_keeps_for_itself_are_left_to_it(plan: CenterPlan) -> None:
    """Such as an accelerator's; declared ones are refused (`infra.plan.demands`)."""
    labels = {"kubernetes.azure.com/mode": "system", "example.com/rack": "r1"}
    found = node_pools._labels(replace(plan.pools[0], labels=labels))
    assert found == {names.POOL: plan.pools[0].name, "example.com/rack": "r1"}


def test_pools_scale_between_the_declared_bounds(recording: Recording, plan: CenterPlan) -> None:
    for pool in plan.pools:
        found = of(recording, "containerservice:AgentPool")[f"pool-{pool.name}"]
        assert found["count"] == pool.nodes
        assert found["enableAutoScaling"] is pool.scales
        bounds = (found.get("minCount"), found.get("maxCount"))
        assert bounds == ((pool.min_nodes, pool.max_nodes) if pool.scales else (None, None))


def test_spot_pools_are_evicted_and_take_no_upgrade_settings() -> None:
    found = of(with_pool("general", spot=True), "containerservice:AgentPool")["pool-general"]
    assert (found["scaleSetPriority"], found["scaleSetEvictionPolicy"], found["spotMaxPrice"]) == ("Spot", "Delete", -1)
    assert "upgradeSettings" not in found


def test_upgrades_need_no_spare_accelerators(recording: Recording) -> None:
    pools = of(recording, "containerservice:AgentPool")
    assert pools["pool-h200"]["upgradeSettings"]["maxSurge"] == "0"
    assert pools["pool-h200"]["upgradeSettings"]["maxUnavailable"] == "1"
    assert pools["pool-general"]["upgradeSettings"]["maxSurge"] == "10%"


def test_reserved_machines_are_taken_from_their_reservation(recording: Recording) -> None:
    pools = of(recording, "containerservice:AgentPool")
    field = "capacityReservationGroupID"
    reserved = {name: pool[field] for name, pool in pools.items() if field in pool}
    assert reserved == {"pool-a100": CONFIG[KEY]["cloud"]["reservations"]["a100"]}
    assert ("cluster", "CONTRIBUTOR", "a100") in rights(recording)


def test_machines_with_infiniband_stand_together_in_their_zone(recording: Recording) -> None:
    pools = of(recording, "containerservice:AgentPool")
    together = {name for name, pool in pools.items() if "proximityPlacementGroupID" in pool}
    assert together == {"pool-h200", "pool-h100"}
    group = of(recording, "compute:ProximityPlacementGroup")["placement-h100"]
    assert (group["zones"], group["intent"]) == (["1"], {"vmSizes": ["Standard_ND96isr_H100_v5"]})
    spread = with_pool("h100", zones=["1", "2"])
    assert set(of(spread, "compute:ProximityPlacementGroup")) == {"placement-h200"}


def test_no_pool_has_both_a_reservation_and_a_placement_group() -> None:
    """Azure refuses the two together."""
    group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/capacityReservationGroups/h200"
    reserved = of(declared(reservations={"h200": group}), "containerservice:AgentPool")
    assert "proximityPlacementGroupID" not in reserved["pool-h200"]


def test_the_cluster_s_own_services_have_a_pool_of_their_own(recording: Recording) -> None:
    [system] = cluster(recording)["agentPoolProfiles"]
    assert (system["name"], system["mode"], system["count"]) == (SYSTEM, "System", 3)
    assert system["nodeLabels"] == {names.ROLE: "system"}
    assert system["nodeTaints"] == ["CriticalAddonsOnly=true:NoSchedule"]


@given(st.lists(st.from_regex(r"\A[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?\Z"), min_size=2, max_size=20, unique=True))
def test_every_pool_has_a_name_that_aks_takes_and_no_other_has(pools: list[str]) -> None:
    found = [physical_name(pool) for pool in pools]
    assert all(re.fullmatch(r"[a-z][a-z0-9]{0,11}", name) for name in found)
    assert len(set(found)) == len(found)
    assert SYSTEM not in found


# Network, logs, protection


def test_nothing_comes_in_from_the_internet(recording: Recording, plan: CenterPlan) -> None:
    [group] = of(recording, "network:NetworkSecurityGroup").values()
    allowed = [rule for rule in group["securityRules"] if rule["access"] == "Allow"]
    inside = [plan.network.node_cidr, plan.network.pod_cidr]
    assert [rule["sourceAddressPrefixes"] for rule in allowed] == [inside]
    subnets = of(recording, "network:Subnet")
    assert {subnet["networkSecurityGroup"]["id"] for subnet in subnets.values()} == {LATER}
    assert {subnet["defaultOutboundAccess"] for subnet in subnets.values()} == {False}


def test_only_nodes_and_lustre_have_a_way_out(recording: Recording) -> None:
    subnets = of(recording, "network:Subnet")
    assert {name for name, subnet in subnets.items() if "natGateway" in subnet} == {"subnet-nodes", "subnet-parallel"}


def test_what_happens_is_logged(recording: Recording) -> None:
    logged = of(recording, "monitor:DiagnosticSetting")
    vaults = {f"audit-{name}" for name in of(recording, "keyvault:Vault")}
    assert set(logged) == {"audit-cluster", "audit-buckets", "audit-registry", *vaults}
    assert {"kube-audit-admin", "guard"} <= {log["category"] for log in logged["audit-cluster"]["logs"]}


def test_locks_follow_the_declared_protection(recording: Recording) -> None:
    locks = of(recording, "authorization:ManagementLockByScope")
    vaults = {f"lock-{name}" for name in of(recording, "keyvault:Vault")}
    assert set(locks) == {"lock-logs", "lock-registry", "lock-files-parallel", *vaults}
    assert {lock["level"] for lock in locks.values()} == {"CanNotDelete"}
    assert made(declared(deletionProtection=False), "authorization:ManagementLockByScope") == {}


def test_a_tenant_s_rights_are_never_locked_in(recording: Recording) -> None:
    """A lock on the account or the cluster would keep the assignments and pools below it from being deleted."""
    locks = made(recording, "authorization:ManagementLockByScope").values()
    assert {need for lock in locks for need in needs(recording, lock)} & {"buckets", "files", "cluster"} == set()


def test_keda_is_aks_own_where_the_centre_wants_it(recording: Recording) -> None:
    assert cluster(recording)["workloadAutoScalerProfile"] == {"keda": {"enabled": True}}
    without = declared(operators=["cert-manager", "gateway-api"])
    assert cluster(without)["workloadAutoScalerProfile"] == {"keda": {"enabled": False}}


def test_the_kubeconfig_is_a_secret(recording: Recording) -> None:
    assert isinstance(recording.outputs["kubeconfig"], Secret)


def test_names_that_are_everybody_s_fit_and_differ_between_stacks(recording: Recording) -> None:
    taken = [
        *(vault["vaultName"] for vault in of(recording, "keyvault:Vault").values()),
        *(account["accountName"] for account in of(recording, "storage:StorageAccount").values()),
        *(registry["registryName"] for registry in of(recording, "containerregistry:Registry").values()),
    ]
    assert len(set(taken)) == len(taken)
    assert all(re.fullmatch(r"[a-z][a-z0-9]{2,23}", name) for name in taken)
    elsewhere = declared(tenantId="00000000-0000-4000-8000-00000000000f")
    assert not set(taken) & {vault["vaultName"] for vault in of(elsewhere, "keyvault:Vault").values()}

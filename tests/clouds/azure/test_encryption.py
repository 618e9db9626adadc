"""Keys on Azure, and what they encrypt."""

from __future__ import annotations

import pytest

from aicc.offline.record import Recording, record
from aicc.offline.values import LATER
from infra.config.load import KEY
from tests.clouds.azure.example import CHOSEN_KEY, CONFIG, STACK, cluster, made, of
from tests.clouds.conftest import needs


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

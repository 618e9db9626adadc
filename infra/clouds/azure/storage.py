"""Buckets: containers of one account, encrypted with the centre's key, versioned, and reached only from inside.

The account's own keys open nothing: who reads and writes a container is said by role assignments alone. The account is
not locked: a lock would also hold fast the rights of a tenant that leaves. What is deleted is kept for a month.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import operationalinsights, storage

from infra.clouds.azure import logs
from infra.clouds.azure.keys import Key, KeyRing
from infra.clouds.azure.network import NetworkOut, private_endpoint
from infra.clouds.azure.scope import Scope
from infra.clouds.base import ObjectStore
from infra.config.storage import Bucket, Storage

_KEPT_DAYS = 30
"""Deleted blobs and containers, and versions that were written over."""


@dataclass(frozen=True)
class Buckets:
    """The buckets, for those who read and write them."""

    ids: Mapping[str, pulumi.Output[str]]
    """Of the containers, by role."""
    object_store: ObjectStore


def build(scope: Scope, networked: NetworkOut, keys: KeyRing, workspace: operationalinsights.Workspace) -> Buckets:
    """Register the account and its containers."""
    buckets, name = (scope.plan.storage or Storage()).buckets, scope.global_name("data")
    account = storage.StorageAccount(
        "buckets",  # CRITICAL: stateful
        account_name=name,
        kind=storage.Kind.STORAGE_V2,
        sku=storage.SkuArgs(name=storage.SkuName.STANDARD_ZRS),
        access_tier=storage.AccessTier.HOT,
        **closed(scope, keys.buckets),
        opts=scope.stateful(keys.buckets.granted),
    )
    kept = _service(scope, account)
    containers = {bucket.name: _container(scope, account, bucket) for bucket in buckets}
    _lifecycle(scope, account, buckets, kept)
    private_endpoint(scope, networked, "buckets", account, "blob")
    logs.keep(scope, workspace, "buckets", pulumi.Output.concat(account.id, "/blobServices/default"))
    return Buckets(
        ids={role: container.id for role, container in containers.items()},
        object_store=ObjectStore(
            scheme="azblob",
            region=scope.cloud.region,
            endpoint=f"{name}.blob.core.windows.net",
            buckets={role: container.name for role, container in containers.items()},
            account=account.name,
        ),
    )


def closed(scope: Scope, key: Key) -> dict[str, object]:
    """What every storage account has in common: TLS, no public access, no keys but the centre's own."""
    whole_account = storage.EncryptionServiceArgs(enabled=True, key_type=storage.KeyType.ACCOUNT)
    return {
        "resource_group_name": scope.group,
        "location": scope.cloud.region,
        "allow_blob_public_access": False,
        "allow_cross_tenant_replication": False,
        "allow_shared_key_access": False,
        "allowed_copy_scope": storage.AllowedCopyScope.AAD,
        "default_to_o_auth_authentication": True,
        "enable_https_traffic_only": True,
        "is_local_user_enabled": False,
        "minimum_tls_version": storage.MinimumTlsVersion.TLS1_2,
        "public_network_access": storage.PublicNetworkAccess.DISABLED,
        "network_rule_set": storage.NetworkRuleSetArgs(
            default_action=storage.DefaultAction.DENY, bypass=storage.Bypass.NONE
        ),
        "identity": storage.IdentityArgs(
            type=storage.IdentityType.USER_ASSIGNED, user_assigned_identities=[key.identity.id]
        ),
        "encryption": storage.EncryptionArgs(
            key_source=storage.KeySource.MICROSOFT_KEYVAULT,
            # Without a version: storage takes up a rotated key by itself.
            key_vault_properties=storage.KeyVaultPropertiesArgs(key_name=key.key.name, key_vault_uri=key.vault.url),
            encryption_identity=storage.EncryptionIdentityArgs(encryption_user_assigned_identity=key.identity.id),
            require_infrastructure_encryption=True,
            services=storage.EncryptionServicesArgs(blob=whole_account, file=whole_account),
        ),
        "tags": scope.tags(),
    }


def _service(scope: Scope, account: storage.StorageAccount) -> storage.BlobServiceProperties:
    kept = storage.DeleteRetentionPolicyArgs(enabled=True, days=_KEPT_DAYS)
    return storage.BlobServiceProperties(
        "buckets",
        resource_group_name=scope.group,
        account_name=account.name,
        blob_services_name="default",
        is_versioning_enabled=True,
        delete_retention_policy=kept,
        container_delete_retention_policy=kept,
        opts=scope.options(),
    )


def _container(scope: Scope, account: storage.StorageAccount, bucket: Bucket) -> storage.BlobContainer:
    return storage.BlobContainer(
        f"bucket-{bucket.name}",  # CRITICAL: stateful
        resource_group_name=scope.group,
        account_name=account.name,
        container_name=bucket.name,
        public_access=storage.PublicAccess.NONE,
        metadata={"center": scope.plan.name, "bucket": bucket.name},
        opts=scope.stateful(),
    )


def _lifecycle(
    scope: Scope,
    account: storage.StorageAccount,
    buckets: tuple[Bucket, ...],
    versions_kept: storage.BlobServiceProperties,
) -> None:
    """One policy for the account, with a rule for each bucket."""
    storage.ManagementPolicy(
        "lifecycle",
        resource_group_name=scope.group,
        account_name=account.name,
        management_policy_name="default",
        policy=storage.ManagementPolicySchemaArgs(rules=[_rule(bucket) for bucket in buckets]),
        # Rules about versions are refused as long as there are none.
        opts=scope.options(versions_kept),
    )


def _rule(bucket: Bucket) -> storage.ManagementPolicyRuleArgs:
    cold, expire = bucket.cold_after_days, bucket.expire_after_days
    current = storage.ManagementPolicyBaseBlobArgs(
        tier_to_cool=storage.DateAfterModificationArgs(days_after_modification_greater_than=cold) if cold else None,
        delete=storage.DateAfterModificationArgs(days_after_modification_greater_than=expire) if expire else None,
    )
    old = storage.ManagementPolicyVersionArgs(
        delete=storage.DateAfterCreationArgs(days_after_creation_greater_than=_KEPT_DAYS)
    )
    return storage.ManagementPolicyRuleArgs(
        name=bucket.name,
        type=storage.RuleType.LIFECYCLE,
        enabled=True,
        definition=storage.ManagementPolicyDefinitionArgs(
            filters=storage.ManagementPolicyFilterArgs(blob_types=["blockBlob"], prefix_match=[f"{bucket.name}/"]),
            actions=storage.ManagementPolicyActionArgs(base_blob=current if cold or expire else None, version=old),
        ),
    )

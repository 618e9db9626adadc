"""Vaults, and the keys that everything at rest is encrypted with; the centre's own secrets have a vault to themselves.

Each key has one identity that may use it, and it alone. Vaults are apart because rights on a whole vault are.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import keyvault, managedidentity, operationalinsights

from infra.clouds.azure import logs, roles
from infra.clouds.azure.network import NetworkOut, private_endpoint
from infra.clouds.azure.roles import Role
from infra.clouds.azure.scope import Scope
from infra.config.storage import Storage

_ROTATED_AFTER = "P180D"
_SOFT_DELETE_DAYS, _SHORTEST_SOFT_DELETE_DAYS = 90, 7
_KEY_BITS, _LUSTRE_KEY_BITS = 3072, 2048
"""Azure Managed Lustre takes no other than 2048."""


@dataclass(frozen=True)
class Vault:
    """A vault, by the name that it is reached under."""

    vault: keyvault.Vault
    url: str


@dataclass(frozen=True)
class Key:
    """A key, and who may use it."""

    vault: Vault
    key: keyvault.Key
    identity: managedidentity.UserAssignedIdentity
    granted: pulumi.Resource
    """The identity's right to it: what is encrypted with it comes after."""


@dataclass(frozen=True)
class KeyRing:
    """The keys, by what they encrypt."""

    cluster: keyvault.Key
    """Kubernetes secrets; the cluster's own identity uses it."""
    cluster_vault: Vault
    disks: Key
    buckets: Key
    files: Key
    registry: Key
    parallel: Key | None
    secrets: Vault
    """The centre's own secrets."""


def build(scope: Scope, networked: NetworkOut, workspace: operationalinsights.Workspace) -> KeyRing:
    """Register the vaults and keys."""
    # AKS may change the whole vault of its key, and Lustre reaches none that is closed: neither shares one.
    cluster_vault = _vault(scope, workspace, "etcd", trusted_services=False)
    shared = _vault(scope, workspace, "keys")
    secrets = _vault(scope, workspace, "secrets", trusted_services=False)
    private_endpoint(scope, networked, "secrets", secrets.vault, "vault")
    return KeyRing(
        cluster=_key(scope, cluster_vault, "cluster"),
        cluster_vault=cluster_vault,
        disks=_granted(scope, shared, "disks"),
        buckets=_granted(scope, shared, "buckets"),
        files=_granted(scope, shared, "files"),
        registry=_granted(scope, shared, "registry"),
        parallel=_lustre_key(scope, workspace) if (scope.plan.storage or Storage()).parallel else None,
        secrets=secrets,
    )


def _lustre_key(scope: Scope, workspace: operationalinsights.Workspace) -> Key:
    vault = _vault(scope, workspace, "lustre", public_network_access="Enabled")
    return _granted(scope, vault, "parallel", bits=_LUSTRE_KEY_BITS)


def _vault(
    scope: Scope,
    workspace: operationalinsights.Workspace,
    role: str,
    *,
    trusted_services: bool = True,
    public_network_access: str = "Disabled",
) -> Vault:
    """A vault that nobody reaches from outside; storage, disks and the registry come in as trusted services."""
    name = scope.global_name(role)
    protect = scope.cloud.deletion_protection
    bypass = keyvault.NetworkRuleBypassOptions
    vault = keyvault.Vault(
        f"vault-{role}",  # CRITICAL: stateful
        resource_group_name=scope.group,
        vault_name=name,
        location=scope.cloud.region,
        properties=keyvault.VaultPropertiesArgs(
            tenant_id=scope.cloud.tenant_id,
            sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
            enable_rbac_authorization=True,
            enable_soft_delete=True,
            soft_delete_retention_in_days=_SOFT_DELETE_DAYS if protect else _SHORTEST_SOFT_DELETE_DAYS,
            # Not a choice: no service encrypts with a key that could be gone at once.
            enable_purge_protection=True,
            public_network_access=public_network_access,
            network_acls=keyvault.NetworkRuleSetArgs(
                default_action=keyvault.NetworkRuleAction.DENY,
                bypass=bypass.AZURE_SERVICES if trusted_services else bypass.NONE,
            ),
        ),
        tags=scope.tags(),
        opts=scope.stateful(),
    )
    scope.lock(f"vault-{role}", vault)
    logs.keep(scope, workspace, f"vault-{role}", vault.id)
    return Vault(vault, f"https://{name}.vault.azure.net")


def _key(scope: Scope, vault: Vault, role: str, bits: int = _KEY_BITS) -> keyvault.Key:
    rotate = keyvault.LifetimeActionArgs(
        action=keyvault.ActionArgs(type=keyvault.KeyRotationPolicyActionType.ROTATE),
        trigger=keyvault.TriggerArgs(time_after_create=_ROTATED_AFTER),
    )
    return keyvault.Key(
        f"key-{role}",  # CRITICAL: stateful; without it nothing that it encrypts can be read
        resource_group_name=scope.group,
        vault_name=vault.vault.name,
        key_name=role,
        properties=keyvault.KeyPropertiesArgs(
            kty=keyvault.JsonWebKeyType.RSA,
            key_size=bits,
            # No version ever expires: what it encrypted could then not be read.
            rotation_policy=keyvault.RotationPolicyArgs(lifetime_actions=[rotate]),
        ),
        tags=scope.tags(),
        opts=scope.stateful(),
    )


def _granted(scope: Scope, vault: Vault, role: str, bits: int = _KEY_BITS) -> Key:
    key, user = _key(scope, vault, role, bits), roles.principal(scope, f"key-{role}")
    return Key(vault, key, user.identity, roles.assign(scope, user, Role.KEY_WRAPPER, f"key-{role}", key.id))

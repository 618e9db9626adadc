"""What the cluster may do in the cloud: its control plane's identity, its kubelets' identity, and their roles."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import compute

from infra.clouds.azure import roles
from infra.clouds.azure.keys import Key, KeyRing
from infra.clouds.azure.network import NetworkOut
from infra.clouds.azure.roles import Principal, Role
from infra.clouds.azure.scope import Scope


@dataclass(frozen=True)
class Access:
    """The identities, and all that must be theirs before the cluster is made."""

    control_plane: Principal
    kubelet: Principal
    disks: compute.DiskEncryptionSet
    """The key of every disk, in the form that disks take it."""
    granted: tuple[pulumi.Resource, ...]


def build(scope: Scope, networked: NetworkOut, keys: KeyRing) -> Access:
    """Register the identities and their roles, each on exact resources."""
    control_plane, kubelet = roles.principal(scope, "cluster"), roles.principal(scope, "kubelet")
    disks = _disks(scope, keys.disks)

    def may(role: Role, on: str, resource: pulumi.Input[str]) -> pulumi.Resource:
        return roles.assign(scope, control_plane, role, on, resource)

    granted = (
        may(Role.NETWORK_CONTRIBUTOR, "nodes", networked.subnets["nodes"]),
        may(Role.NETWORK_CONTRIBUTOR, "api", networked.subnets["api"]),
        may(Role.IDENTITY_OPERATOR, "kubelet", kubelet.identity.id),
        may(Role.KEY_USER, "etcd", keys.cluster.id),
        # AKS asks for it: it connects itself to the vault, through an endpoint of its own.
        may(Role.VAULT_CONTRIBUTOR, "etcd", keys.cluster_vault.vault.id),
        may(Role.READER, "disks", disks.id),
        *(may(Role.CONTRIBUTOR, pool, group) for pool, group in scope.cloud.reservations.items()),
    )
    return Access(control_plane, kubelet, disks, granted)


def _disks(scope: Scope, key: Key) -> compute.DiskEncryptionSet:
    return compute.DiskEncryptionSet(
        "disks",  # CRITICAL: stateful
        resource_group_name=scope.group,
        disk_encryption_set_name=scope.name(),
        location=scope.cloud.region,
        encryption_type=compute.DiskEncryptionSetType.ENCRYPTION_AT_REST_WITH_CUSTOMER_KEY,
        identity=compute.EncryptionSetIdentityArgs(
            type=compute.DiskEncryptionSetIdentityType.USER_ASSIGNED, user_assigned_identities=[key.identity.id]
        ),
        active_key=compute.KeyForDiskEncryptionSetArgs(
            key_url=key.key.key_uri_with_version, source_vault=compute.SourceVaultArgs(id=key.vault.vault.id)
        ),
        rotation_to_latest_key_version_enabled=True,
        tags=scope.tags(),
        opts=scope.stateful(key.granted),
    )

"""Keys of the centre: a software-protected KMS instance inside the network, and a key for each kind of data.

Default keys, those without an instance, would do for one centre at most: their rotation is yearly and sold apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_alicloud import kms

from infra.clouds.alicloud.network import NetworkOut
from infra.clouds.alicloud.scope import Scope

_PURPOSES = {
    "kubernetes": "Kubernetes secrets of the cluster",
    "disks": "disks of the nodes",
    "storage": "buckets, file systems and the registry",
    "secrets": "secrets of the centre itself",
}
_ROTATION = "90d"
_DAYS_UNTIL_DELETED = 30
_SOFTWARE_INSTANCE = "3"
"""The KMS product's version, which every example of the provider's own page has."""


@dataclass(frozen=True)
class KeyRing:
    """The keys, by what they encrypt."""

    kubernetes: kms.Key
    disks: kms.Key
    storage: kms.Key
    secrets: kms.Key


def build(scope: Scope, network: NetworkOut) -> KeyRing:
    """Register the instance and its keys."""
    instance = kms.Instance(
        "keys",  # CRITICAL: stateful; without it nothing that is encrypted can be read
        instance_name=scope.name(),
        payment_type="PayAsYouGo",
        product_version=_SOFTWARE_INSTANCE,
        vpc_id=network.vpc_id,
        zone_ids=list(scope.pair),
        vswitch_ids=[network.nodes[zone] for zone in scope.pair],
        deletion_protection=scope.cloud.deletion_protection,
        tags=scope.tags(),
        opts=scope.stateful(),
    )
    return KeyRing(**{purpose: _key(scope, purpose, instance) for purpose in _PURPOSES})


def _key(scope: Scope, purpose: str, instance: kms.Instance) -> kms.Key:
    protect = scope.cloud.deletion_protection
    key = kms.Key(
        f"key-{purpose}",  # CRITICAL: stateful
        description=f"{scope.plan.name}: {_PURPOSES[purpose]}",
        dkms_instance_id=instance.id,
        key_spec="Aliyun_AES_256",
        key_usage="ENCRYPT/DECRYPT",
        automatic_rotation="Enabled",
        rotation_interval=_ROTATION,
        pending_window_in_days=_DAYS_UNTIL_DELETED,
        deletion_protection="Enabled" if protect else "Disabled",
        deletion_protection_description="data of the centre is encrypted with it" if protect else None,
        tags=scope.tags(),
        opts=scope.stateful(),
    )
    _alias(scope, purpose, key.id)
    return key


def _alias(scope: Scope, purpose: str, key_id: pulumi.Output[str]) -> None:
    kms.Alias(
        f"key-{purpose}",
        alias_name=f"alias/{scope.name(purpose)}",
        key_id=key_id,
        opts=scope.options(),
    )

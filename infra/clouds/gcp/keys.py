"""The centre's own keys: one for each service, which alone may use it, so that closing one closes one."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_gcp import kms

from infra.clouds.gcp.naming import labels
from infra.clouds.gcp.project import ProjectOut
from infra.clouds.public import declared, stateful, tags
from infra.config.clouds import GcpCloud
from infra.plan import CenterPlan

Keys = Mapping[str, pulumi.Output[str]]
"""By service: the key's id, known once the service may use the key."""

_PROTECTS = {
    "container": "secrets",
    "compute": "disks",
    "storage": "buckets",
    "artifactregistry": "images",
    "file": "shared-files",
    "lustre": "parallel-files",
}
_ROTATION = f"{90 * 24 * 3600}s"
_DESTROYED_AFTER = f"{30 * 24 * 3600}s"


def build(plan: CenterPlan, project: ProjectOut) -> Keys:
    """A key ring, and a key for each service that has an agent."""
    # CRITICAL: stateful. Neither a ring nor a key can ever be removed from a project, or its name used again.
    ring = kms.KeyRing(
        "keys",
        project=project.ids["cloudkms"],
        location=declared(plan, GcpCloud).region,
        name=plan.name,
        opts=stateful(plan),
    )
    return {service: _key(plan, ring, service, member) for service, member in project.agents.items()}


def _key(plan: CenterPlan, ring: kms.KeyRing, service: str, member: pulumi.Output[str]) -> pulumi.Output[str]:
    role = _PROTECTS[service]
    key = kms.CryptoKey(
        f"key-{role}",
        key_ring=ring.id,
        name=role,
        rotation_period=_ROTATION,
        destroy_scheduled_duration=_DESTROYED_AFTER,
        deletion_policy=deletion_policy(plan),
        labels=labels(tags(plan)),
        opts=stateful(plan),
    )
    grant = kms.CryptoKeyIAMMember(
        f"key-{role}-{service}",
        crypto_key_id=key.id,
        role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
        member=member,
    )
    return pulumi.Output.from_input(grant.crypto_key_id)


def deletion_policy(plan: CenterPlan) -> str:
    """The provider's own refusal to delete, for what Google Cloud itself would let go."""
    return "PREVENT" if declared(plan, GcpCloud).deletion_protection else "DELETE"

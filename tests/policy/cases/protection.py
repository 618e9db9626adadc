"""Deletion protection."""

from __future__ import annotations

from tests.policy.build import center, fails, passes, subject
from tests.policy.tokens import ACK_POOL, AKS, EKS, GCS, GKE, OSS, S3, VAULT

CASES = [
    *passes("stateful-protected", subject(OSS, protect=True), subject(VAULT, protect=True), subject(ACK_POOL)),
    *fails(
        "stateful-protected",
        (subject(OSS), "protect=True"),
        (subject("gcp:kms/cryptoKey:CryptoKey"), "protect=True"),
        (subject("aws:efs/fileSystem:FileSystem"), "protect=True"),
    ),
    *passes("protection-declared", center(), center(deletionProtection=None, cloud="existing")),
    *fails("protection-declared", (center(deletionProtection=False), "cloud.deletionProtection must be true")),
    *passes("clouds-refuse-deletion", subject(EKS, {"deletionProtection": True}), subject(AKS)),
    *fails("clouds-refuse-deletion", (subject(GKE, {"deletionProtection": False}), "deletionProtection must be true")),
    *passes("never-emptied", subject(S3), subject(OSS, {"forceDestroy": False})),
    *fails(
        "never-emptied",
        (subject(GCS, {"forceDestroy": True}), "forceDestroy must be false"),
        (subject("aws:ecr/repository:Repository", {"forceDelete": True}), "forceDelete must be false"),
    ),
]

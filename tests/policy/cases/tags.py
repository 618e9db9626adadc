"""Tags."""

from __future__ import annotations

from tests.policy.build import TAGS, fails, passes, subject
from tests.policy.tokens import ACK, GCS, GKE, GKE_POOL, OSS

CASES = [
    *passes(
        "tags-required",
        subject(OSS, {"tags": TAGS}),
        subject(GCS, {"labels": TAGS}),
        subject(GKE_POOL, {"nodeConfig": {"resourceLabels": TAGS}}),
        subject("alicloud:vpc/snatEntry:SnatEntry"),
    ),
    *fails(
        "tags-required",
        (subject(OSS), "lacks owner, cost-center, tenant in tags"),
        (subject(GKE, {"resourceLabels": {"owner": "a"}}), "lacks cost-center, tenant in resourceLabels"),
        (subject(ACK, {"tags": {**TAGS, "owner": ""}}), "lacks owner in tags; it must have owner, cost-center, tenant"),
    ),
]

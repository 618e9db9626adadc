"""A namespace of the centre: its role, its tenant, and its Pod Security level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from infra import names
from infra.layers.objects import Manifest

PodSecurity = Literal["privileged", "baseline", "restricted"]


def namespace(
    name: str,
    role: str,
    level: PodSecurity,
    center: str,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """One namespace: `level` is enforced, what would break `restricted` is warned of and audited."""
    pod_security = {"enforce": level, "warn": "restricted", "audit": "restricted"}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {
                names.CENTER: center,
                names.ROLE: role,
                **{f"pod-security.kubernetes.io/{mode}": value for mode, value in pod_security.items()},
                **(labels or {}),
            },
            **({"annotations": dict(annotations)} if annotations else {}),
        },
    }

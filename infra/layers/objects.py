"""Registers a Kubernetes object from its manifest, in Kubernetes' own spelling.

The SDK's typed classes register the same resource under the same URN, but importing those of core/v1 alone costs
0.85 s and 75 MB, more than everything else a plan does (docs/adr/2026-11-23-plain-manifests.md). Their checks are not
missed: every manifest passes kubeconform in strict mode and a strict server-side dry run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

Manifest = Mapping[str, Any]
RELEASE_TYPE = "kubernetes:helm.sh/v3:Release"


class KubernetesObject(pulumi.CustomResource):
    """One object of the cluster; `name` defaults to the object's own, with its namespace before it."""

    def __init__(self, manifest: Manifest, opts: pulumi.ResourceOptions) -> None:
        metadata = manifest["metadata"]
        name = f"{metadata['namespace']}-{metadata['name']}" if "namespace" in metadata else metadata["name"]
        super().__init__(type_token(manifest), name, dict(manifest), opts)


class HelmRelease(pulumi.CustomResource):
    """A chart that Helm itself installs; the SDK's class registers the same, and takes long to import."""

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(RELEASE_TYPE, name, dict(inputs), opts)


def type_token(manifest: Manifest) -> str:
    """The provider's type for a manifest: `kubernetes:core/v1:Namespace`, `kubernetes:apps/v1:Deployment`."""
    version = manifest["apiVersion"]
    return f"kubernetes:{version if '/' in version else f'core/{version}'}:{manifest['kind']}"

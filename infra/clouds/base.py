"""The contract of a cloud: a plan goes in, a cluster that the layers can build on comes out.

A cloud is a module with a `build(plan) -> ClusterOut` function, named once in `registry`.
It makes the cluster and its node pools and says what they offer; what runs on them is the layers' work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import pulumi
import pulumi_kubernetes as kubernetes

from infra.config.models import Capability
from infra.plan import CenterPlan


@dataclass(frozen=True)
class ClusterOut:
    """What a cloud hands to the layers."""

    provider: kubernetes.Provider
    kubeconfig: pulumi.Output[str]
    """Path or content; a secret where it is content."""
    capabilities: frozenset[Capability]
    """Custom-resource APIs that the cluster serves; a layer uses only these, and built-in kinds otherwise."""
    admission_scope: Literal["cluster", "center"]
    """Where admission policies hold unless the stack says otherwise."""
    images_by_digest: bool
    """Whether pods must name their images by digest."""


class Cloud(Protocol):
    """A cloud's module."""

    def build(self, plan: CenterPlan) -> ClusterOut:
        """Register the cloud's resources, without calling the cloud."""

"""The contract of a layer: it sees the plan, the cluster and what earlier layers made, and says what it made.

A layer is one module with a `LAYER`; `infra.layers` puts them in order. A layer emits a custom resource only
where the cluster's capabilities have it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pulumi

from infra.clouds.base import ClusterOut
from infra.config.load import PROJECT
from infra.layers.objects import KubernetesObject, Manifest
from infra.plan import CenterPlan


@dataclass(frozen=True)
class LayerOut:
    """What a layer hands to the layers that require it."""

    ready: tuple[pulumi.Resource, ...] = ()
    """What everything built on this layer depends on."""
    parts: Mapping[str, tuple[pulumi.Resource, ...]] = field(default_factory=dict)
    """What one dependent needs, by key (a tenant, an accelerator), so that it waits for no other."""


@dataclass(frozen=True)
class LayerIn:
    """What a layer sees."""

    plan: CenterPlan
    cluster: ClusterOut
    component: pulumi.ComponentResource
    earlier: Mapping[str, LayerOut]

    def declare(self, manifest: Manifest, *after: pulumi.Resource) -> KubernetesObject:
        """Register one object of this layer, to be made after others."""
        return KubernetesObject(manifest, self.options(*after))

    def options(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of every resource in the layer: its component as parent, the cluster's provider."""
        return pulumi.ResourceOptions(parent=self.component, provider=self.cluster.provider, depends_on=list(after))


@dataclass(frozen=True)
class Layer:
    """One layer of the centre."""

    name: str
    requires: tuple[str, ...]
    build: Callable[[LayerIn], LayerOut]


class LayerComponent(pulumi.ComponentResource):
    """The node of the resource tree under which a layer's resources hang."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{PROJECT}:layers:{name.capitalize()}", name)

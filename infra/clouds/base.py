"""The contract of a cloud: a plan goes in, a cluster that the layers can build on comes out.

A cloud is a module or package with a `build(plan) -> ClusterOut` function, named once in `registry`.
It makes the cluster, its node pools and its storage and says what they offer; what runs on them is the layers' work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pulumi
import pulumi_kubernetes as kubernetes

from infra.config.fields import Capability
from infra.plan import CenterPlan

VolumeKind = Literal["block", "shared", "parallel"]
"""One node's disk, files for many nodes, files for many nodes at full speed."""


@dataclass(frozen=True)
class VolumeClass:
    """How a kind of volume is made, by a driver that the cluster has."""

    provisioner: str
    parameters: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    mount_options: tuple[str, ...] = ()
    zonal: bool = False
    """Whether a volume is in one zone: it is then made where its pod is placed."""
    expandable: bool = True


@dataclass(frozen=True)
class Identity:
    """How pods of a service account come by their rights in the cloud."""

    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Of the service account."""
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    """Of its pods."""


@dataclass(frozen=True)
class Endpoint:
    """An address that pods must reach."""

    cidr: str
    port: int


@dataclass(frozen=True)
class ObjectStore:
    """Where the centre's buckets are."""

    scheme: Literal["oss", "s3", "gs", "azblob"]
    region: str
    endpoint: str
    """What a client inside the network connects to; without a scheme."""
    buckets: Mapping[str, pulumi.Output[str]]
    """Physical names by role."""
    account: pulumi.Output[str] | None = None
    """The storage account, where the buckets are in one (Azure)."""


@dataclass(frozen=True)
class ClusterOut:
    """What a cloud hands to the layers."""

    provider: kubernetes.Provider
    kubeconfig: pulumi.Output[str]
    """Path or content; a secret where it is content."""
    capabilities: frozenset[Capability]
    """Custom-resource APIs that the cluster serves without the centre's doing."""
    admission_scope: Literal["cluster", "center"]
    """Where admission policies hold unless the stack says otherwise."""
    images_by_digest: bool
    """Whether pods must name their images by digest."""
    operators: tuple[Capability, ...] = ()
    """Operators that the operators layer installs, because the service has none of its own for them."""
    volumes: Mapping[VolumeKind, VolumeClass] = field(default_factory=dict)
    """Kinds of volume that the centre makes a StorageClass for, encrypted with its own key where the service can."""
    object_store: ObjectStore | None = None
    identities: Mapping[str, Identity] = field(default_factory=dict)
    """By the name of the plan's workload."""
    identity_endpoints: tuple[Endpoint, ...] = ()
    """Where a node hands out what an identity gives, apart from the cloud's own addresses on port 443."""
    service_nodes: Mapping[str, str] = field(default_factory=dict)
    """Labels of the nodes that the platform's own services and models on CPU run on; none: any node."""
    exports: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """What people want to know about the cloud's part: ids and addresses, no secret."""

    def serves(self, capability: Capability) -> bool:
        """Whether a custom-resource API is there, or will be once the operators layer is."""
        return capability in self.capabilities or capability in self.operators


class Cloud(Protocol):
    """A cloud's module."""

    def build(self, plan: CenterPlan) -> ClusterOut:
        """Register the cloud's resources, without calling the cloud."""

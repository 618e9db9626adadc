"""Where a centre can be built: one declared object per kind of cloud. Adding one: docs/howto/add-a-cloud.md."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from infra.config.fields import GUID, Capability, Cidr, Declared, LabelValue, Name, Operator, Version


class LocalCloud(Declared):
    """The embedded local cluster: a real control plane on this machine, with simulated nodes beside at most one."""

    kind: Literal["local"]
    operators: tuple[Literal["keda"], ...] = Field(
        default=(), description="Operators that run on this machine beside the control plane; built on first use."
    )
    real_node: Literal["auto", "off"] = Field(
        default="auto",
        description="`auto`: the node of the pool that is this machine is real where root and Debian allow it.",
    )


class ExistingCloud(Declared):
    """A cluster that is already there; the centre is built on it and nothing else in it is touched."""

    kind: Literal["existing"]
    kubeconfig: str = Field(description="Path of the kubeconfig; `~` is expanded. A path, never its content.")
    context: str = Field(description="The kubeconfig context to use, so that a changed default never redirects a run.")
    capabilities: tuple[Capability, ...] = Field(
        default=(), description="Operators whose custom resources the cluster serves; others are not used."
    )
    device_plugins: Literal["present", "install"] = Field(
        default="present", description="Whether the accelerators' device plugins already run there."
    )


class PublicCloud(Declared):
    """What every public cloud is told; its own class adds what only it knows."""

    kind: str
    region: Name = Field(description="The cloud's region, of the catalogue's services.")
    zones: Annotated[
        tuple[Name, ...],
        Field(
            min_length=1, max_length=8, description="Zones of the network, each with subnets. Append, never reorder."
        ),
    ]
    kubernetes_version: Version | None = Field(
        default=None, description="Minor version; default: the newest that the catalogue says the service offers."
    )
    owner: Name = Field(description="Who answers for it; tag of every resource.")
    cost_center: LabelValue = Field(description="Who pays; tag of every resource.")
    api_access: tuple[Cidr, ...] = Field(
        default=(),
        description="Addresses outside the network that may reach the API server; none: its endpoint is private.",
    )
    admins: tuple[Annotated[str, StringConstraints(min_length=1, max_length=500)], ...] = Field(
        default=(), description="Who administers the cluster, as the cloud names them (role, group, user)."
    )
    operators: tuple[Operator, ...] = Field(
        default=get_args(Operator), description="Operators that the centre installs, where the service has none."
    )
    reservations: dict[Name, Annotated[str, StringConstraints(min_length=1, max_length=500)]] = Field(
        default={}, description="By pool: the capacity reservation that its machines are taken from."
    )
    deletion_protection: bool = Field(
        default=True, description="Whether the cluster, its keys and its storage refuse to be deleted."
    )


class LingjunGroup(Declared):
    """Lingjun machines that were bought and are in a node group; a program cannot create them."""

    cluster_id: Annotated[str, StringConstraints(min_length=1)] = Field(description="Of the Lingjun (EFLO) cluster.")
    group_id: Annotated[str, StringConstraints(min_length=1)] = Field(description="Of its node group.")


class AlicloudCloud(PublicCloud):
    """Alibaba Cloud: ACK managed Pro, Lingjun node pools for Zhenwu PPUs."""

    kind: Literal["alicloud"]
    lingjun: dict[Name, LingjunGroup] = Field(
        default={}, description="By pool: the Lingjun node group that its nodes join from; required for PPU pools."
    )


class AwsCloud(PublicCloud):
    """Amazon Web Services: EKS."""

    kind: Literal["aws"]


class GcpCloud(PublicCloud):
    """Google Cloud: GKE."""

    kind: Literal["gcp"]
    project: Name = Field(description="The Google Cloud project.")


class AzureCloud(PublicCloud):
    """Microsoft Azure: AKS."""

    kind: Literal["azure"]
    tenant_id: Annotated[str, StringConstraints(pattern=GUID)] = Field(description="The Microsoft Entra tenant.")


Cloud = Annotated[
    LocalCloud | ExistingCloud | AlicloudCloud | AwsCloud | GcpCloud | AzureCloud, Field(discriminator="kind")
]


def default_zones(cloud: Declared) -> tuple[str, ...]:
    """The zones of a pool that names none."""
    return cloud.zones if isinstance(cloud, PublicCloud) else ("zone-a",)

"""The declared centre: one frozen, closed, typed object per stack, `ai-compute-center:center`.

Field names are camelCase in the stack file. What one field can say about itself is checked here;
what fields say about each other is in `checks`, and what needs the catalogue is in `infra.plan`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from infra import quantity

_NAME = r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$"
_CIDR = r"^[0-9a-fA-F.:]+/[0-9]{1,3}$"
_TAG, _DIGEST = r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", r"@sha256:[0-9a-f]{64}"
_IMAGE = rf"^[a-z0-9]([a-z0-9._:/-]*[a-z0-9])?({_TAG}|{_DIGEST}|{_TAG}{_DIGEST})$"
_SOURCE = r"^[^-\s]\S*$"
_LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
_LABEL_VALUE = r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$"

FORMS = {
    _NAME: "a DNS label: at most 40 of a-z, 0-9 and -, starting and ending with a letter or digit",
    quantity.PATTERN: "a Kubernetes quantity such as 500m, 16 or 1800Gi",
    _CIDR: "an address range such as 10.64.0.0/14",
    _IMAGE: "an image such as registry.example.com/vllm:1.2@sha256:…",
    _SOURCE: "a hub repository such as Qwen/Qwen3-32B or a path: no spaces, and no - in front",
    _LABEL_KEY: "a Kubernetes label key such as example.com/rack",
    _LABEL_VALUE: "a Kubernetes label value: at most 63 letters, digits, -, _ and .",
}
"""Every pattern below in words, for error messages."""

Name = Annotated[str, StringConstraints(pattern=_NAME)]
"""It becomes part of namespaces, labels and node names, which end at 63 characters."""
Quantity = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if type(value) is int else value, json_schema_input_type=str | int),
    StringConstraints(pattern=quantity.PATTERN),
]
"""Text, so that nothing is rounded; a whole number may be written bare."""
Cidr = Annotated[str, StringConstraints(pattern=_CIDR)]
ImageReference = Annotated[str, StringConstraints(pattern=_IMAGE)]
LabelKey = Annotated[str, StringConstraints(pattern=_LABEL_KEY)]
LabelValue = Annotated[str, StringConstraints(pattern=_LABEL_VALUE)]

Capability = Literal[
    "cert-manager",
    "external-secrets",
    "fluid",
    "gateway-api",
    "jobset",
    "keda",
    "kueue",
    "lws",
    "prometheus-operator",
    "velero",
]
TenantKind = Literal["research", "enterprise", "cloud-service"]
Engine = Literal["vllm", "sglang"]


class Declared(BaseModel):
    """Base of everything declared: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, strict=True)


class LocalCloud(Declared):
    """The embedded local cluster: a real control plane on this machine, with simulated nodes."""

    kind: Literal["local"]


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


Cloud = Annotated[LocalCloud | ExistingCloud, Field(discriminator="kind")]


class Network(Declared):
    """Address ranges; they must not overlap."""

    pod_cidr: Cidr = Field(default="10.64.0.0/14", description="Pods' addresses.")
    service_cidr: Cidr = Field(default="10.96.0.0/16", description="Services' addresses; also a local cluster's.")
    node_cidr: Cidr = Field(default="10.32.0.0/14", description="Nodes' addresses.")


class NodeShape(Declared):
    """A node's size, for pools whose instance the catalogue does not have."""

    cpu: Quantity = Field(description="Cores, such as 64; 1 or more.")
    memory: Quantity = Field(description="Such as 512Gi; 1Gi or more.")
    accelerator: Name | None = Field(default=None, description="An accelerator of the catalogue; none for CPU nodes.")
    accelerators: Annotated[int, Field(ge=0, le=128, description="Pieces per node.")] = 0


class Pool(Declared):
    """A group of like nodes."""

    name: Name = Field(description="Part of its nodes' names.")
    instance: str | None = Field(default=None, description="An instance of the catalogue for this cloud.")
    node: NodeShape | None = Field(default=None, description="The node's size, where no instance is named.")
    nodes: Annotated[int, Field(ge=1, le=20_000, description="How many, in all zones together.")]
    zones: tuple[Name, ...] = Field(default=("zone-a",), description="Nodes are dealt to them in turn.")
    nodes_per_rack: Annotated[int, Field(ge=1, le=256, description="For the rack label of simulated nodes.")] = 8
    labels: dict[LabelKey, LabelValue] = Field(default={}, description="Further labels of the pool's nodes.")


class Quota(Declared):
    """What a tenant may use at the same time."""

    accelerators: dict[Name, Annotated[int, Field(ge=0, le=1_000_000)]] = Field(
        default={}, description="Accelerators by catalogue name, in pieces."
    )
    cpu: Quantity | None = Field(
        default=None, description="Cores; default: the accelerators' share of their hosts + 16."
    )
    memory: Quantity | None = Field(default=None, description="Default: the accelerators' share of their hosts + 64Gi.")
    storage: Quantity = Field(default="10Ti", description="All volume claims together.")
    pods: Annotated[int, Field(ge=1, le=100_000, description="Pods that have not ended.")] = 500


class Tenant(Declared):
    """A group of people with a namespace, rights in it, and a quota."""

    name: Name = Field(description="Its namespace is `tenant-` and this.")
    kind: TenantKind = Field(description="Sets the priority of its pods: cloud-service, enterprise, research.")
    group: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="The identity provider's group whose members work in the tenant."
    )
    quota: Quota = Field(default=Quota(), description="What it may use at the same time.")


class Parallelism(Declared):
    """How one replica is spread over accelerators."""

    tensor: Annotated[int, Field(ge=1, le=128, description="Accelerators that share each layer.")] = 1
    pipeline: Annotated[int, Field(ge=1, le=64, description="Stages that layers are divided into.")] = 1


class Replicas(Declared):
    """How many replicas run; min < max scales automatically."""

    min: Annotated[int, Field(ge=1, le=10_000, description="Always running.")] = 1
    max: Annotated[int, Field(ge=1, le=10_000, description="At most; the tenant's quota must have room.")] = 1


class Model(Declared):
    """A model that the centre serves."""

    name: Name = Field(description="What clients ask for.")
    tenant: Name = Field(description="The declared tenant that it belongs to, and whose quota it uses.")
    source: Annotated[str, StringConstraints(max_length=500, pattern=_SOURCE)] = Field(
        description="Where the engine finds it: a hub repository or a path in the model store."
    )
    engine: Engine = Field(default="vllm", description="The inference engine.")
    accelerator: Name = Field(description="An accelerator of the catalogue that some pool has.")
    parallel: Parallelism = Field(default=Parallelism(), description="How a replica is spread over accelerators.")
    replicas: Replicas = Field(default=Replicas(), description="How many run.")
    max_model_len: Annotated[int, Field(ge=1, le=100_000_000)] | None = Field(
        default=None, description="Longest context, in tokens; default: the model's own."
    )
    image: ImageReference | None = Field(
        default=None, description="Engine image; default: the catalogue's. By digest outside local stacks."
    )


class Admission(Declared):
    """Where the admission policies hold."""

    scope: Literal["cluster", "center"] | None = Field(
        default=None,
        description="`cluster`: every namespace but the system's; `center`: only the centre's own. "
        "Default: cluster, but center on an existing cluster, where others work too.",
    )
    system_namespaces: tuple[Name, ...] = Field(
        default=(), description="Further namespaces that the policies leave alone, such as a cloud's own agents'."
    )


class Center(Declared):
    """The whole declared centre."""

    name: Name = Field(description="A label of everything that belongs to it.")
    cloud: Cloud = Field(description="Where it is built.")
    network: Network = Field(default=Network(), description="Address ranges.")
    pools: tuple[Pool, ...] = Field(description="Its nodes.")
    tenants: tuple[Tenant, ...] = Field(default=(), description="Who uses it.")
    models: tuple[Model, ...] = Field(default=(), description="What it serves.")
    admission: Admission = Field(default=Admission(), description="Where its policies hold.")

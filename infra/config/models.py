"""The declared centre: one frozen, closed, typed object per stack, `ai-compute-center:center`.

Field names are camelCase in the stack file. What one field can say about itself is checked here;
what fields say about each other is in `checks`, and what needs the catalogue is in `infra.plan`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from infra.catalogue.entry import Currency
from infra.config.applications import Applications
from infra.config.clouds import Cloud, default_zones
from infra.config.disaggregation import Disaggregation
from infra.config.engine_arguments import EngineArguments
from infra.config.fields import (
    SOURCE,
    Cidr,
    Declared,
    Engine,
    EngineVersion,
    ImageReference,
    LabelKey,
    LabelValue,
    Name,
    Quantity,
    TenantKind,
)
from infra.config.gateway import Gateway, TenantLimits
from infra.config.monitoring import Budget, Feed, Monitoring, Slo
from infra.config.saving import Saving
from infra.config.scaling import Replicas, Scaling
from infra.config.storage import Storage
from infra.config.telemetry import Logs, Traces
from infra.config.weights import Weights


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


class NodeRange(Declared):
    """How far a pool grows and shrinks by itself."""

    min: Annotated[int, Field(ge=0, le=20_000, description="At least.")] = 0
    max: Annotated[int, Field(ge=1, le=20_000, description="At most.")]


class Pool(Declared):
    """A group of like nodes."""

    name: Name = Field(description="Part of its nodes' names.")
    instance: str | None = Field(default=None, description="An instance of the catalogue for this cloud.")
    node: NodeShape | None = Field(default=None, description="The node's size, where no instance is named.")
    nodes: Annotated[int, Field(ge=1, le=20_000, description="How many, in all zones together.")]
    scale: NodeRange | None = Field(default=None, description="Bounds of automatic scaling; none: always `nodes`.")
    zones: tuple[Name, ...] | None = Field(
        default=None, description="Nodes are dealt to them in turn; default: the cloud's zones, or zone-a without any."
    )
    spot: bool = Field(default=False, description="Spare capacity, cheaper, that the cloud may take back any time.")
    owner: Name | None = Field(default=None, description="Who answers for the pool; default: the cloud's owner.")
    power_cap_watts: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="Power limit of each accelerator, of vendors whose tool is known; none: the board's."
    )
    nodes_per_rack: Annotated[int, Field(ge=1, le=256, description="For the rack label of simulated nodes.")] = 8
    labels: dict[LabelKey, LabelValue] = Field(default={}, description="Further labels of the pool's nodes.")


def zones_of(pool: Pool, cloud: Declared) -> tuple[str, ...]:
    """Those that the pool's nodes are in: its own, else the cloud's."""
    return default_zones(cloud) if pool.zones is None else pool.zones


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
    model_cache: Quantity | None = Field(
        default=None,
        description="Of its volume of verified weights; default: twice its models', or 500Gi if one is unknown.",
    )
    quota: Quota = Field(default=Quota(), description="What it may use at the same time.")
    limits: TenantLimits = Field(default=TenantLimits(), description="What it may ask of the models.")
    budget: Budget | None = Field(default=None, description="What it may use in a month before people are told.")


class Parallelism(Declared):
    """How one replica is spread over accelerators."""

    tensor: Annotated[int, Field(ge=1, le=128, description="Accelerators that share each layer.")] = 1
    pipeline: Annotated[int, Field(ge=1, le=64, description="Stages that layers are divided into.")] = 1
    nodes: Annotated[
        int,
        Field(ge=1, le=64, description="Nodes that they are on, as many on each; more than 1 needs LeaderWorkerSet."),
    ] = 1


class CpuResources(Declared):
    """What a replica on a CPU node is given."""

    cpu: Quantity = Field(default="1", description="Cores.")
    memory: Quantity = Field(default="2Gi", description="Weights, context and program together; more is killed.")


class Model(Declared):
    """A model that the centre serves."""

    name: Name = Field(description="What clients ask for.")
    tenant: Name = Field(description="The declared tenant that it belongs to, and whose quota it uses.")
    source: Annotated[str, StringConstraints(max_length=500, pattern=SOURCE)] = Field(
        description="Where it is: a hub repository, `store:` and a folder of the centre's model store, or `image:` and "
        "an image of its files."
    )
    weights: Weights | None = Field(default=None, description="What is known of its weights, and what they must be.")
    engine: Engine = Field(default="vllm", description="The inference engine; llama-cpp runs on CPU nodes.")
    task: Literal["generate", "embed"] = Field(
        default="generate", description="What it makes: text, or embeddings, which no engine does beside text."
    )
    accelerator: Name | None = Field(
        default=None, description="An accelerator of the catalogue that some pool has; none for llama-cpp alone."
    )
    resources: CpuResources | None = Field(
        default=None, description="Of a llama-cpp replica; others take their accelerators' share of the host."
    )
    parallel: Parallelism = Field(default=Parallelism(), description="How a replica is spread over accelerators.")
    replicas: Replicas = Field(default=Replicas(), description="How many run.")
    scaling: Scaling | None = Field(default=None, description="What their number follows, where KEDA runs.")
    disaggregation: Disaggregation | None = Field(
        default=None, description="Prefill and decode apart, instead of `replicas`; engine sglang behind the gateway."
    )
    max_model_len: Annotated[int, Field(ge=1, le=100_000_000)] | None = Field(
        default=None, description="Longest context, in tokens; default: the model's own."
    )
    image: ImageReference | None = Field(
        default=None, description="Engine image; default: the catalogue's. By digest outside local stacks."
    )
    engine_version: EngineVersion | None = Field(
        default=None,
        description="Of the engine in the image; default: the catalogue's, of its own; unknown: no new flags.",
    )
    engine_arguments: EngineArguments = Field(
        default={},
        description="Further flags of vllm or sglang, each with its value or `true`; none that another field says.",
    )
    slo: Slo = Field(default=Slo(), description="What its users are promised; alerts follow from it.")


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


class Limits(Declared):
    """What the centre may cost the company and the planet; the policy pack holds every plan against them."""

    monthly_cost: dict[Currency, Annotated[float, Field(gt=0)]] = Field(
        default={}, description="Ceiling of the estimate by currency, at list prices."
    )
    annual_tco2e: Annotated[float, Field(gt=0)] | None = Field(
        default=None, alias="annualTco2e", description="Ceiling of operational and embodied emissions, tonnes CO2e."
    )
    regions: tuple[Name, ...] = Field(default=(), description="Regions that it may be built in; none: any.")


class Green(Declared):
    """What the estimate of power and carbon presumes; what is left out comes from the catalogue."""

    utilization: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.6, description="Of accelerators and hosts in a typical hour, from 0 to 1."
    )
    pue: Annotated[float, Field(ge=1, le=5)] | None = Field(
        default=None, description="Power usage effectiveness; default: the operator's newest published one."
    )
    grid: Name | None = Field(default=None, description="A grid of the catalogue; default: the region's.")
    profile: Name | None = Field(
        default=None,
        description="A usual day of the catalogue (profiles.yaml), by the hour; default: the grid's own, if known.",
    )
    feed: Feed | None = Field(default=None, description="A live feed of the grid's carbon intensity.")


class Center(Declared):
    """The whole declared centre."""

    name: Name = Field(description="A label of everything that belongs to it.")
    cloud: Cloud = Field(description="Where it is built.")
    network: Network = Field(default=Network(), description="Address ranges.")
    pools: tuple[Pool, ...] = Field(description="Its nodes.")
    tenants: tuple[Tenant, ...] = Field(default=(), description="Who uses it.")
    models: tuple[Model, ...] = Field(default=(), description="What it serves.")
    gateway: Gateway = Field(default=Gateway(), description="The door to the models.")
    applications: Applications = Field(
        default=Applications(), description="What it offers to people besides an API: chat, notebooks, batches."
    )
    images: dict[Name, ImageReference] = Field(
        default={},
        description="Images of the centre's own services, by the names in `images/`; by digest. "
        "Local stacks build those that are not named.",
    )
    storage: Storage | None = Field(
        default=None, description="What it keeps; default on public clouds: every part but the parallel file system."
    )
    green: Green = Field(default=Green(), description="What its estimate of power and carbon presumes.")
    logs: Logs = Field(default=Logs(), description="Logs of containers.")
    traces: Traces = Field(default=Traces(), description="Traces of requests.")
    monitoring: Monitoring = Field(default=Monitoring(), description="Metrics, alerts, energy and carbon accounts.")
    saving: Saving = Field(default=Saving(), description="What it does to use less.")
    limits: Limits = Field(default=Limits(), description="Ceilings that its plans are held against.")
    admission: Admission = Field(default=Admission(), description="Where its policies hold.")

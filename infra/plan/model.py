"""The centre as it will be built: plain, immutable data that the clouds and layers read, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from infra.catalogue.schema import DaemonSetPlugin, Taint
from infra.config.clouds import Cloud
from infra.config.fields import TenantKind
from infra.config.models import Admission, Green, Limits, Network
from infra.config.saving import DeferrableBudget, GridForecast, Saving
from infra.config.storage import Storage
from infra.config.telemetry import Logs, Traces
from infra.plan.applications.model import ApplicationsPlan
from infra.plan.gateway import GatewayPlan
from infra.plan.monitoring.model import MonitoringPlan


@dataclass(frozen=True)
class PoolPlan:
    """A group of like nodes."""

    name: str
    instance: str | None
    nodes: int
    zones: tuple[str, ...]
    nodes_per_rack: int
    cpu_cores: Fraction
    """Per node."""
    memory_bytes: Fraction
    """Per node."""
    network_gbps: float | None
    """Of a node, in Gbit/s; None where unknown."""
    accelerator: str | None
    """Catalogue id; None for CPU nodes."""
    accelerators_per_node: int
    resource: str | None
    """The extended resource that its nodes offer."""
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    min_nodes: int
    max_nodes: int
    """Bounds of automatic scaling; both are `nodes` where it is off."""
    spot: bool
    owner: str
    """Who answers for it."""
    power_cap_watts: int | None = None
    """Of each accelerator; None: the board's own limit."""
    real: bool = False
    """Whether its node is the very machine that the command runs on (local only)."""

    @property
    def scales(self) -> bool:
        """Whether it grows and shrinks by itself."""
        return self.min_nodes < self.max_nodes

    @property
    def accelerators(self) -> int:
        """Accelerators in the whole pool."""
        return self.nodes * self.accelerators_per_node


@dataclass(frozen=True)
class AcceleratorPlan:
    """An accelerator that some pool has."""

    id: str
    name: str
    resource: str
    runtime_class: str
    runtime_handler: str
    node_selector: Mapping[str, str]
    taints: tuple[Taint, ...]
    total: int
    """Pieces in all pools."""
    device_plugin: DaemonSetPlugin | None
    """The device plugin that the centre installs; None where it is there already."""


@dataclass(frozen=True)
class Share:
    """A tenant's part of one kind of node."""

    accelerator: str | None
    """Catalogue id; None for nodes without accelerators."""
    count: int
    """Accelerators, in pieces."""
    cpu: str
    memory: str


@dataclass(frozen=True)
class TenantPlan:
    """A group of people with a namespace and a quota."""

    name: str
    kind: TenantKind
    namespace: str
    group: str
    priority_class: str
    accelerators: Mapping[str, int]
    """Quota by catalogue id, in pieces."""
    hard: Mapping[str, str]
    """The ResourceQuota's `hard`."""
    shares: tuple[Share, ...]
    """Of each kind of node that it may use; they add up to the quota, or to more where less was declared."""
    granted_resources: tuple[str, ...]
    """Extended resources that its pods may ask for."""


@dataclass(frozen=True)
class WeightsPlan:
    """What a model's weights are known to be."""

    source: Literal["hub", "store", "image"]
    path: str
    """A hub repository, a folder of the model store, or an image by its digest."""
    revision: str | None
    digest: str | None
    """None in an image, which has one of its own. Elsewhere: nothing verifies them, and the engine fetches them."""
    size_bytes: int | None
    file: str
    """What llama-cpp reads of them."""


@dataclass(frozen=True)
class SchedulePlan:
    """A window in which a model runs whether anybody asks or not."""

    start: str
    """When it opens, as cron writes it."""
    end: str
    time_zone: str
    replicas: int
    hours_per_week: float
    """How long it is open, over a year's weeks."""


@dataclass(frozen=True)
class ScalingPlan:
    """What KEDA adds and removes replicas of a model by."""

    queue_depth: int
    """Requests per replica, waiting and running."""
    ttft_seconds: float | None
    """Time to first token; None where it is not looked at."""
    idle_seconds: int
    """Without a request before the last replica stops."""
    hold_seconds: int
    """How long the gateway holds a request while the first replica starts."""
    schedules: tuple[SchedulePlan, ...] = ()


@dataclass(frozen=True)
class SplitPlan:
    """Replicas of a model that read prompts, and others that write answers."""

    prefill: int
    decode: int
    transfer_backend: str
    rdma_resource: str | None
    """Extended resource of each pod; None: the cache goes over TCP."""
    rdma_count: int
    rdma_devices: tuple[str, ...]
    """None: the transfer backend chooses."""


@dataclass(frozen=True)
class ModelPlan:
    """A model that the centre serves."""

    name: str
    release: str
    tenant: str
    namespace: str
    source: str
    weights: WeightsPlan | None
    """None where nothing is declared of them."""
    engine: str
    makes_embeddings: bool
    image: str
    engine_version: str | None
    """Of the engine in it; None where nobody says."""
    engine_arguments: tuple[str, ...]
    """Further ones, each a word of its command line."""
    accelerator: str | None
    """Catalogue id; None for models on CPU nodes, as are the resource and the runtime class."""
    resource: str | None
    accelerators_per_replica: int
    tensor_parallel: int
    pipeline_parallel: int
    nodes_per_replica: int
    """Pods that make up a replica; `cpu`, `memory` and `shared_memory` are those of each."""
    min_replicas: int
    max_replicas: int
    """Of a split model both are all replicas, of whichever half: each has the accelerators of one."""
    split: SplitPlan | None
    """None where each replica does both prefill and decode."""
    scaling: ScalingPlan | None
    """None where their number is fixed, or follows the use of CPU."""
    max_model_len: int | None
    cpu: str
    memory: str
    shared_memory: str | None
    runtime_class: str | None
    priority_class: str

    @property
    def max_pods(self) -> int:
        """Pods at most."""
        return self.max_replicas * self.nodes_per_replica

    @property
    def weights_image(self) -> str | None:
        """The image that its nodes mount, with the weights and nothing else; None where they are elsewhere."""
        return self.weights.path if self.weights and self.weights.source == "image" else None

    @property
    def folder(self) -> str | None:
        """Its folder of the tenant's cache; None where no digest is declared: an image has one of its own."""
        digest = self.weights.digest if self.weights else None
        return None if digest is None else f"{self.name}-{digest.removeprefix('sha256:')[:12]}"


@dataclass(frozen=True)
class CachePlan:
    """A tenant's volume of verified weights."""

    tenant: str
    namespace: str
    size: str
    models: tuple[str, ...]
    """Names of those that are served from it."""


@dataclass(frozen=True)
class WorkloadPlan:
    """A service account that is given rights in the cloud, without keys."""

    name: str
    namespace: str
    service_account: str
    reads: tuple[str, ...] = ()
    """Buckets, by role."""
    writes: tuple[str, ...] = ()
    """Buckets, by role; reading and deleting included."""
    reads_secrets: bool = False
    """Whether it reads the centre's own secrets in the cloud's secret store."""


@dataclass(frozen=True)
class ShifterPlan:
    """What lets deferrable jobs wait."""

    image: str
    forecast: GridForecast | None
    profile_gco2e_per_kwh: tuple[float, ...] | None
    """The grid's usual day by the hour; None where none is known."""
    profile_time_zone: str | None
    budgets: Mapping[str, DeferrableBudget]
    """By tenant."""


@dataclass(frozen=True)
class CenterPlan:
    """The whole centre, resolved."""

    name: str
    cloud: Cloud
    network: Network
    admission: Admission
    pools: tuple[PoolPlan, ...]
    accelerators: tuple[AcceleratorPlan, ...]
    tenants: tuple[TenantPlan, ...]
    models: tuple[ModelPlan, ...]
    caches: tuple[CachePlan, ...]
    """Of tenants whose models declare a digest."""
    own_store: bool
    """Whether the centre runs an object store of its own: its models are in one, and the cloud has none."""
    images: Mapping[str, str]
    """Of the centre's own services that it needs, by name."""
    gateway: GatewayPlan | None
    """None where there is nothing to serve, or no image to serve it with."""
    applications: ApplicationsPlan
    monitoring: MonitoringPlan | None
    """None where it is turned off."""
    kubernetes_version: str | None
    """Minor version of the cluster that a public cloud makes; None where the centre does not choose it."""
    storage: Storage | None
    """None where the cloud makes none."""
    workloads: tuple[WorkloadPlan, ...]
    green: Green
    saving: Saving
    shifter: ShifterPlan | None
    """None where no job may wait."""
    logs: Logs
    traces: Traces
    limits: Limits
    notes: tuple[str, ...]
    """What could not be verified, and what follows; for people."""

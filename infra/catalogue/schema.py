"""The closed schema of catalogue files. Units are in field names; an unknown figure is null, never zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from infra.catalogue.entry import ENGINE_VERSION, Confidence, Currency, Entry, Figure
from infra.catalogue.places import Grid, Host, Operator, Profile, Service

Vendor = Literal["t-head", "nvidia", "huawei", "amd", "google", "aws", "intel", "cambricon", "hygon"]
Precision = Literal["fp64", "tf32", "fp16", "fp8", "fp4", "int8"]
"""Of tensor arithmetic; fp16 stands for bf16 too."""


class Taint(Entry):
    """A node taint."""

    key: str
    value: str
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


class DaemonSetPlugin(Entry):
    """A device plugin that this project can install on any cluster."""

    kind: Literal["daemonset"]
    image: str
    args: tuple[str, ...] = ()
    host_paths: tuple[str, ...] = Field(
        description="Host folders it needs; all are mounted where they are on the host."
    )
    source: str


class ExternalPlugin(Entry):
    """A device plugin that comes with something else: a cloud's managed add-on, a vendor's own package."""

    kind: Literal["external"]
    name: str
    version: str
    comes_with: str
    source: str


class Kubernetes(Entry):
    """How the accelerator appears in a cluster."""

    resource: str = Field(description="The extended resource that pods ask for.")
    sharing_resources: tuple[str, ...] = Field(
        default=(), description="Resources that stand for parts of a piece: slices, memory, cores."
    )
    labels: dict[str, str] = Field(description="Labels of its nodes; `{count}` stands for accelerators per node.")
    taints: tuple[Taint, ...]
    runtime_handler: str = Field(description="The container runtime's handler, for the RuntimeClass.")
    counts_per_pod: tuple[int, ...] = Field(description="Counts that a pod may ask for, by the node's topology.")
    device_plugin: Annotated[DaemonSetPlugin | ExternalPlugin, Field(discriminator="kind")]
    source: str


class Exporter(Entry):
    """What reports the accelerator's metrics."""

    name: str
    power_metric: str | None = Field(description="The metric of its power; null where none is published.")
    power_unit: Literal["W", "mW", "mJ"] | None = Field(default=None, description="mJ: a counter of energy.")
    source: str
    note: str | None = None


class ServingImage(Entry):
    """An engine's image for this accelerator."""

    image: str
    version: Annotated[str, StringConstraints(pattern=ENGINE_VERSION)] | None = Field(
        default=None, description="Of the engine in it, as its tag says; null: unknown."
    )
    source: str
    date: date
    note: str | None = None


class Accelerator(Entry):
    """One accelerator model; figures are per piece, TFLOPS are dense."""

    id: str
    name: str
    vendor: Vendor
    kubernetes: Kubernetes
    memory_gib: Figure
    dense_tflops: dict[Precision, Figure] = Field(description="By precision; one that is missing was not looked up.")
    scale_up_gbps: Figure = Field(description="Scale-up bandwidth, GB/s.")
    power_watts: Figure = Field(description="Thermal design power or board limit.")
    idle_watts: Figure
    embodied_kgco2e: Figure = Field(alias="embodiedKgco2e", description="Making one piece, with its share of a board.")
    exporter: Exporter | None = Field(default=None, description="null where none was found.")
    serving: dict[Literal["vllm", "sglang"], ServingImage] = Field(default={}, description="By engine.")


class Price(Figure):
    """A list price per hour, on demand, without tax; null where none is published."""

    currency: Currency


class Instance(Entry):
    """A node type of a cloud."""

    vcpu: int
    memory_gib: int
    accelerator: str | None = None
    accelerators: int = 0
    real: bool = Field(
        default=False,
        description="The very machine that the command runs on; local only. Its figures are lower bounds.",
    )
    network_gbps: float | None = Field(default=None, description="Network bandwidth, Gbit/s; null where unknown.")
    rdma: str | None = Field(default=None, description="The remote direct memory access network: EFA, InfiniBand, …")
    zones: dict[str, tuple[str, ...]] | None = Field(
        default=None, description="Where it is offered: region → zones; no zones: unknown ones; null: nothing is known."
    )
    prices: dict[str, Price] = Field(default={}, description="By region; a region without one has no known price.")
    source: str
    date: date
    confidence: Confidence
    note: str | None = None


class SpeedUnderCap(Entry):
    """One measured point."""

    cap: Annotated[float, Field(gt=0, le=1)] = Field(description="Share of the power limit.")
    speed: Annotated[float, Field(gt=0, le=1)] = Field(description="Share of the throughput at the limit.")


class Saying(Entry):
    """What another source says, in words."""

    says: str
    source: str


class Capping(Entry):
    """What accelerators still do under a power cap."""

    speed: tuple[SpeedUnderCap, ...] = Field(description="By cap, ascending; the last is the limit itself.")
    source: str
    date: date
    confidence: Confidence
    note: str
    others: tuple[Saying, ...]


@dataclass(frozen=True)
class Catalogue:
    """Everything known, by name."""

    accelerators: Mapping[str, Accelerator]
    instances: Mapping[str, Mapping[str, Instance]]
    """By cloud, then by instance name."""
    services: Mapping[str, Service]
    """Managed Kubernetes services, by cloud."""
    grids: Mapping[str, Grid]
    profiles: Mapping[str, Profile]
    """Usual days of grids."""
    operators: Mapping[str, Operator]
    host: Host
    capping: Capping

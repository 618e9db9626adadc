"""The closed schema of catalogue files. Units are in field names; an unknown figure is null, never zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Confidence = Literal["official", "secondary", "derived", "assumed", "conflicting", "unknown"]
Vendor = Literal["t-head", "nvidia", "huawei"]


class Entry(BaseModel):
    """Base of every catalogue entry: immutable, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class Figure(Entry):
    """A number with where it comes from."""

    value: float | None = Field(description="null where no figure was found")
    source: str
    date: date
    confidence: Confidence
    note: str | None = None
    others: tuple[Disagreeing, ...] = Field(default=(), description="Figures of other sources that do not agree.")


class Disagreeing(Entry):
    """What another source says."""

    value: float
    source: str


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
    labels: dict[str, str] = Field(description="Labels of its nodes; `{count}` stands for accelerators per node.")
    taints: tuple[Taint, ...]
    runtime_handler: str = Field(description="The container runtime's handler, for the RuntimeClass.")
    counts_per_pod: tuple[int, ...] = Field(description="Counts that a pod may ask for, by the node's topology.")
    device_plugin: Annotated[DaemonSetPlugin | ExternalPlugin, Field(discriminator="kind")]
    source: str


class ServingImage(Entry):
    """An engine's image for this accelerator."""

    image: str
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
    fp16_tflops: Figure
    fp8_tflops: Figure
    scale_up_gbps: Figure = Field(description="Scale-up bandwidth, GB/s.")
    power_watts: Figure = Field(description="Thermal design power or board limit.")
    idle_watts: Figure
    embodied_kgco2e: Figure = Field(alias="embodiedKgco2e")
    serving: dict[Literal["vllm", "sglang"], ServingImage] = {}


class Instance(Entry):
    """A node type of a cloud."""

    vcpu: int
    memory_gib: int
    accelerator: str | None = None
    accelerators: int = 0
    source: str
    date: date
    confidence: Confidence
    note: str | None = None


@dataclass(frozen=True)
class Catalogue:
    """Everything known, by name."""

    accelerators: Mapping[str, Accelerator]
    instances: Mapping[str, Mapping[str, Instance]]
    """By cloud, then by instance name."""

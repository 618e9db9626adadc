"""The monitoring's vocabulary, `charts/monitoring/metrics.yaml`: what series say, and how many there are at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from aicc.paths import REPO

FILE = REPO / "charts" / "monitoring" / "metrics.yaml"

Unit = Literal[
    "center", "pool", "node", "core", "device", "pod", "pending_pod", "job", "tenant", "model", "tenant_model", "claim",
    "target",
]  # fmt: skip


class Metric(BaseModel):
    """One metric; `per` and `times` bound its series."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per: Unit
    times: Annotated[int, Field(ge=1)] = 1
    labels: tuple[str, ...]
    says: str
    histogram: bool = False
    """Whether it is `_bucket`, `_sum` and `_count` in truth; `times` has all of them."""

    @property
    def bound(self) -> str:
        """How many series there are at most, in words."""
        return f"{self.times:,} per {self.per}" if self.times > 1 else f"1 per {self.per}"


@dataclass(frozen=True)
class Sizes:
    """How much of everything a centre has."""

    pool: int
    node: int
    core: int
    device: int
    pod: int
    pending_pod: int
    job: int
    tenant: int
    model: int
    tenant_model: int
    """Pairs of a tenant and a model that it asks."""
    claim: int
    target: int
    center: int = 1


def load() -> Mapping[str, Mapping[str, Metric]]:
    """Return every metric by where it is from (`records`: written by rules) and name."""
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {source: {name: Metric(**fields) for name, fields in some.items()} for source, some in document.items()}


def cardinality(sizes: Sizes, vendors: frozenset[str]) -> dict[str, int]:
    """Return the most series of each source in a centre of these sizes, whose devices are of these vendors.

    Devices are counted with every vendor's names that are given, so give one to bound a centre of one vendor.
    """
    devices = {"nvidia-and-ppu", "ascend", "amd", "neuron"} - vendors
    return {
        source: sum(metric.times * getattr(sizes, metric.per) for metric in metrics.values())
        for source, metrics in load().items()
        if source not in devices
    }


def page() -> str:
    """Return docs/reference/metrics.md without its heading's note."""
    sections = [
        "# Metrics\n\nWhat the monitoring's rules read and write, from `charts/monitoring/metrics.yaml`; a centre has\n"
        "more. Histograms are named without `_bucket`, `_sum` and `_count`, which are counted.\n"
    ]
    for source, metrics in load().items():
        rows = [
            f"| `{name}` | {', '.join(metric.labels)} | {metric.bound} | {metric.says} |"
            for name, metric in metrics.items()
        ]
        head = f"## {_TITLES[source]}\n\n| metric | labels | series at most | says |\n| --- | --- | --- | --- |"
        sections.append("\n".join([head, *rows, ""]))
    return "\n".join(sections)


_TITLES = {
    "meter": "The meter",
    "gateway": "The gateway",
    "shifter": "The shifter",
    "nvidia-and-ppu": "NVIDIA's DCGM exporter, and T-Head's (its names are likely, not published)",
    "ascend": "Huawei's NPU exporter",
    "amd": "AMD's device metrics exporter (older releases: without amd_)",
    "neuron": "AWS' neuron-monitor for Prometheus",
    "machines": "Machines: Kepler, IPMI, node exporter, kubelet",
    "control-plane": "Control plane and certificates",
    "prometheus": "Prometheus and Alertmanager",
    "records": "Written by the recording rules",
}

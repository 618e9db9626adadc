"""The series of each vendor's exporter, with its own names, units and labels.

    NVIDIA    dcgm-exporter 4.6 (etc/default-counters.csv): W, mJ, MiB, %
    T-Head    DCGM's names: its SDK ships a DCGM of its own, and no page lists what its exporter tells
    Huawei    npu-exporter (collector/npu_collector.go): W, MB, %
    AMD       device-metrics-exporter, before its names got a prefix: W, uJ, MB, %
    AWS       neuron-monitor-prometheus: a ratio for each core, and no power

For other vendors no exporter was found, so their simulated nodes have none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Labels = Mapping[str, str]
Sample = tuple[str, Labels, float]
_CORES_PER_NEURON_DEVICE = 8
_XID_OF_AN_UNCORRECTABLE_ERROR = 48


@dataclass(frozen=True)
class Reading:
    """What is known of one device at one moment."""

    node: str
    index: int
    product: str
    """The accelerator's name."""
    utilization: float
    watts: float | None
    joules: float | None
    """Since the simulator started."""
    used_mib: int | None
    total_mib: int | None
    celsius: float
    errors: int
    """That lost work."""
    namespace: str
    pod: str
    container: str
    """Of who holds it; empty where it is free."""

    @property
    def uuid(self) -> str:
        """The same for the same device."""
        text = hashlib.blake2b(f"{self.node}/{self.index}".encode(), digest_size=16).hexdigest()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _dcgm(reading: Reading) -> Iterator[Sample]:
    labels = {
        "gpu": str(reading.index),
        "UUID": f"GPU-{reading.uuid}",
        "device": f"nvidia{reading.index}",
        "modelName": reading.product,
        "Hostname": reading.node,
        "container": reading.container,
        "namespace": reading.namespace,
        "pod": reading.pod,
    }
    busy = round(100 * reading.utilization)
    yield "DCGM_FI_DEV_GPU_UTIL", labels, busy
    yield "DCGM_FI_DEV_GPU_TEMP", labels, round(reading.celsius)
    if reading.watts is not None:
        yield "DCGM_FI_DEV_POWER_USAGE", labels, round(reading.watts, 3)
    if reading.joules is not None:
        yield "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", labels, round(1_000 * reading.joules)
    if reading.used_mib is not None and reading.total_mib is not None:
        yield "DCGM_FI_DEV_FB_USED", labels, reading.used_mib
        yield "DCGM_FI_DEV_FB_FREE", labels, reading.total_mib - reading.used_mib
    yield "DCGM_FI_DEV_XID_ERRORS", labels, _XID_OF_AN_UNCORRECTABLE_ERROR if reading.errors else 0
    yield "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", labels, reading.errors


def _npu(reading: Reading) -> Iterator[Sample]:
    labels = {
        "id": str(reading.index),
        "model_name": reading.product,
        "vdie_id": reading.uuid.upper(),
        "pcie_bus_info": f"0000:{0x81 + reading.index:02X}:00.0",
        "namespace": reading.namespace,
        "pod_name": reading.pod,
        "container_name": reading.container,
    }
    yield "npu_chip_info_utilization", labels, round(100 * reading.utilization)
    yield "npu_chip_info_temperature", labels, round(reading.celsius)
    if reading.watts is not None:
        yield "npu_chip_info_power", labels, round(reading.watts, 1)
    if reading.used_mib is not None and reading.total_mib is not None:
        yield "npu_chip_info_hbm_used_memory", labels, reading.used_mib
        yield "npu_chip_info_hbm_total_memory", labels, reading.total_mib
    yield "npu_chip_info_health_status", labels, 0 if reading.errors else 1


def _amd(reading: Reading) -> Iterator[Sample]:
    labels = {
        "gpu_id": str(reading.index),
        "gpu_partition_id": "0",
        "card_model": reading.product,
        "serial_number": reading.uuid[:13],
        "hostname": reading.node,
        "container": reading.container,
        "namespace": reading.namespace,
        "pod": reading.pod,
    }
    yield "gpu_gfx_activity", labels, round(100 * reading.utilization)
    yield "gpu_junction_temperature", labels, round(reading.celsius)
    if reading.watts is not None:
        yield "gpu_package_power", labels, round(reading.watts)
    if reading.joules is not None:
        yield "gpu_energy_consumed", labels, round(1e6 * reading.joules)
    if reading.used_mib is not None and reading.total_mib is not None:
        yield "gpu_used_vram", labels, reading.used_mib
        yield "gpu_total_vram", labels, reading.total_mib
    yield "gpu_ecc_uncorrect_total", labels, reading.errors


def _neuron(reading: Reading) -> Iterator[Sample]:
    device = {"neuron_device_index": str(reading.index)}
    yield "neurondevice_hw_ecc_events_total_mem_ecc_uncorrected", device, reading.errors
    for core in range(_CORES_PER_NEURON_DEVICE):
        label = str(_CORES_PER_NEURON_DEVICE * reading.index + core)
        yield "neuroncore_utilization_ratio", {"neuroncore": label}, round(reading.utilization, 4)


_COUNTERS = frozenset({"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS"})


@dataclass(frozen=True)
class Exporter:
    """A vendor's exporter."""

    job: str
    """As it is scraped under in a cluster."""
    samples: Callable[[Reading], Iterator[Sample]]


EXPORTERS: Mapping[str, Exporter] = {
    "nvidia": Exporter("dcgm-exporter", _dcgm),
    "t-head": Exporter("ack-ppu-exporter", _dcgm),
    "huawei": Exporter("npu-exporter", _npu),
    "amd": Exporter("device-metrics-exporter", _amd),
    "aws": Exporter("neuron-monitor", _neuron),
}
"""By vendor of the catalogue."""


def exposition(samples: Iterator[Sample]) -> str:
    """Return samples as Prometheus' text, each said to be simulated."""
    families: dict[str, list[str]] = {}
    written: Labels = {}
    pairs = ""
    for name, labels, value in samples:
        if labels is not written:  # a device's samples share theirs, and most of the time goes here
            written = labels
            pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in {**labels, "simulated": "true"}.items())
        families.setdefault(name, []).append(f"{name}{{{pairs}}} {value}\n")
    return "".join(
        f"# TYPE {name} {'counter' if name in _COUNTERS else 'gauge'}\n{''.join(lines)}"
        for name, lines in families.items()
    )


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

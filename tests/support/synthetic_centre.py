"""A seeded centre of which everything is known: what each machine really drew, and what exporters said of it.

Its samples are those of real exporters and of the meter, before any recording rule. What is true is worked out from the
power curves themselves, by their integrals, so nothing of the accounting is used to check the accounting.

    pool     nodes  accelerators   power                                       so that it is
    h100     2      4 each         DCGM with pods' names, Kepler's platform    measured
    ascend   1      4              npu-exporter with pods' names, IPMI         measured
    mi300x   1      4              AMD's exporter without pods' names, Kepler  measured, but not by pod: estimated
    zhenwu   1      4              utilisation alone, CPU's utilisation        estimated
    general  1      16 cores       CPU's utilisation                           estimated
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.support.prometheus import Series
from tests.support.synthetic_parts import (
    ASSUMED_UTILIZATION,
    GCO2E_PER_KWH,
    HOUR,
    MINUTE,
    NODES,
    NOISE,
    POOLS,
    PUE,
    Curve,
    Outage,
    Pod,
    Truth,
    curve,
    spread,
)


@dataclass(frozen=True)
class SyntheticCentre:
    """The centre through `hours` hours from `start` (seconds since 1970)."""

    start: int
    hours: int = 24
    seed: int = 7
    step_seconds: int = MINUTE
    outages: tuple[Outage, ...] = ()

    @property
    def end(self) -> int:
        return self.start + self.hours * HOUR

    @property
    def pods(self) -> tuple[Pod, ...]:
        length = self.hours * HOUR
        day = length / 24
        return (
            Pod("research", "train-0", "h100-0", (0, 1, 2, 3), 3.29 * day, 17.73 * day, job="train"),
            Pod("research", "notebook-0", "h100-1", (3,), 0, length),
            Pod("enterprise", "chat-0", "h100-1", (0, 1), 0, length, model="chat"),
            Pod("enterprise", "chat-1", "ascend-0", (0, 1, 2), 1.02 * day, length, model="chat"),
            Pod("guest", "trial-0", "h100-1", (2,), 0, 10.34 * day, model="trial"),
            Pod("cloud", "embed-0", "mi300x-0", (0, 1), 0, length, model="embed"),
            Pod("studio", "tune-0", "mi300x-0", (2,), 6.1 * day, 15.4 * day, job="tune", effort=0.6),
            Pod("cloud", "rank-0", "zhenwu-0", (0, 1, 2, 3), 5.5 * day, 21.2 * day, model="rank"),
            Pod("platform", "gateway-0", "general-0", (), 0, length, cores=6.0),
        )

    @property
    def tenants(self) -> dict[str, tuple[float, float]]:
        """From when to when each is declared."""
        length = self.hours * HOUR
        stay = dict.fromkeys(("research", "enterprise", "cloud", "studio"), (0, length))
        return stay | {"guest": (0, 10.34 / 24 * length)}

    # ---- what is true

    def truth(self) -> Truth:
        """Work out what was used, from the curves."""
        found = Truth()
        for node, pool_name in NODES.items():
            pool = POOLS[pool_name]
            length = self.hours * HOUR
            host = self._host_joules(node, 0, length)
            pods = [pod for pod in self.pods if pod.node == node]
            used = dict.fromkeys(range(pool.pieces), 0.0)
            drawn = sum(self._device_joules(node, device, 0, length) for device in used) + host
            shared = 0.0
            for pod in pods:
                begin, end = pod.overlap(0, length)
                joules = pod.share * self._host_joules(node, begin, end)
                joules += sum(self._device_joules(node, device, begin, end) for device in pod.devices)
                shared += joules
                kwh = joules / 3.6e6
                found.tenants[pod.tenant] += kwh
                if pod.model:
                    found.models[pod.tenant, pod.model] += kwh
                if pod.job:
                    found.jobs[pod.tenant, pod.job] += kwh
            found.tenants["idle"] += (drawn - shared) / 3.6e6
            found.total += drawn / 3.6e6
        for (tenant, model), rate in self._requests().items():
            for kind, tokens in {"prompt": 300, "completion": 120, "cached": 100}.items():
                found.tokens[tenant, model, kind] += tokens * rate.integral(0, self.hours * HOUR)
        return found

    def _device_joules(self, node: str, device: int, begin: float, end: float) -> float:
        """Of one accelerator: idle, and what whoever holds it makes of it."""
        pool = POOLS[NODES[node]]
        load = sum(
            pod.effort * self._load(node, device).integral(*pod.overlap(begin, end))
            for pod in self._pods_of(node, device)
        )
        joules = pool.idle_watts * (end - begin) + (pool.peak_watts - pool.idle_watts) * load
        return self._off(node, device) * joules

    def _host_joules(self, node: str, begin: float, end: float) -> float:
        pool = POOLS[NODES[node]]
        load = self._cpu(node).integral(begin, end)
        return pool.off * (pool.host_idle_watts * (end - begin) + (pool.host_peak_watts - pool.host_idle_watts) * load)

    # ---- what is said

    def series(self) -> Iterator[Series]:
        """Every raw series, as scraped."""
        yield from self._meter()
        for node in NODES:
            yield from self._exporters(node)
        yield from self._gateway()

    def _meter(self) -> Iterator[Series]:
        for name, pool in POOLS.items():
            watts = {"host_idle": pool.host_idle_watts, "host_peak": pool.host_peak_watts}
            if pool.pieces:
                watts |= {"accelerator_idle": pool.idle_watts, "accelerator_peak": pool.peak_watts}
            for figure, value in watts.items():
                yield self._always(f"aicc_pool_{figure}_watts", value, pool=name)
            about = {"accelerator": pool.accelerator, "vendor": pool.vendor, "instance": f"synthetic.{name}"}
            yield self._always("aicc_pool_info", 1, pool=name, **about, accelerators_per_node=str(pool.pieces))
            yield self._always("aicc_pool_nodes", list(NODES.values()).count(name), pool=name)
            yield self._always("aicc_pool_embodied_gco2e_per_hour", pool.embodied_gco2e_per_hour, pool=name)
            yield self._always("aicc_pool_embodied_complete", int(name != "zhenwu"), pool=name)
            if pool.price_per_hour is not None:
                yield self._always("aicc_pool_price_per_hour", pool.price_per_hour, pool=name, currency="USD")
        for node, name in NODES.items():
            pool = POOLS[name]
            about = {"accelerator": pool.accelerator, "vendor": pool.vendor, "instance": f"synthetic.{name}"}
            yield self._always("aicc_node_info", 1, node=node, pool=name, **about, zone="zone-a", simulated="true")
            yield self._always("aicc_node_ready", 1, node=node, pool=name)
            yield self._always("aicc_node_accelerators", pool.pieces, node=node, pool=name)
            yield self._always("aicc_node_cpu_cores", pool.cores, node=node, pool=name)
        for pod in self.pods:
            where = {"namespace": pod.namespace, "pod": pod.name, "node": pod.node}
            about = {"pool": NODES[pod.node], "tenant": pod.tenant, "model": pod.model, "job": pod.job}
            for metric, value, labels in (
                ("aicc_pod_info", 1, where | about | {"simulated": "true"}),
                ("aicc_pod_cpu_cores", pod.cores, where),
                *([("aicc_pod_accelerators", len(pod.devices), where)] if pod.devices else []),
            ):
                yield self._series(metric, labels, ((second, value) for second in self._seconds(pod.begin, pod.end)))
        for tenant, (begin, end) in self.tenants.items():
            labels = {"tenant": tenant, "kind": "research"}
            yield self._series("aicc_tenant_info", labels, ((second, 1) for second in self._seconds(begin, end)))
        yield self._always("aicc_assumed_utilization_ratio", ASSUMED_UTILIZATION)
        yield self._always("aicc_pue_ratio", PUE, source="declared")
        yield self._always("aicc_grid_gco2e_per_kwh", GCO2E_PER_KWH, grid="china-shanghai", method="static")
        for kind in ("nodes", "pods"):
            yield self._always("aicc_meter_watch_age_seconds", 3, kind=kind)

    def _exporters(self, node: str) -> Iterator[Series]:
        pool = POOLS[NODES[node]]
        cpu = ((second, self._cpu(node).integral(0, second) * pool.cores) for second in self._seconds(node=node))
        idle = [(second, second * pool.cores - busy) for second, busy in cpu]
        yield self._series(
            "node_cpu_seconds_total",
            {"node": node, "cpu": "all", "mode": "idle"},
            [(second, value / pool.cores) for second, value in idle],
        )
        platform = {"ascend": "ipmi_dcmi_power_consumption_watts"}.get(pool.name, "kepler_platform_watts")
        if pool.name in {"h100", "mi300x", "ascend"}:
            noise = self._noise(node)
            said = [(second, next(noise) * self._node_watts(node, second)) for second in self._seconds(node=node)]
            yield self._series(platform, {"node": node}, said)
        for device in range(pool.pieces):
            yield from self._device(node, device)

    def _device(self, node: str, device: int) -> Iterator[Series]:
        pool = POOLS[NODES[node]]
        watts, load = {
            "h100": ("DCGM_FI_DEV_POWER_USAGE", "DCGM_FI_DEV_GPU_UTIL"),
            "ascend": ("npu_chip_info_power", "npu_chip_info_utilization"),
            "mi300x": ("gpu_package_power", "gpu_gfx_activity"),
            "zhenwu": ("", "DCGM_FI_DEV_GPU_UTIL"),
        }[pool.name]
        index = {"ascend": "id", "mi300x": "gpu_id"}.get(pool.name, "gpu")
        noise = self._noise(f"{node} {device}")
        for pod, begin, end in self._holders(node, device):
            labels = {"node": node, index: str(device)}
            if pod and pool.name != "mi300x":
                labels |= {"namespace": pod.namespace, "pod_name" if pool.name == "ascend" else "pod": pod.name}
            seconds = list(self._seconds(begin, end, node=node))
            if watts:
                said = [(second, next(noise) * self._device_watts(node, device, second)) for second in seconds]
                yield self._series(watts, labels, said)
            effort, curve = pod.effort if pod else 0.0, self._load(node, device)
            yield self._series(load, labels, [(second, 100 * effort * curve.at(second)) for second in seconds])

    def _holders(self, node: str, device: int) -> Iterator[tuple[Pod | None, float, float]]:
        """Who has the device when, free times included."""
        now: float = 0
        for pod in sorted(self._pods_of(node, device), key=lambda pod: pod.begin):
            if pod.begin > now:
                yield None, now, pod.begin
            yield pod, pod.begin, pod.end
            now = pod.end
        if now < self.hours * HOUR:
            yield None, now, self.hours * HOUR

    def _gateway(self) -> Iterator[Series]:
        """Counters that begin again at 0 in the middle, as where the gateway is replaced."""
        reset = self.hours * HOUR / 2
        for (tenant, model), rate in self._requests().items():
            for kind, tokens in {"prompt": 300, "completion": 120, "cached": 100}.items():
                samples = [
                    (second, tokens * rate.integral(0 if second < reset else reset, second))
                    for second in self._seconds()
                ]
                yield self._series(
                    "aicc_gateway_tokens_total", {"tenant": tenant, "model": model, "type": kind}, samples
                )

    def _requests(self) -> dict[tuple[str, str], Curve]:
        """By who asks and which model: requests per second."""
        asked = [
            ("enterprise", "chat"),
            ("research", "chat"),
            ("guest", "trial"),
            ("cloud", "embed"),
            ("cloud", "rank"),
        ]
        return {each: self._curve(f"requests of {each}", mean=2.0, amplitude=1.5) for each in asked}

    def _device_watts(self, node: str, device: int, second: float) -> float:
        pool = POOLS[NODES[node]]
        load = sum(
            pod.effort * self._load(node, device).at(second)
            for pod in self._pods_of(node, device)
            if pod.begin <= second < pod.end
        )
        return self._off(node, device) * (pool.idle_watts + (pool.peak_watts - pool.idle_watts) * load)

    def _off(self, node: str, device: int) -> float:
        """What is true of the catalogue's watts for one accelerator."""
        return POOLS[NODES[node]].off * spread(f"{self.seed} {node} {device}")

    def _pods_of(self, node: str, device: int) -> list[Pod]:
        return [pod for pod in self.pods if pod.node == node and device in pod.devices]

    def _node_watts(self, node: str, second: float) -> float:
        pool = POOLS[NODES[node]]
        host = pool.host_idle_watts + (pool.host_peak_watts - pool.host_idle_watts) * self._cpu(node).at(second)
        return pool.off * host + sum(self._device_watts(node, device, second) for device in range(pool.pieces))

    def _load(self, node: str, device: int) -> Curve:
        return self._curve(f"{node} {device}", mean=0.62, amplitude=0.3)

    def _cpu(self, node: str) -> Curve:
        return self._curve(node, mean=0.45, amplitude=0.25)

    def _curve(self, of: str, mean: float, amplitude: float) -> Curve:
        return curve(f"{self.seed} {of}", mean, amplitude)

    def _noise(self, of: str) -> Iterator[float]:
        dice = random.Random(f"{self.seed} noise of {of}")  # noqa: S311
        while True:
            yield dice.uniform(1 - NOISE, 1 + NOISE)

    def _seconds(self, begin: float = 0, end: float = math.inf, node: str = "") -> Iterator[int]:
        """When something is scraped, in seconds since the centre began; not where an outage hides it."""
        first = math.ceil(begin / self.step_seconds) * self.step_seconds
        for second in range(first, int(min(end, self.hours * HOUR + 1)), self.step_seconds):
            if not any(outage.hides(node, second) for outage in self.outages):
                yield second

    def _always(self, metric: str, value: float, **labels: str) -> Series:
        return self._series(metric, {**labels, "job": "meter"}, ((second, value) for second in self._seconds()))

    def _series(self, metric: str, labels: dict[str, str], samples: Iterable[tuple[float, float]]) -> Series:
        return Series({"__name__": metric, **labels}, [(self.start + second, value) for second, value in samples])

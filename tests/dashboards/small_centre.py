"""A small centre that is made up and wholly known: what its exporters would have said, and what is true of it.

Two tenants, the platform, four pools: one measured throughout, one whose exporter reports no watts, one of CPU nodes,
and a node of which nothing is known. Power and load follow curves with a period of a day, the same in every run.
`Fault`s take things away: an exporter falls silent, a sensor says what cannot be, the meter is gone.

`samples` are raw series, as scraped; the rules make everything else of them (recorded.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

HOUR_SECONDS = 3600
DAY_SECONDS = 24 * HOUR_SECONDS
BUCKETS_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
PUE = 1.2
CURRENCY = "CNY"
SILENT, ABSURD, NO_METER = "silent", "absurd", "no-meter"

Labels = Mapping[str, str]
Sample = tuple[str, Labels, float]
"""A series' name and labels, and its value."""


@dataclass(frozen=True)
class Pool:
    """Like nodes, and what the catalogue knows of them."""

    name: str
    nodes: int
    accelerator: str = ""
    vendor: str = ""
    pieces: int = 0
    exporter: str = ""
    """Whose names its exporter uses: dcgm, npu; none: there is none."""
    reports_watts: bool = True
    host_watts: tuple[float, float] | None = (150, 500)
    """Idle and peak; None: unknown."""
    piece_watts: tuple[float, float] | None = None
    embodied_gco2e_per_hour: float = 30
    price_per_hour: float | None = None
    simulated: bool = True
    cores: int = 64

    def node_names(self) -> list[str]:
        """Names of its nodes."""
        return [f"{self.name}-{index}" for index in range(self.nodes)]


@dataclass(frozen=True)
class Pod:
    """What reserves hardware, for a while."""

    name: str
    tenant: str
    node: str
    pieces: int = 0
    first: int = 0
    """The index of the first accelerator that it holds."""
    model: str = ""
    job: str = ""
    cores: int = 8
    hours: tuple[float, float] = (0, math.inf)
    """From when to when it is there, since the centre began."""
    load: float = 0.5
    """Mean utilisation of what it holds."""

    @property
    def namespace(self) -> str:
        """Where it runs."""
        return "aicc-system" if self.tenant == "platform" else f"tenant-{self.tenant}"

    def is_there(self, hours: float) -> bool:
        """Whether it is, so many hours after the centre began."""
        return self.hours[0] <= hours < self.hours[1]


@dataclass(frozen=True)
class Fault:
    """Something goes wrong with a node, or with the meter, from one hour to another."""

    kind: str
    hours: tuple[float, float]
    node: str = ""


POOLS = (
    Pool("general", 2, simulated=False, host_watts=(60, 240), price_per_hour=3.5),
    Pool("zhenwu", 2, "zhenwu-810e", "t-head", 4, "dcgm", piece_watts=(90, 400), price_per_hour=96),
    Pool("ascend", 1, "ascend-910b", "huawei", 4, "npu", reports_watts=False, piece_watts=(90, 310)),
    Pool("attic", 1, host_watts=None, embodied_gco2e_per_hour=0),
)
PODS = (
    Pod("chat-0", "enterprise", "zhenwu-0", 2, 0, model="chat", load=0.7),
    Pod("chat-1", "enterprise", "zhenwu-1", 2, 0, model="chat", load=0.6),
    Pod("embed-0", "research", "ascend-0", 2, 0, model="embed", load=0.4),
    Pod("spare-0", "research", "ascend-0", 1, 2, load=0),
    Pod("train-0", "research", "zhenwu-0", 2, 2, job="train", hours=(1, 4), load=0.95),
    Pod("gateway-0", "platform", "general-0", cores=4),
    Pod("notebook-0", "research", "general-1", cores=16, hours=(0.5, math.inf)),
)
FAULTS = (
    Fault(SILENT, (2, 2.4), "zhenwu-1"),
    Fault(ABSURD, (3, 3.2), "zhenwu-0"),
    Fault(ABSURD, (4.5, math.inf), "zhenwu-1"),
)
MODELS = {"chat": "enterprise", "embed": "research"}
TENANTS = {"enterprise": "enterprise", "research": "research"}


@dataclass(frozen=True)
class SmallCentre:
    """The centre from `start` on, for so many hours."""

    start: int
    """Seconds since 1970; the beginning of an hour."""
    hours: float
    pools: Sequence[Pool] = POOLS
    pods: Sequence[Pod] = PODS
    faults: Sequence[Fault] = FAULTS
    _pools: Mapping[str, Pool] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_node = {node: pool for pool in self.pools for node in pool.node_names()}
        object.__setattr__(self, "_pools", by_node)

    @property
    def end(self) -> int:
        """When it ends."""
        return self.start + int(self.hours * HOUR_SECONDS)

    # ---- what is true

    def load(self, pod: Pod, at: float) -> float:
        """Utilisation of what a pod holds: its mean, more by day, and a ripple of its own."""
        day = math.sin(2 * math.pi * at / DAY_SECONDS)
        ripple = math.sin(2 * math.pi * at / 1300 + 7 * len(pod.name) + pod.first)
        return min(1.0, max(0.0, pod.load * (1 + 0.3 * day + 0.15 * ripple)))

    def holder(self, node: str, piece: int, at: float) -> Pod | None:
        """Who holds an accelerator."""
        hours = (at - self.start) / HOUR_SECONDS
        return next(
            (
                pod
                for pod in self.pods
                if pod.node == node and pod.first <= piece < pod.first + pod.pieces and pod.is_there(hours)
            ),
            None,
        )

    def utilization(self, node: str, piece: int, at: float) -> float:
        """Of an accelerator, 0 to 1."""
        pod = self.holder(node, piece, at)
        return self.load(pod, at) if pod else 0.0

    def piece_watts(self, node: str, piece: int, at: float) -> float:
        """What an accelerator draws. Only of pools whose watts are known."""
        idle, peak = self._pools[node].piece_watts or (0, 0)
        return idle + (peak - idle) * self.utilization(node, piece, at) ** 0.9

    def gco2e_per_kwh(self, at: float) -> float:
        """What the grid's electricity emits: least about noon."""
        return 500 - 180 * math.sin(math.pi * (at % DAY_SECONDS) / DAY_SECONDS) ** 2

    def requests_per_second(self, model: str, at: float) -> float:
        """What clients ask of a model."""
        base = {"chat": 4.0, "embed": 9.0}.get(model, 1.0)
        return base * (1 + 0.5 * math.sin(2 * math.pi * at / DAY_SECONDS) + 0.2 * math.sin(2 * math.pi * at / 1700))

    # ---- what is scraped

    def samples(self, at: int) -> Iterator[Sample]:
        """Everything that a scrape at a time gives."""
        hours = (at - self.start) / HOUR_SECONDS
        if not self._fails(NO_METER, "", hours):
            yield from self._inventory(at)
            yield from self._pods(hours)
        for pool in self.pools:
            for node in pool.node_names():
                if pool.exporter and not self._fails(SILENT, node, hours):
                    yield from self._accelerators(pool, node, at)
        yield from self._gateway(at)
        yield from self._elsewhere(at)

    def _fails(self, kind: str, node: str, hours: float) -> bool:
        return any(
            fault.kind == kind and fault.node == node and fault.hours[0] <= hours < fault.hours[1]
            for fault in self.faults
        )

    def _inventory(self, at: int) -> Iterator[Sample]:
        for pool in self.pools:
            own = {"pool": pool.name}
            kind = {"accelerator": pool.accelerator, "vendor": pool.vendor, "instance": f"synthetic.{pool.name}"}
            yield "aicc_pool_info", {**own, **kind, "accelerators_per_node": str(pool.pieces)}, 1
            yield "aicc_pool_nodes", own, pool.nodes
            for name, watts in (("host", pool.host_watts), ("accelerator", pool.piece_watts)):
                for level, value in zip(("idle", "peak"), watts or (), strict=False):
                    yield f"aicc_pool_{name}_{level}_watts", own, value
            yield "aicc_pool_embodied_gco2e_per_hour", own, pool.embodied_gco2e_per_hour
            yield "aicc_pool_embodied_complete", own, float(pool.piece_watts is None)
            if pool.price_per_hour is not None:
                yield "aicc_pool_price_per_hour", {**own, "currency": CURRENCY}, pool.price_per_hour
            for node in pool.node_names():
                here = {"node": node, **own}
                yield "aicc_node_info", {**here, **kind, "zone": "a", "simulated": str(pool.simulated).lower()}, 1
                yield "aicc_node_ready", here, 1
                yield "aicc_node_cpu_cores", here, pool.cores
                if pool.pieces:
                    yield "aicc_node_accelerators", here, pool.pieces
        yield "aicc_assumed_utilization_ratio", {}, 0.6
        yield "aicc_pue_ratio", {"source": "declared"}, PUE
        yield "aicc_grid_gco2e_per_kwh", {"grid": "synthetic", "method": "live"}, self.gco2e_per_kwh(at)
        yield "aicc_grid_feed_up", {"grid": "synthetic"}, 1
        yield "aicc_grid_feed_timestamp_seconds", {"grid": "synthetic"}, at - 120
        yield "aicc_meter_watch_age_seconds", {"kind": "nodes"}, 3
        yield "aicc_meter_watch_age_seconds", {"kind": "pods"}, 2
        yield "aicc_meter_fresh", {}, 1
        for tenant, kind_of in TENANTS.items():
            yield "aicc_tenant_info", {"tenant": tenant, "kind": kind_of}, 1
            yield "aicc_budget_kwh", {"tenant": tenant}, 900
            yield "aicc_budget_kgco2e", {"tenant": tenant}, 450
        for model, tenant in MODELS.items():
            whose = {"tenant": tenant, "model": model}
            yield "aicc_slo_availability_ratio", whose, 0.99
            yield "aicc_slo_latency_ratio", whose, 0.95
            yield "aicc_slo_ttft_seconds", whose, 1
            yield "aicc_slo_tpot_seconds", whose, 0.1

    def _pods(self, hours: float) -> Iterator[Sample]:
        there = [pod for pod in self.pods if pod.is_there(hours)]
        for pod in there:
            pool = self._pools[pod.node]
            bound = {"namespace": pod.namespace, "pod": pod.name, "node": pod.node}
            who = {"tenant": pod.tenant, "model": pod.model, "job": pod.job, "simulated": str(pool.simulated).lower()}
            yield "aicc_pod_info", {**bound, "pool": pool.name, **who}, 1
            yield "aicc_pod_cpu_cores", bound, pod.cores
            if pod.pieces:
                yield "aicc_pod_accelerators", bound, pod.pieces
        for tenant in TENANTS:
            held = sum(pod.pieces for pod in there if pod.tenant == tenant)
            for resource, hard, used in (("accelerators", 8, held), ("cpu", 64, 8 * held)):
                yield "aicc_quota_hard", {"tenant": tenant, "resource": resource}, hard
                yield "aicc_quota_used", {"tenant": tenant, "resource": resource}, used
        waiting = {"namespace": "tenant-research", "tenant": "research", "gang": "sweep"}
        for index in range(2):
            yield "aicc_pod_pending_seconds", {**waiting, "pod": f"sweep-{index}"}, 60 + HOUR_SECONDS * hours
        yield "aicc_volume_capacity_bytes", {"namespace": "tenant-research", "claim": "model-cache"}, 2**36
        yield "aicc_volume_used_bytes", {"namespace": "tenant-research", "claim": "model-cache"}, 0.7 * 2**36

    def _accelerators(self, pool: Pool, node: str, at: int) -> Iterator[Sample]:
        absurd = self._fails(ABSURD, node, (at - self.start) / HOUR_SECONDS)
        for piece in range(pool.pieces):
            pod = self.holder(node, piece, at)
            busy = self.utilization(node, piece, at)
            watts = 30_000 if absurd and piece == 0 else self.piece_watts(node, piece, at)
            celsius = 40 + 40 * busy
            simulated = {"simulated": "true"} if pool.simulated else {}
            if pool.exporter == "dcgm":
                holds = {"namespace": pod.namespace, "pod": pod.name} if pod else {}
                labels = {"node": node, "gpu": str(piece), **holds, **simulated}
                figures = {
                    "DCGM_FI_DEV_GPU_UTIL": 100 * busy,
                    "DCGM_FI_DEV_FB_USED": 65_536 * (0.05 + 0.8 * (busy > 0)),
                    "DCGM_FI_DEV_FB_FREE": 65_536 * (0.95 - 0.8 * (busy > 0)),
                    "DCGM_FI_DEV_GPU_TEMP": celsius,
                    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS": float((at - self.start) // (2 * HOUR_SECONDS))
                    if node.endswith("-1") and piece == 3
                    else 0.0,
                    "DCGM_FI_DEV_POWER_USAGE": watts,
                }
            else:
                holds = {"namespace": pod.namespace, "pod_name": pod.name} if pod else {}
                labels = {"node": node, "id": str(piece), **holds, **simulated}
                figures = {
                    "npu_chip_info_utilization": 100 * busy,
                    "npu_chip_info_hbm_used_memory": 65_536 * (0.05 + 0.6 * (busy > 0)),
                    "npu_chip_info_hbm_total_memory": 65_536.0,
                    "npu_chip_info_temperature": celsius,
                    "npu_chip_info_power": watts,
                }
            for name, value in figures.items():
                if pool.reports_watts or name not in {"DCGM_FI_DEV_POWER_USAGE", "npu_chip_info_power"}:
                    yield name, labels, value

    def _gateway(self, at: int) -> Iterator[Sample]:
        for model, tenant in MODELS.items():
            whose = {"tenant": tenant, "model": model}
            asked = self._asked(model, at)
            for code, share in (("200", 0.985), ("429", 0.01), ("503", 0.005)):
                yield "aicc_gateway_requests_total", {**whose, "code": code}, asked * share
            yield "aicc_gateway_limited_total", {"tenant": tenant, "limit": "tokens"}, asked * 0.01
            for kind, each in (("prompt", 400), ("completion", 150), ("cached", 120)):
                yield "aicc_gateway_tokens_total", {**whose, "type": kind}, asked * each
            for name, mean in (
                ("aicc_gateway_first_byte_seconds", 0.4),
                ("aicc_gateway_time_per_output_token_seconds", 0.06),
                ("aicc_gateway_request_duration_seconds", 4.0),
            ):
                yield from _histogram(name, whose, asked, mean)
            running = self.requests_per_second(model, at) * 3
            yield "aicc_gateway_requests_running", {"model": model}, float(round(running))
            yield "aicc_gateway_requests_held", {"model": model}, 3 if at % 7000 < 400 else 0
            yield "aicc_gateway_model_active", {"model": model}, 1

    def _asked(self, model: str, at: float) -> float:
        """Requests since the centre began: the integral of their rate, so that it never falls."""
        base = {"chat": 4.0, "embed": 9.0}.get(model, 1.0)

        def integral(until: float) -> float:
            slow, fast = 2 * math.pi / DAY_SECONDS, 2 * math.pi / 1700
            return base * (until - 0.5 / slow * math.cos(slow * until) - 0.2 / fast * math.cos(fast * until))

        return integral(at) - integral(self.start)

    def _elsewhere(self, at: int) -> Iterator[Sample]:
        since = at - self.start
        for job in ("meter", "gateway", "apiserver"):
            yield "up", {"job": job, "instance": f"{job}:1"}, 1
        alert = {"alertname": "AcceleratorErrors", "alertstate": "firing", "severity": "warning", "pool": "zhenwu"}
        yield "ALERTS", alert, 1
        for worker in ("chat-0", "chat-1", "embed-0"):
            yield "smg_worker_health", {"worker": worker}, float(worker != "chat-1" or since % 7200 > 600)
        for verb, each in (("GET", 12), ("LIST", 3), ("PATCH", 5)):
            yield from _histogram("apiserver_request_duration_seconds", {"verb": verb}, since * each, 0.03)
        for queue, waiting in (("active", 0), ("unschedulable", 2)):
            yield "scheduler_pending_pods", {"queue": queue}, waiting
        yield "kueue_pending_workloads", {"cluster_queue": "research", "status": "active"}, 1
        yield "kueue_pending_workloads", {"cluster_queue": "research", "status": "inadmissible"}, 0


def _histogram(name: str, labels: Labels, count: float, mean: float) -> Iterator[Sample]:
    """Of values that are distributed exponentially."""
    for bound in BUCKETS_SECONDS:
        yield f"{name}_bucket", {**labels, "le": str(float(bound))}, count * (1 - math.exp(-bound / mean))
    yield f"{name}_bucket", {**labels, "le": "+Inf"}, count
    yield f"{name}_sum", labels, count * mean
    yield f"{name}_count", labels, count

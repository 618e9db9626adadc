"""Every series that the meter exports: its name, its labels, and what it means. The reference is written from this."""

from __future__ import annotations

from typing import NamedTuple


class Series(NamedTuple):
    """One gauge, or one counter where its name ends in `_total`."""

    name: str
    labels: tuple[str, ...]
    help: str


def _series(name: str, labels: str, meaning: str) -> Series:
    return Series(f"aicc_{name}", tuple(labels.split()), meaning)


NODE_INFO = _series(
    "node_info", "node pool accelerator vendor instance zone simulated", "1 for each node of the centre."
)
NODE_READY = _series("node_ready", "node pool", "Whether pods can run on the node.")
NODE_ACCELERATORS = _series("node_accelerators", "node pool", "Allocatable accelerators, in pieces.")
NODE_CPU_CORES = _series("node_cpu_cores", "node pool", "Allocatable cores.")
POOL_INFO = _series("pool_info", "pool accelerator vendor instance accelerators_per_node", "1 for each declared pool.")
POOL_NODES = _series("pool_nodes", "pool", "Declared nodes.")
POOL_HOST_IDLE_WATTS = _series("pool_host_idle_watts", "pool", "A node without its accelerators, idle.")
POOL_HOST_PEAK_WATTS = _series("pool_host_peak_watts", "pool", "A node without its accelerators, at full load.")
POOL_ACCELERATOR_IDLE_WATTS = _series("pool_accelerator_idle_watts", "pool", "One accelerator, idle.")
POOL_ACCELERATOR_PEAK_WATTS = _series("pool_accelerator_peak_watts", "pool", "One accelerator, at its limit.")
POOL_EMBODIED = _series(
    "pool_embodied_gco2e_per_hour", "pool", "Making a node with its accelerators, per hour of its life."
)
POOL_EMBODIED_COMPLETE = _series(
    "pool_embodied_complete", "pool", "0 where a part of it is unknown, so that it is a lower bound."
)
POOL_PRICE = _series("pool_price_per_hour", "pool currency", "A node's list price.")
UTILIZATION = _series("assumed_utilization_ratio", "", "What estimates presume of hardware whose load is not known.")
PUE = _series("pue_ratio", "source", "Power usage effectiveness.")
INTENSITY = _series("grid_gco2e_per_kwh", "grid method", "The carbon intensity that holds now: live, profile, static.")
FEED_UP = _series("grid_feed_up", "grid", "Whether the live feed's last answer was good, and is not old.")
FEED_TIMESTAMP = _series("grid_feed_timestamp_seconds", "grid", "When the live feed's last good figure held.")
FEED_REJECTED = _series("grid_feed_rejected_total", "grid reason", "Answers of the live feed that were not used.")
POD_INFO = _series(
    "pod_info",
    "namespace pod node pool tenant model job simulated",
    "1 for each pod that is bound to a node of the centre and has not ended.",
)
POD_ACCELERATORS = _series("pod_accelerators", "namespace pod node", "Requested accelerators, in pieces.")
POD_CPU_CORES = _series("pod_cpu_cores", "namespace pod node", "Requested cores.")
POD_PENDING = _series(
    "pod_pending_seconds", "namespace pod tenant gang", "Since the pod was made, where it is bound to no node."
)
QUOTA_HARD = _series("quota_hard", "tenant resource", "What a tenant may use at the same time.")
QUOTA_USED = _series("quota_used", "tenant resource", "What of it the tenant's pods ask for.")
TENANT_INFO = _series("tenant_info", "tenant kind", "1 for each declared tenant.")
SLO_AVAILABILITY = _series("slo_availability_ratio", "tenant model", "Share of requests that must not fail.")
SLO_TTFT = _series("slo_ttft_seconds", "tenant model", "Time to first token that is promised.")
SLO_TPOT = _series("slo_tpot_seconds", "tenant model", "Time per output token that is promised.")
SLO_LATENCY = _series("slo_latency_ratio", "tenant model", "Share of answers that must keep both times.")
BUDGET_KWH = _series("budget_kwh", "tenant", "Energy that a tenant may use in a calendar month (UTC).")
BUDGET_KGCO2E = _series("budget_kgco2e", "tenant", "Emissions that a tenant may cause in a calendar month (UTC).")
SHIFTING = _series("shifting_declared", "", "1 where deferrable jobs wait for the shifter to let them run.")
VOLUME_CAPACITY = _series("volume_capacity_bytes", "namespace claim", "Size of a bound volume claim.")
WATCH_AGE = _series("meter_watch_age_seconds", "kind", "Since the API server last said anything of this kind.")
WATCH_ERRORS = _series("meter_watch_errors_total", "kind", "Failures of a list or watch, each of which was repeated.")
FRESH = _series("meter_fresh", "", "1 while nodes and pods are known and not stale; 0: their series are left out.")

ALL: tuple[Series, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Series))

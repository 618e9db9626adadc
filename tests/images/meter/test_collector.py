"""The series, as Prometheus reads them: what is unknown is not there, and what is old is not served as if new."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from images.meter.meter import objects, series
from images.meter.meter.collector import MeterCollector, Watches
from images.meter.meter.config import Config, Feed
from images.meter.meter.feed import Figure, LiveFeed
from images.meter.meter.watch import CLAIMS, NODES, PODS, QUOTAS
from tests.images.meter import examples
from tests.images.meter.examples import RESOURCE, node, pod

NOW = datetime(2026, 11, 28, tzinfo=UTC).timestamp()
Series = dict[str, dict[tuple[str, ...], float]]


class Known:
    """A watch that has heard what a test says, as long ago as it says."""

    def __init__(self, kind: Any, records: list[Any], age: float | None = 1.0) -> None:
        self.kind, self.found, self.age, self.errors = kind, records, age, 0

    def records(self) -> list[Any]:
        return self.found

    def age_seconds(self) -> float | None:
        return self.age


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return examples.config(tmp_path)


def watches(config: Config, nodes: list[Any] = [], pods: list[Any] = [], quotas: list[Any] = []) -> Any:  # noqa: B006
    return Watches(
        Known(NODES, [objects.node(each, config) for each in nodes]),  # type: ignore[arg-type]
        Known(PODS, [objects.pod(each, config) for each in pods]),  # type: ignore[arg-type]
        Known(QUOTAS, [objects.quota(each, config) for each in quotas]),  # type: ignore[arg-type]
        Known(CLAIMS, [objects.Claim("tenant-research", "model-cache", 2**30)]),  # type: ignore[arg-type]
    )


def scraped(config: Config, found: Any, feed: LiveFeed | None = None) -> Series:
    registry = CollectorRegistry()
    registry.register(MeterCollector(config, found, feed, stale_seconds=180, clock=lambda: NOW))
    text = generate_latest(registry).decode()
    labels = {one.name: one.labels for one in series.ALL}
    read: Series = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            assert set(sample.labels) == set(labels[sample.name]), sample.name
            key = tuple(sample.labels[name] for name in labels[sample.name])
            assert key not in read.setdefault(sample.name, {}), sample
            read[sample.name][key] = sample.value
    return read


def test_the_declared_figures_are_there_and_the_unknown_are_not(config: Config) -> None:
    found = scraped(config, watches(config))
    assert found["aicc_pool_info"] == {
        ("zhenwu", "zhenwu-810e", "t-head", "sim.zhenwu", "16"): 1,
        ("system", "", "", "", "0"): 1,
    }
    assert found["aicc_pool_host_idle_watts"] == {("zhenwu",): 800}
    assert found["aicc_pool_accelerator_peak_watts"] == {("zhenwu",): 400}
    assert found["aicc_pool_embodied_gco2e_per_hour"] == {("zhenwu",): 142.5}
    assert found["aicc_pool_embodied_complete"] == {("zhenwu",): 0}
    assert found["aicc_pool_price_per_hour"] == {("zhenwu", "USD"): 9.5}
    assert found["aicc_pool_nodes"] == {("zhenwu",): 2}
    assert found["aicc_budget_kwh"] == {("research",): 1000}
    assert found["aicc_tenant_info"] == {("research", "research"): 1, ("guests", "enterprise"): 1}
    assert found["aicc_slo_ttft_seconds"] == {("research", "qwen"): 2}
    assert found["aicc_slo_availability_ratio"] == {("research", "qwen"): 0.99, ("guests", "embed"): 0.9}
    assert found["aicc_pue_ratio"] == {("declared",): 1.2}
    assert found["aicc_grid_gco2e_per_kwh"] == {("east", "static"): 500}


def test_that_jobs_wait_for_the_shifter_is_said_where_they_do(config: Config, tmp_path: Path) -> None:
    assert "aicc_shifting_declared" not in scraped(config, watches(config))
    waits = examples.config(tmp_path, {**examples.document(), "shifting": True})
    assert scraped(waits, watches(waits))["aicc_shifting_declared"] == {(): 1}


def test_a_place_of_which_nothing_is_known_has_no_series(tmp_path: Path) -> None:
    without = {key: value for key, value in examples.document().items() if key not in {"pue", "grid"}}
    config = examples.config(tmp_path, without)
    assert (
        not {"aicc_pue_ratio", "aicc_grid_gco2e_per_kwh", "aicc_grid_feed_up"} & scraped(config, watches(config)).keys()
    )


def test_nodes_and_pods_are_joined(config: Config) -> None:
    pods = [
        pod("train", labels={"aicc.io/model": "qwen"}, owners=[{"kind": "Job", "name": "train"}]),
        pod("dns", "kube-system"),
        pod("waits", spec={"nodeName": None}, labels={"scheduling.x-k8s.io/pod-group": "g"}),
        pod("elsewhere", spec={"nodeName": "not-the-centres"}),
    ]
    quotas = [
        {"metadata": {"namespace": "tenant-research"}, "status": {"hard": {"pods": "9"}, "used": {"pods": "3"}}},
        {"metadata": {"namespace": "tenant-research"}, "status": {"hard": {"pods": "5"}, "used": {"pods": "3"}}},
    ]
    found = scraped(config, watches(config, [node("zhenwu-0000")], pods, quotas))
    assert found["aicc_node_info"] == {("zhenwu-0000", "zhenwu", "zhenwu-810e", "t-head", "sim.zhenwu", "", "true"): 1}
    assert found["aicc_node_accelerators"] == {("zhenwu-0000", "zhenwu"): 16}
    where = ("zhenwu-0000", "zhenwu")
    assert found["aicc_pod_info"] == {
        ("tenant-research", "train", *where, "research", "qwen", "train", "true"): 1,
        ("kube-system", "dns", *where, "platform", "", "", "true"): 1,
    }
    assert found["aicc_pod_accelerators"][("tenant-research", "train", "zhenwu-0000")] == 8
    assert found["aicc_pod_cpu_cores"][("kube-system", "dns", "zhenwu-0000")] == 0.5
    assert found["aicc_pod_pending_seconds"] == {("tenant-research", "waits", "research", "g"): 86_400}
    assert found["aicc_quota_hard"] == {("research", "pods"): 5}, "the tightest one holds"
    assert found["aicc_quota_used"] == {("research", "pods"): 3}
    assert found["aicc_volume_capacity_bytes"] == {("tenant-research", "model-cache"): 2**30}
    assert found["aicc_meter_fresh"] == {(): 1}


@pytest.mark.parametrize("kind", ["nodes", "pods"])
@pytest.mark.parametrize("age", [None, 181.0])
def test_stale_state_is_left_out_whole(config: Config, kind: str, age: float | None) -> None:
    """Nodes without their pods would look idle, and pods without their nodes as if nobody paid."""
    found = watches(config, [node("zhenwu-0000")], [pod("train")])
    getattr(found, kind).age = age
    served = scraped(config, found)
    assert served["aicc_meter_fresh"] == {(): 0}
    assert not [name for name in served if name.startswith(("aicc_node_", "aicc_pod_"))]
    assert "aicc_pool_info" in served
    assert ((kind,) in served["aicc_meter_watch_age_seconds"]) == (age is not None)


def test_a_feed_is_told_with_its_refusals(tmp_path: Path) -> None:
    document = examples.document()
    document["grid"]["feed"] = {
        "url": "http://127.0.0.1:9/now",
        "format": "plain",
        "pollSeconds": 60,
        "staleSeconds": 600,
    }
    config = examples.config(tmp_path, document)
    assert config.grid
    assert isinstance(config.grid.feed, Feed)
    feed = LiveFeed(config.grid, config.grid.feed)
    feed.poll(NOW)
    found = scraped(config, watches(config), feed)
    assert found["aicc_grid_feed_up"] == {("east",): 0}
    assert found["aicc_grid_feed_rejected_total"][("east", "unreachable")] == 1
    assert found["aicc_grid_feed_rejected_total"][("east", "negative")] == 0
    assert "aicc_grid_feed_timestamp_seconds" not in found
    feed.accepted = Figure(321.0, NOW - 60)
    assert scraped(config, watches(config), feed)["aicc_grid_gco2e_per_kwh"] == {("east", "live"): 321}


def test_every_series_is_named_and_explained() -> None:
    names = [one.name for one in series.ALL]
    assert len(set(names)) == len(names) >= 35
    for one in series.ALL:
        assert one.help.endswith(".")
        assert not [label for label in one.labels if not label.isidentifier()]


def test_labels_are_the_contracts() -> None:
    """Rules join on them."""
    joined: Mapping[str, str] = {
        "aicc_node_info": "node pool accelerator vendor instance zone simulated",
        "aicc_pod_info": "namespace pod node pool tenant model job simulated",
        "aicc_pod_accelerators": "namespace pod node",
        "aicc_quota_hard": "tenant resource",
        "aicc_grid_gco2e_per_kwh": "grid method",
    }
    assert {one.name: " ".join(one.labels) for one in series.ALL if one.name in joined} == joined
    assert RESOURCE

"""Rules name only what charts/monitoring/metrics.yaml describes, and all that it says they write."""

from __future__ import annotations

import re

import pytest

from aicc import vocabulary
from aicc.paths import REPO
from infra.config.monitoring import TPOT_EDGES, TTFT_EDGES
from infra.plan.monitoring.objectives import TPOT_SECONDS, TTFT_SECONDS
from tests.monitoring.rules.expressions import KNOWN, ORDER, RULES, named
from tests.monitoring.rules.reconcile import CHART


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("record", rule.get("alert")))
def test_a_rule_names_only_documented_metrics(rule: dict[str, str]) -> None:
    assert set(named(rule["expr"])) <= KNOWN


def test_every_file_of_records_has_its_place() -> None:
    assert {path.stem for path in (CHART / "rules").glob("*.yaml")} == set(ORDER)


def test_every_record_is_documented_and_written() -> None:
    written = {rule["record"] for rule in RULES if "record" in rule}
    assert written == vocabulary.load()["records"].keys()


def test_every_documented_metric_is_read() -> None:
    """What no rule reads need not be kept by a scrape; meter's and gateway's are read by dashboards, too."""
    read = {name for rule in RULES for name in named(rule["expr"])}
    vendors = {"nvidia-and-ppu", "ascend", "amd", "neuron", "machines", "control-plane", "prometheus"}
    assert {name for source in vendors for name in vocabulary.load()[source]} <= read


def test_objectives_end_where_the_gateway_s_buckets_do() -> None:
    source = (REPO / "images/gateway/gate/metrics.go").read_text(encoding="utf-8")
    edges = {
        name: tuple(float(edge) for edge in listed.split(","))
        for name, listed in re.findall(r"(\w+) += \[\]float64\{([^}]+)\}", source)
    }
    assert edges == {"edges": TTFT_EDGES, "tokenEdges": TPOT_EDGES}
    assert (TTFT_SECONDS in TTFT_EDGES, TPOT_SECONDS in TPOT_EDGES) == (True, True)


@pytest.mark.parametrize(
    ("expression", "metrics"),
    [
        ('sum by (a) (rate(x_total{b="c"}[5m])) / on (a) group_left () y > 0.5', {"x_total", "y"}),
        ("histogram_quantile(0.9, sum by (le) (rate(z_bucket[1h])))", {"z"}),
    ],
)
def test_metrics_are_found(expression: str, metrics: set[str]) -> None:
    assert set(named(expression)) == metrics


def test_cardinality_is_counted_by_the_vocabulary() -> None:
    sizes = vocabulary.Sizes(
        pool=1,
        node=2,
        core=2,
        device=16,
        pod=4,
        pending_pod=0,
        job=1,
        tenant=1,
        model=1,
        tenant_model=1,
        claim=1,
        target=3,
    )
    counted = vocabulary.cardinality(sizes, frozenset({"nvidia-and-ppu"}))
    assert counted["nvidia-and-ppu"] == 8 * 16
    assert "ascend" not in counted
    assert counted["records"] >= 8 * 16

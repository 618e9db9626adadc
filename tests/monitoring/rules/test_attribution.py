"""Small centres at random: the rules against the same attribution worked out in Python, device by device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.monitoring.rules.reconcile import CHART, reconciliations
from tests.support.promtool import Promtool

ASSUMED = 0.5
WATTS = st.sampled_from([-1.0, 0.0, 60.0, 250.0, 600.0, 601.0, 250_000.0])


@dataclass(frozen=True)
class Device:
    watts: float | None
    ratio: float | None
    pod: int | None
    """Which of the node's pods the exporter names; one beyond the last is the exporter's own."""


@dataclass(frozen=True)
class Node:
    rated: bool
    """Whether idle and peak watts are known: 100 and 400 of a piece, 200 and 600 of the host."""
    pieces: int
    devices: tuple[Device, ...]
    pods: tuple[int, ...]
    """Pieces that each asks for."""
    platform: float | None


def nodes() -> st.SearchStrategy[Node]:
    devices = st.builds(
        Device,
        watts=st.none() | WATTS,
        ratio=st.none() | st.sampled_from([0.0, 0.25, 1.0, 1.5]),
        pod=st.none() | st.integers(0, 2),
    )
    return st.builds(
        Node,
        rated=st.booleans(),
        pieces=st.integers(1, 4),
        devices=st.lists(devices, max_size=4).map(tuple),
        pods=st.lists(st.integers(1, 3), max_size=2).map(tuple),
        platform=st.none() | st.sampled_from([0.0, 900.0, 3_000.0, 1e6]),
    )


def drawn(node: Node, device: Device) -> float | None:
    """Watts of a device; None where nothing is known of it."""
    if device.watts is not None and 0 < device.watts <= (600 if node.rated else 5_000):
        return device.watts
    if node.rated and device.ratio is not None and device.ratio <= 1:
        return 100 + 300 * device.ratio
    named = device.pod is not None and device.pod < len(node.pods)
    return 100 + 300 * ASSUMED if node.rated and named and not unseen(device) else None


def unseen(device: Device) -> bool:
    return device.watts is None and device.ratio is None


def accounts(node: Node) -> dict[str, float]:
    """Watts by tenant: each pod is a tenant, and the rest is idle."""
    owed = {f"t{number}": 0.0 for number in range(len(node.pods))}
    held = [0] * len(node.pods)
    unnamed: list[float] = []
    for device in node.devices:
        watts = drawn(node, device)
        if watts is None:
            continue
        if device.pod is not None and device.pod < len(node.pods):
            owed[f"t{device.pod}"] += watts
            held[device.pod] += 1
        else:
            unnamed.append(watts)
    unreported = max(node.pieces - len(unnamed) - sum(held), 0)
    wanted = [max(asked - has, 0) for asked, has in zip(node.pods, held, strict=True)]
    places = max(unreported + len(unnamed), sum(wanted))
    free = 1 - sum(wanted) / places if places else 1.0
    left = sum(unnamed) if free == 1 else free * len(unnamed) * at_rest(unnamed)
    for number, want in enumerate(wanted):
        if want:
            reserved = unreported * (100 + 300 * ASSUMED) if node.rated else 0
            owed[f"t{number}"] += (sum(unnamed) - left) * want / sum(wanted) + reserved * want / places
    owed["idle"] = left + (free * unreported * 100 if node.rated else 0)

    divisor = max(node.pieces, sum(node.pods))
    host = hosts(node, sum(owed.values()), sum(node.pods) / divisor)
    for number, asked in enumerate(node.pods):
        owed[f"t{number}"] += host * asked / divisor
    owed["idle"] += host * (1 - sum(node.pods) / divisor)
    return owed


def at_rest(unnamed: list[float]) -> float:
    """Watts of a device that nobody holds."""
    least = [watts for watts in unnamed if watts <= 1.2 * min(unnamed)]
    return sum(least) / max(len(least), 1)


def hosts(node: Node, accelerators: float, share: float) -> float:
    """Watts of a node without its accelerators; 0 where they are unknown."""
    limit = 1.5 * (600 + 400 * node.pieces) if node.rated else 30_000
    if node.platform and node.platform <= limit and node.platform > accelerators:
        return node.platform - accelerators
    return 200 + 400 * ASSUMED * share if node.rated else 0.0


def case(number: int, node: Node) -> dict[str, Any]:
    """A test of promtool's: a centre of this node."""
    values = dict(series(node))
    tenants = accounts(node)
    checks = [
        {
            "expr": f'round(sum(aicc:tenant_power_watts{{tenant="{tenant}"}} or vector(0)), 1e-6)',
            "eval_time": "30s",
            "exp_samples": [{"labels": "{}", "value": round(watts, 6)}],
        }
        for tenant, watts in tenants.items()
    ]
    found = {"promql_expr_test": checks}
    return {
        "name": f"{number}: {node}",
        "interval": "30s",
        "input_series": [{"series": name, "values": f"{value}x1"} for name, value in values.items()],
        "promql_expr_test": [*checks, *reconciliations(found)],
    }


def series(node: Node) -> Iterator[tuple[str, float]]:
    yield "aicc_assumed_utilization_ratio", ASSUMED
    yield 'aicc_node_info{node="n",pool="p",accelerator="nvidia-h20",vendor="nvidia"}', 1
    yield 'aicc_node_accelerators{node="n",pool="p"}', node.pieces
    if node.rated:
        rated = {"accelerator_idle": 100, "accelerator_peak": 400, "host_idle": 200, "host_peak": 600}
        yield from ((f'aicc_pool_{name}_watts{{pool="p"}}', watts) for name, watts in rated.items())
    for number, asked in enumerate(node.pods):
        yield f'aicc_pod_info{{namespace="n{number}",pod="a",node="n",pool="p",tenant="t{number}"}}', 1
        yield f'aicc_pod_accelerators{{namespace="n{number}",pod="a",node="n"}}', asked
    for number, device in enumerate(node.devices):
        holder = "" if device.pod is None else f',namespace="n{device.pod}",pod="a"'
        labels = f'{{node="n",gpu="{number}"{holder}}}'
        if device.watts is not None:
            yield f"DCGM_FI_DEV_POWER_USAGE{labels}", device.watts
        if device.ratio is not None:
            yield f"DCGM_FI_DEV_GPU_UTIL{labels}", device.ratio * 100
    if node.platform is not None:
        yield 'kepler_platform_watts{node="n"}', node.platform


# Not shrunk: a case that fails is small already, and promtool names it.
@settings(max_examples=2, phases=[Phase.generate])
@given(centres=st.lists(nodes(), min_size=30, max_size=30))
def test_every_watt_goes_where_the_rule_says(promtool: Promtool, tmp_path_factory: Any, centres: list[Node]) -> None:
    folder: Path = tmp_path_factory.mktemp("centres")
    document = {
        "rule_files": [str(CHART / "rules" / "*.yaml")],
        "group_eval_order": ["aicc-inventory", "aicc-accelerators", "aicc-power"],
        "evaluation_interval": "30s",
        "fuzzy_compare": True,
        "tests": [case(number, node) for number, node in enumerate(centres)],
    }
    path = folder / "centres_test.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    promtool.test_rules([path])

"""Pools and nodes: what the hardware does, and what is wrong with it."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from aicc.dashboards.definitions.frame import NODE, POOL, dashboard
from aicc.dashboards.definitions.series import held, offered
from aicc.dashboards.definitions.style import Column, Panel, Query, falling, lines, notice, number, rising, rows

_NODES = 'pool=~"$pool", node=~"$node"'
_POOLS = 'pool=~"$pool"'


def nodes() -> Dashboard:
    """By pool, down to each node."""
    return dashboard(
        "aicc-nodes",
        "Pools and nodes",
        "The hardware: nodes, accelerators, temperature, errors, power. Choose a pool, then a node.",
        (POOL, NODE),
        [
            (None, [notice(_NODES), *_state()]),
            ("Accelerators", _accelerators()),
            ("Nodes", _nodes()),
        ],
    )


def _state() -> list[Panel]:
    return [
        number(
            "Nodes ready",
            "Ready nodes of those chosen. Bad: below 100 %.",
            [Query(f"avg(max by (node, pool) (aicc_node_ready{{{_NODES}}}))")],
            "percentunit",
            steps=falling(0.9, 0.999),
            width=4,
        ),
        number(
            "Accelerators held",
            "Pieces that pods hold, of those offered. Bad: near 100 % with pods waiting.",
            [Query(f"{held(nodes=_NODES)} / {offered(which=_NODES)}")],
            "percentunit",
            width=4,
            decimals=0,
            none="no accelerators",
        ),
        number(
            "Utilisation",
            "Mean over all accelerators. Bad: far below the share that is held.",
            [Query(f"avg(aicc_accelerator_utilization_ratio{{{_NODES}}})")],
            "percentunit",
            width=4,
            decimals=0,
            none="no accelerators",
        ),
        number(
            "Hottest accelerator",
            "The highest temperature of all pieces. Bad: above 85 °C, where most throttle.",
            [Query(f"max(aicc_accelerator_temperature_celsius{{{_NODES}}})")],
            "celsius",
            steps=rising(80, 88),
            width=4,
            none="no sensor",
        ),
        number(
            "Device errors",
            "Errors that accelerators reported in the chosen time. Bad: any; a piece that repeats them is to be "
            "replaced.",
            [Query(f"sum(increase(aicc_accelerator_errors_total{{{_NODES}}}[$__range]))")],
            "short",
            steps=rising(1, 10),
            width=4,
            decimals=0,
            none="not reported",
            history=False,
        ),
        number(
            "IT power",
            "What the chosen nodes draw, hosts and accelerators. Bad: high while little is held.",
            [Query(f"sum(aicc:node_power_watts{{{_NODES}}})")],
            "watt",
            width=4,
        ),
    ]


def _accelerators() -> list[Panel]:
    return [
        lines(
            "Utilisation by pool",
            "Mean utilisation. Bad: low for long in a pool that is held.",
            [Query(f"avg by (pool) (aicc_accelerator_utilization_ratio{{{_NODES}}})", "{{pool}}")],
            "percentunit",
            top=1,
            width=8,
        ),
        lines(
            "Memory in use by pool",
            "Accelerators' memory. Bad: above 95 %, the next request may not fit.",
            [
                Query(
                    f"sum by (pool) (aicc_accelerator_memory_used_bytes{{{_NODES}}}) "
                    f"/ sum by (pool) (aicc_accelerator_memory_total_bytes{{{_NODES}}})",
                    "{{pool}}",
                )
            ],
            "percentunit",
            steps=((None, "blue"), (0.95, "orange")),
            top=1,
            width=8,
        ),
        lines(
            "Hottest accelerator by pool",
            "The highest temperature in each pool. Bad: above 85 °C, or one pool that leaves the others behind.",
            [Query(f"max by (pool) (aicc_accelerator_temperature_celsius{{{_NODES}}})", "{{pool}}")],
            "celsius",
            steps=((None, "blue"), (85, "red")),
            bottom=None,
            width=8,
        ),
        lines(
            "Held, and doing nothing",
            "Accelerators that pods hold with less than 5 % utilisation, by tenant. Bad: many, for hours: others "
            "could use them.",
            [
                Query(
                    f'count by (tenant) (aicc_accelerator_utilization_ratio{{{_NODES}, tenant!=""}} < 0.05)',
                    "{{tenant}}",
                )
            ],
            "short",
            stacked=True,
            none="none",
            width=8,
        ),
        lines(
            "Power by pool",
            "Hosts and accelerators. Bad: a step without a change of load.",
            [Query(f"sum by (pool) (aicc:node_power_watts{{{_NODES}}})", "{{pool}}")],
            "watt",
            stacked=True,
            width=8,
        ),
        lines(
            "Errors by node",
            "Errors that accelerators reported, per hour. Bad: any that repeat on the same node.",
            [Query(f"sum by (node) (increase(aicc_accelerator_errors_total{{{_NODES}}}[1h])) > 0", "{{node}}")],
            "short",
            none="no errors",
            width=8,
        ),
    ]


def _nodes() -> list[Panel]:
    return [
        rows(
            "Nodes",
            "Every chosen node. Bad: not ready; hot; held and idle.",
            {"node": "Node", "pool": "Pool"},
            [
                Column(
                    "Ready",
                    f"max by (node, pool) (aicc_node_ready{{{_NODES}}})",
                    steps=((None, "red"), (1, "green")),
                    names={0: "not ready", 1: "ready"},
                ),
                Column("Accelerators", offered("node, pool", _NODES)),
                Column(
                    "Held",
                    held("node, pool", nodes=_NODES),
                ),
                Column(
                    "Utilisation",
                    f"avg by (node, pool) (aicc_accelerator_utilization_ratio{{{_NODES}}})",
                    "percentunit",
                    decimals=0,
                ),
                Column(
                    "Hottest",
                    f"max by (node, pool) (aicc_accelerator_temperature_celsius{{{_NODES}}})",
                    "celsius",
                    rising(80, 88),
                    decimals=0,
                ),
                Column("Power", f"sum by (node, pool) (aicc:node_power_watts{{{_NODES}}})", "watt", decimals=1),
                Column(
                    "Power is measured",
                    f'sum by (node, pool) (aicc:node_power_watts{{{_NODES}, method="measured"}}) '
                    f"/ sum by (node, pool) (aicc:node_power_watts{{{_NODES}}})",
                    "percentunit",
                    decimals=0,
                ),
                Column(
                    "Simulated",
                    f'max by (node, pool) (aicc_node_info{{{_NODES}, simulated="true"}}) '
                    f"or 0 * max by (node, pool) (aicc_node_info{{{_NODES}}})",
                    names={0: "real", 1: "simulated"},
                    steps=((None, "green"), (1, "purple")),
                ),
            ],
            links={"Node": "/d/aicc-nodes?var-node=${__value.text}", "Pool": "/d/aicc-nodes?var-pool=${__value.text}"},
            none="no node",
            width=24,
            height=12,
        ),
    ]

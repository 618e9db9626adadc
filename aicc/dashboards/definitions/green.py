"""Energy and carbon: what is drawn, by whom, how it is known, and what a token takes."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from aicc.dashboards.definitions.frame import dashboard, variable
from aicc.dashboards.definitions.style import (
    Column,
    Panel,
    Query,
    bars,
    donut,
    falling,
    lines,
    notice,
    number,
    rising,
    rows,
)

_ACCOUNT = variable("tenant", "Account", "label_values(aicc:tenant_power_watts, tenant)")
"""Tenants, and the centre's own accounts: platform and idle."""
_TENANT = 'tenant=~"$tenant"'


def green() -> Dashboard:
    """Power, energy, carbon, SCI; with the method of every figure."""
    return dashboard(
        "aicc-green",
        "Energy and carbon",
        "What the centre draws and emits, for whom, and how each figure is known: measured, estimated or unknown. "
        "`aicc report` accounts for it by month, gaps included.",
        (_ACCOUNT,),
        [
            (None, [notice(), *_now()]),
            ("Power", _power()),
            ("Energy and carbon", _energy()),
            ("Per token", _per_token()),
            ("How it is known", _known()),
        ],
    )


def _now() -> list[Panel]:
    return [
        number(
            "Facility power",
            "IT power times PUE. Bad: near the contract's limit, or high with nothing to do.",
            [Query("sum(aicc:facility_power_watts)")],
            "watt",
            width=4,
        ),
        number(
            "Carbon",
            "Operational and embodied emissions per hour. Bad: high while deferrable work runs.",
            [Query("sum(aicc:center_carbon_gco2e_per_hour)")],
            "si:gCO₂e/h",
            width=4,
        ),
        number(
            "Grid",
            "Intensity of the grid now. Bad: above 500 g/kWh is mostly coal; shift what can wait.",
            [Query("max(aicc_grid_gco2e_per_kwh)")],
            "suffix: gCO₂e/kWh",
            steps=rising(300, 500),
            width=4,
            decimals=0,
        ),
        number(
            "PUE",
            "Facility power over IT power. Bad: above 1.5.",
            [Query("max(aicc_pue_ratio)")],
            "none",
            steps=rising(1.3, 1.5),
            decimals=2,
        ),
        number(
            "Idle",
            "Share of IT power that nobody's reservation answers for. Bad: above a third for long; free nodes, or "
            "scale down.",
            [Query('sum(aicc:tenant_power_watts{tenant="idle"}) / sum(aicc:center_power_watts)')],
            "percentunit",
            steps=rising(0.33, 0.66),
            decimals=0,
        ),
        number(
            "Measured",
            "Share of the known IT power that a sensor measured. Bad: low; estimates can be a third off.",
            [Query('(sum(aicc:center_power_watts{method="measured"}) or vector(0)) / sum(aicc:center_power_watts)')],
            "percentunit",
            steps=falling(0.5, 0.9),
            decimals=0,
        ),
        number(
            "Unknown nodes",
            "Their energy is in no figure on this page. Bad: any.",
            [Query("count(count by (node) (aicc:node_power_unknown)) or vector(0)")],
            "short",
            steps=rising(1, 1),
        ),
    ]


def _power() -> list[Panel]:
    return [
        lines(
            "IT power by account",
            "Who reserves hardware pays for it, idle or not; idle is what nobody reserved. Bad: much idle power for "
            "long.",
            [Query(f"sum by (tenant) (aicc:tenant_power_watts{{{_TENANT}}})", "{{tenant}}")],
            "watt",
            stacked=True,
            width=9,
        ),
        lines(
            "IT power by method",
            "How the figures are known. Bad: measured falls and estimated grows: an exporter has gone silent.",
            [Query("sum by (method) (aicc:center_power_watts)", "{{method}}")],
            "watt",
            stacked=True,
            width=9,
        ),
        donut(
            "Accelerators and hosts",
            "Where IT power goes. Bad: hosts' share is large; few accelerators run on many nodes.",
            [Query("sum by (component) (aicc:node_power_watts)", "{{component}}")],
            "watt",
        ),
    ]


def _energy() -> list[Panel]:
    return [
        bars(
            "IT energy in the chosen time",
            "Mean power times the chosen time; time without data counts as if it were like the rest. Bad: an account "
            "that nobody expects at the top. For a bill take `aicc report`.",
            [
                Query(
                    f"sort_desc(sum by (tenant) (avg_over_time(aicc:tenant_power_watts{{{_TENANT}}}[$__range])) "
                    "* $__range_s / 3600000)",
                    "{{tenant}}",
                )
            ],
            "kwatth",
            decimals=1,
            width=8,
        ),
        lines(
            "Carbon per hour by account",
            "Operational and embodied emissions. Bad: peaks at the grid's dirtiest hours.",
            [Query(f"sum by (tenant) (aicc:tenant_carbon_gco2e_per_hour{{{_TENANT}}})", "{{tenant}}")],
            "si:gCO₂e/h",
            stacked=True,
            width=8,
        ),
        lines(
            "Grid intensity",
            "What a kilowatt-hour emits. Bad: a step to another method: the feed is gone and a table answers instead.",
            [Query("max by (grid, method) (aicc_grid_gco2e_per_kwh)", "{{grid}}, {{method}}")],
            "suffix: gCO₂e/kWh",
            steps=((None, "blue"), (500, "orange")),
            width=8,
        ),
    ]


def _per_token() -> list[Panel]:
    return [
        lines(
            "Energy per 1,000 tokens",
            "Facility energy of the last hour over its tokens, by model. Bad: rising: replicas are kept for too "
            "little use.",
            [Query(f"1000 * max by (model) (aicc:model_energy_kwh_per_1k_tokens:1h{{{_TENANT}}})", "{{model}}")],
            "suffix: Wh",
            none="no tokens in the last hour",
            width=8,
        ),
        lines(
            "SCI per 1,000 tokens",
            "Software carbon intensity: operational and embodied emissions of the last hour over its tokens. Bad: "
            "rising.",
            [Query(f"max by (model) (aicc:model_sci_gco2e_per_1k_tokens:1h{{{_TENANT}}})", "{{model}}")],
            "suffix: gCO₂e",
            none="no tokens in the last hour",
            width=8,
        ),
        bars(
            "Budgets used this month",
            "Of each tenant's energy and carbon budget. Bad: ahead of the calendar; above 100 % the budget is gone.",
            [Query(f"max by (tenant, kind) (aicc:tenant_budget_used_ratio{{{_TENANT}}})", "{{tenant}}: {{kind}}")],
            "percentunit",
            steps=rising(0.8, 1),
            none="no budgets are declared",
            width=8,
            decimals=0,
        ),
    ]


def _known() -> list[Panel]:
    return [
        rows(
            "Power by pool and method",
            "What is known of each pool. Bad: an estimate where there should be a sensor.",
            {"pool": "Pool", "method": "Method"},
            [Column("IT power", "sum by (pool, method) (aicc:pool_power_watts)", "watt", decimals=1)],
            links={"Pool": "/d/aicc-nodes?var-pool=${__value.text}"},
            width=8,
        ),
        rows(
            "Unknown or rejected",
            "Nodes of which nothing is known, and sensors that said what cannot be. Bad: any line.",
            {"node": "Node"},
            [
                Column("Unknown parts", "count by (node) (aicc:node_power_unknown)"),
                Column("Rejected sensors", "count by (node) (aicc:accelerator_power_rejected)"),
            ],
            links={"Node": "/d/aicc-nodes?var-node=${__value.text}"},
            none="none: all power is known, no sensor was rejected",
            width=8,
        ),
        rows(
            "Grid feed",
            "The live feed of the grid's intensity, where one is declared. Bad: down, or old: tables answer instead.",
            {"grid": "Grid"},
            [
                Column(
                    "State",
                    "max by (grid) (aicc_grid_feed_up)",
                    steps=((None, "red"), (1, "green")),
                    names={0: "down", 1: "up"},
                ),
                Column("Age", "time() - max by (grid) (aicc_grid_feed_timestamp_seconds)", "s", rising(7200, 14400)),
            ],
            none="no live feed is declared: tables answer",
            width=8,
        ),
    ]

"""The centre at a glance: is it well, who uses it, what does it draw."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from aicc.dashboards.definitions import answers
from aicc.dashboards.definitions.frame import dashboard
from aicc.dashboards.definitions.series import declared, failed_share, held, offered, per_second, quantile, ready
from aicc.dashboards.definitions.style import (
    Column,
    Panel,
    Query,
    donut,
    falling,
    lines,
    notice,
    number,
    rising,
    rows,
)

_FIRING = 'ALERTS{alertstate="firing", alertname!="Watchdog"}'


def overview() -> Dashboard:
    """Health in the first row, what to look at in the second, use and power below."""
    return dashboard(
        "aicc-overview",
        "Centre overview",
        "Whether the centre is well, who uses it, and what it draws. Start here.",
        (),
        [
            (None, [notice(), *_health()]),
            ("What needs attention", _attention()),
            ("Use", _use()),
            ("Power and carbon", _power()),
        ],
    )


def _health() -> list[Panel]:
    return [
        number(
            "Nodes ready",
            "Share of the declared nodes that are ready. Bad: below 100 %; what runs on a lost node has to start "
            "again.",
            [Query(f"clamp_max({ready()} / {declared()}, 1)")],
            "percentunit",
            steps=falling(0.9, 0.999),
            link=("Pools and nodes", "/d/aicc-nodes"),
        ),
        number(
            "Accelerators in use",
            "Accelerators that pods hold, of those that nodes offer. Bad: near 100 % with pods waiting, or low while "
            "it is paid for.",
            [Query(f"{held()} / {offered()}")],
            "percentunit",
            decimals=0,
            link=("Queues and capacity", "/d/aicc-capacity"),
        ),
        number(
            "Firing alerts",
            "Alerts that fire now. Bad: any; the table below names them, each has a runbook.",
            [Query(f"count({_FIRING}) or vector(0)")],
            "short",
            steps=rising(1, 5),
            width=2,
        ),
        answers.requests(
            "Requests to the gateway. Bad: a fall to zero at a time when people work.",
            link=("Model serving", "/d/aicc-serving"),
        ),
        answers.errors(
            "Share of requests that the centre failed to answer (5xx). Bad: above what the models' objectives allow.",
            window="5m",
            width=2,
        ),
        answers.first_token(
            "Time to the first byte that 95 % of streamed answers keep. Bad: beyond the models' objectives; seconds.",
        ),
        number(
            "Power now",
            "What the whole facility draws: IT power times PUE. Bad: near the contract's limit, or high with nothing "
            "to do.",
            [Query("sum(aicc:facility_power_watts)")],
            "watt",
            link=("Energy and carbon", "/d/aicc-green"),
        ),
        number(
            "Carbon now",
            "Operational and embodied emissions per hour at the grid's present intensity. Bad: high while deferrable "
            "work runs.",
            [Query("sum(aicc:center_carbon_gco2e_per_hour)")],
            "si:gCO₂e/h",
            link=("Energy and carbon", "/d/aicc-green"),
        ),
        number(
            "Budget left",
            "What the tenant nearest to its limit has left of this month's energy or carbon budget. Bad: below 10 %.",
            [Query("1 - max(aicc:tenant_budget_used_ratio)")],
            "percentunit",
            steps=falling(0, 0.1),
            none="no budgets",
            width=2,
            decimals=0,
        ),
    ]


def _attention() -> list[Panel]:
    return [
        rows(
            "What fires",
            "What fires, and about what. Bad: any line with severity page; its runbook is docs/runbooks.",
            {"alertname": "Alert", "severity": "Severity", "tenant": "Tenant", "model": "Model", "pool": "Pool"},
            [
                Column(
                    "Firing",
                    f"count by (alertname, severity, tenant, model, pool) ({_FIRING})",
                    steps=((None, "red"),),
                )
            ],
            none="nothing fires",
            links={
                "Tenant": "/d/aicc-tenant?var-tenant=${__value.text}",
                "Pool": "/d/aicc-nodes?var-pool=${__value.text}",
            },
        ),
        rows(
            "Models",
            "Each model's answers in the last five minutes. Bad: errors above zero, or a first token later than the "
            "objective.",
            {"model": "Model"},
            [
                Column("Requests/s", per_second("aicc_gateway_requests_total", "model", 'model!=""', "5m"), "short"),
                Column("Errors", failed_share('model!=""', "model", "5m"), "percentunit", rising(0.001, 0.01)),
                Column(
                    "First token, p95",
                    quantile(0.95, "aicc_gateway_first_byte_seconds", by="model", window="5m"),
                    "s",
                ),
                Column("Objective", "max by (model) (aicc_slo_ttft_seconds)", "s"),
                Column("Tokens/s", 'sum by (model) (aicc:tenant_tokens:rate5m{type=~"prompt|completion"})', "short"),
            ],
            none="no requests yet",
            links={"Model": "/d/aicc-serving?var-model=${__value.text}"},
        ),
    ]


def _use() -> list[Panel]:
    return [
        lines(
            "Requests by tenant",
            "Answered requests of each tenant. Bad: a tenant that falls to zero, or one that crowds out the others.",
            [Query(per_second("aicc_gateway_requests_total", "tenant", 'tenant!=""'), "{{tenant}}")],
            "reqps",
            stacked=True,
            none="no requests",
            width=8,
        ),
        lines(
            "Accelerators held by tenant",
            "Pieces that each tenant's pods hold. Bad: flat at a quota while pods wait.",
            [Query(held("tenant"), "{{tenant}}")],
            "short",
            stacked=True,
            width=8,
        ),
        lines(
            "Utilisation by pool",
            "Mean utilisation of the accelerators that are held. Bad: low for long, hardware is reserved and does "
            "nothing.",
            [Query('avg by (pool) (aicc_accelerator_utilization_ratio{tenant!=""})', "{{pool}}")],
            "percentunit",
            top=1,
            width=8,
        ),
        rows(
            "Pools",
            "Each pool as it is. Bad: fewer nodes ready than declared.",
            {"pool": "Pool"},
            [
                Column("Nodes ready", ready("pool")),
                Column("Declared", declared("pool")),
                Column("Accelerators", offered("pool")),
                Column("Held", held("pool")),
                Column("Utilisation", "avg by (pool) (aicc_accelerator_utilization_ratio)", "percentunit", decimals=0),
                Column("Power", "sum by (pool) (aicc:pool_power_watts)", "watt", decimals=1),
            ],
            links={"Pool": "/d/aicc-nodes?var-pool=${__value.text}"},
            width=24,
            height=7,
        ),
    ]


def _power() -> list[Panel]:
    return [
        lines(
            "IT power by tenant",
            "Who reserves hardware pays for it; idle is what nobody reserved. Bad: much idle power for long.",
            [Query("sum by (tenant) (aicc:tenant_power_watts)", "{{tenant}}")],
            "watt",
            stacked=True,
            width=9,
        ),
        donut(
            "How power is known",
            "Measured by a sensor, or estimated from utilisation and the catalogue's watts. Bad: measured is small; "
            "nodes of unknown power are in no share.",
            [Query("sum by (method) (aicc:center_power_watts)", "{{method}}")],
            "watt",
        ),
        lines(
            "Carbon per hour",
            "Emissions of running (operational) and of making the hardware (embodied). Bad: operational peaks with "
            "the grid's.",
            [Query("sum by (scope) (aicc:center_carbon_gco2e_per_hour)", "{{scope}}")],
            "si:gCO₂e/h",
            stacked=True,
            width=9,
        ),
    ]

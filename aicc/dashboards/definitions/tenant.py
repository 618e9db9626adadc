"""One tenant, or several: requests, what they hold of their quota, energy, carbon, cost."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from aicc.dashboards.definitions import answers
from aicc.dashboards.definitions.frame import MODEL, TENANT, dashboard
from aicc.dashboards.definitions.series import held, per_second, quantile
from aicc.dashboards.definitions.style import (
    Column,
    Panel,
    Query,
    bars,
    falling,
    lines,
    notice,
    number,
    rising,
    rows,
)

_TENANT = 'tenant=~"$tenant"'
_MODELS = 'tenant=~"$tenant", model=~"$model"'


def tenant() -> Dashboard:
    """What a tenant gets, holds, draws."""
    return dashboard(
        "aicc-tenant",
        "Tenant",
        "What a tenant gets from the centre, what it holds, and what that draws, emits and costs.",
        (TENANT, MODEL),
        [
            (None, [notice(), *_now()]),
            ("Requests", _requests()),
            ("Quota", _quota()),
            ("Energy, carbon, cost", _green()),
        ],
    )


def _now() -> list[Panel]:
    return [
        answers.requests(
            "Requests of the tenant to its models. Bad: zero while its people work.",
            _MODELS,
        ),
        answers.errors(
            "Share of requests that the centre failed to answer (5xx). Bad: above the objective of the model.",
            _MODELS,
        ),
        answers.first_token(
            "Time to the first byte that 95 % of streamed answers keep. Bad: beyond the objective.",
            _MODELS,
        ),
        answers.tokens(
            "Tokens per second, read and written. Bad: at the tenant's limit; it is then refused with 429.",
            _MODELS,
        ),
        number(
            "Accelerators held",
            "Pieces that the tenant's pods hold. Bad: at its quota while its pods wait.",
            [Query(f"{held(pods=_TENANT)} or vector(0)")],
            "short",
        ),
        number(
            "IT power",
            "Power of the hardware that the tenant reserves, idle or not. Bad: high while it sends no requests.",
            [Query(f"sum(aicc:tenant_power_watts{{{_TENANT}}})")],
            "watt",
        ),
        number(
            "Carbon",
            "Emissions per hour, operational and embodied. Bad: high at hours in which its work could wait.",
            [Query(f"sum(aicc:tenant_carbon_gco2e_per_hour{{{_TENANT}}})")],
            "si:gCO₂e/h",
        ),
        number(
            "Budget left",
            "Of this month's energy or carbon budget, whichever is nearer to its end. Bad: below 10 %.",
            [Query(f"1 - max(aicc:tenant_budget_used_ratio{{{_TENANT}}})")],
            "percentunit",
            steps=falling(0, 0.1),
            none="no budget",
            decimals=0,
        ),
    ]


def _requests() -> list[Panel]:
    return [
        answers.requests_by_model(_MODELS),
        answers.answers_by_status(
            "Requests by their answer. Bad: 5xx, the centre failed; 429, the tenant is at a limit; 401, a wrong key.",
            _MODELS,
        ),
        lines(
            "Refused at a limit",
            "Requests that were refused because the tenant reached a limit of its own, by limit. Bad: for long; raise"
            " the limit or spread the work.",
            [
                Query(
                    per_second("aicc_gateway_limited_total", "tenant, limit", _TENANT),
                    "{{tenant}}: {{limit}}",
                )
            ],
            "reqps",
            none="no limit reached",
            width=8,
        ),
        lines(
            "Time to the first token",
            "Median and 95th percentile of streamed answers. Bad: p95 beyond the objective.",
            [
                Query(quantile(share, "aicc_gateway_first_byte_seconds", _MODELS), name)
                for share, name in ((0.5, "median"), (0.95, "p95"))
            ],
            "s",
            none="no requests",
        ),
        lines(
            "Tokens by type",
            "Tokens per second as engines count them; cached ones were read before and cost little. Bad: a sudden "
            "step.",
            [Query(f"sum by (type) (aicc:tenant_tokens:rate5m{{{_MODELS}}})", "{{type}}")],
            "suffix: tokens/s",
            none="no tokens",
        ),
    ]


def _quota() -> list[Panel]:
    return [
        bars(
            "Quota in use",
            "What the tenant's pods ask for, of its quota. Bad: above 90 %: the next pod may be refused.",
            [
                Query(
                    f"max by (tenant, resource) (aicc_quota_used{{{_TENANT}}}) "
                    f"/ (max by (tenant, resource) (aicc_quota_hard{{{_TENANT}}}) > 0)",
                    "{{tenant}}: {{resource}}",
                )
            ],
            "percentunit",
            steps=rising(0.8, 0.95),
            top=1,
            none="no quota",
            width=12,
            decimals=0,
        ),
        lines(
            "Accelerators held by tenant",
            "Pieces that pods hold. Bad: flat at the quota while pods wait.",
            [
                Query(
                    held("tenant", _TENANT),
                    "{{tenant}}",
                )
            ],
            "short",
            stacked=True,
            none="none held",
            width=6,
        ),
        lines(
            "Waiting pods",
            "Pods that no node has taken yet. Bad: any for more than a few minutes.",
            [Query(f"count by (tenant) (aicc_pod_pending_seconds{{{_TENANT}}})", "{{tenant}}")],
            "short",
            none="nothing waits",
            width=6,
        ),
    ]


def _green() -> list[Panel]:
    return [
        lines(
            "IT power by model",
            "Power of the hardware that each model's pods reserve. Bad: high for a model that nobody asks.",
            [Query(f"sum by (model) (aicc:model_power_watts{{{_MODELS}}})", "{{model}}")],
            "watt",
            stacked=True,
            none="no model runs",
            width=8,
        ),
        lines(
            "Carbon per hour",
            "Operational and embodied emissions of the tenant's share. Bad: operational peaks with the grid's.",
            [Query(f"sum by (scope) (aicc:tenant_carbon_gco2e_per_hour{{{_TENANT}}})", "{{scope}}")],
            "si:gCO₂e/h",
            stacked=True,
            width=8,
        ),
        rows(
            "Per 1,000 tokens, last hour",
            "What 1,000 tokens took. Bad: rising; the model is kept for too little use. `aicc report` gives the "
            "month's figure.",
            {"tenant": "Tenant", "model": "Model"},
            [
                Column(
                    "Energy",
                    f"1000 * max by (tenant, model) (aicc:model_energy_kwh_per_1k_tokens:1h{{{_MODELS}}})",
                    "suffix: Wh",
                ),
                Column(
                    "SCI",
                    f"max by (tenant, model) (aicc:model_sci_gco2e_per_1k_tokens:1h{{{_MODELS}}})",
                    "suffix: gCO₂e",
                ),
            ],
            none="no tokens in the last hour",
            width=8,
        ),
    ]

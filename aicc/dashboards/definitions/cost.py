"""Cost: what the centre's nodes cost at list prices, for whom, and what a million tokens costs."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from aicc.dashboards.definitions.frame import CURRENCY, TENANT, dashboard
from aicc.dashboards.definitions.style import Column, Panel, Query, bars, donut, lines, notice, number, rising, rows

_MONEY = 'currency=~"$currency"'
_TENANT = f'tenant=~"$tenant", {_MONEY}'
_UNKNOWN = "unknown: no price is declared or published"
_HOURS_PER_MONTH = 730


def cost() -> Dashboard:
    """By account, by model, per token, and what idles."""
    return dashboard(
        "aicc-cost",
        "Cost",
        "Nodes at list prices, shared out as power is: who reserves hardware pays for it. Storage, traffic and "
        "licences are not in it. Pools without a price are in no figure.",
        (TENANT, CURRENCY),
        [
            (None, [notice(), *_now()]),
            ("Who pays", _accounts()),
            ("What for", _models()),
        ],
    )


def _now() -> list[Panel]:
    return [
        number(
            "Per hour, $currency",
            "All priced nodes. Bad: a step without a change of load.",
            [Query(f"sum(aicc:tenant_price_per_hour{{{_MONEY}}})")],
            "suffix: /h",
            none=_UNKNOWN,
            width=6,
            decimals=2,
        ),
        number(
            "Per month at this rate, $currency",
            "730 hours at the present rate. Bad: above what was planned: `aicc estimate` has the plan.",
            [Query(f"{_HOURS_PER_MONTH} * sum(aicc:tenant_price_per_hour{{{_MONEY}}})")],
            "short",
            none=_UNKNOWN,
            width=6,
            decimals=1,
        ),
        number(
            "Idle",
            "Share of the money that goes into what nobody reserved. Bad: above a third.",
            [
                Query(
                    f'sum(aicc:tenant_price_per_hour{{tenant="idle", {_MONEY}}}) '
                    f"/ sum(aicc:tenant_price_per_hour{{{_MONEY}}})"
                )
            ],
            "percentunit",
            steps=rising(0.33, 0.66),
            none=_UNKNOWN,
            width=6,
            decimals=0,
        ),
        number(
            "Pools without a price",
            "They are in no figure on this page. Bad: any that is paid for.",
            [Query("count(aicc_pool_info unless on (pool) aicc_pool_price_per_hour) or vector(0)")],
            "short",
            steps=rising(1, 1_000),
            width=6,
        ),
    ]


def _accounts() -> list[Panel]:
    return [
        lines(
            "Per hour by account, $currency",
            "Reserved nodes at list prices; idle is what nobody reserved. Bad: idle is large for long.",
            [Query(f"sum by (tenant) (aicc:tenant_price_per_hour{{{_MONEY}}})", "{{tenant}}")],
            "suffix: /h",
            stacked=True,
            none=_UNKNOWN,
            width=10,
        ),
        donut(
            "Shares now",
            "Who pays for what runs now. Bad: idle is the largest.",
            [Query(f"sum by (tenant) (aicc:tenant_price_per_hour{{{_MONEY}}})", "{{tenant}}")],
            "suffix: /h",
            none=_UNKNOWN,
            width=6,
        ),
        bars(
            "In the chosen time, $currency",
            "Mean rate times the chosen time. Bad: an account that nobody expects at the top. For a bill take `aicc "
            "report`.",
            [
                Query(
                    "sort_desc(sum by (tenant) "
                    f"(avg_over_time(aicc:tenant_price_per_hour{{{_MONEY}}}[$__range])) * $__range_s / 3600)",
                    "{{tenant}}",
                )
            ],
            "short",
            none=_UNKNOWN,
            width=8,
            decimals=1,
        ),
    ]


def _models() -> list[Panel]:
    per_million = (
        f"1e6 * sum by (tenant, model, currency) (aicc:model_price_per_hour{{{_TENANT}}}) / on (tenant, model) "
        'group_left () (3600 * sum by (tenant, model) (aicc:tenant_tokens:rate5m{tenant=~"$tenant", '
        'type=~"prompt|completion"}) > 0)'
    )
    return [
        rows(
            "Models",
            "What each model's replicas cost, and a million of its tokens at the present rate. Bad: dear tokens: "
            "replicas are kept for too little use.",
            {"tenant": "Tenant", "model": "Model", "currency": "Currency"},
            [
                Column(
                    "Per hour", f"sum by (tenant, model, currency) (aicc:model_price_per_hour{{{_TENANT}}})", decimals=2
                ),
                Column("Per million tokens", per_million, decimals=2),
            ],
            links={
                "Tenant": "/d/aicc-tenant?var-tenant=${__value.text}",
                "Model": "/d/aicc-serving?var-model=${__value.text}",
            },
            none=_UNKNOWN,
            width=12,
        ),
        rows(
            "Prices",
            "A node of each pool per hour at list price, and how many are declared. Bad: a pool that is missing here "
            "has no price.",
            {"pool": "Pool", "currency": "Currency"},
            [
                Column(
                    "A node per hour", f"max by (pool, currency) (aicc_pool_price_per_hour{{{_MONEY}}})", decimals=2
                ),
                Column(
                    "All per hour",
                    f"max by (pool, currency) (aicc_pool_price_per_hour{{{_MONEY}}}) * on (pool) group_left () "
                    "max by (pool) (aicc_pool_nodes)",
                    decimals=2,
                ),
            ],
            links={"Pool": "/d/aicc-nodes?var-pool=${__value.text}"},
            none=_UNKNOWN,
            width=12,
        ),
    ]

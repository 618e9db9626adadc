"""Models as clients see them, held against their objectives."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from aicc.dashboards.definitions.frame import MODEL, TENANT, dashboard
from aicc.dashboards.definitions.series import failed_share, per_second, quantile
from aicc.dashboards.definitions.style import (
    STATUSES,
    Column,
    Panel,
    Query,
    falling,
    lines,
    notice,
    number,
    rising,
    rows,
)

_MODELS = 'tenant=~"$tenant", model=~"$model"'
_MODEL = 'model=~"$model"'
_TIGHTEST = {
    # Of the objectives, and the errors they allow.
    "availability": f"(1 - max by (tenant, model) (aicc_slo_availability_ratio{{{_MODELS}}}))",
    "ttft": f"(1 - max by (tenant, model) (aicc_slo_latency_ratio{{{_MODELS}}}))",
    "tpot": f"(1 - max by (tenant, model) (aicc_slo_latency_ratio{{{_MODELS}}}))",
}


def serving() -> Dashboard:
    """Requests, latencies against objectives, error budgets, the gateway's router."""
    return dashboard(
        "aicc-serving",
        "Model serving",
        "What clients of the models get: answers, errors, latency, tokens; held against each model's objectives.",
        (TENANT, MODEL),
        [
            (None, [notice(), *_now()]),
            ("Answers", _answers()),
            ("Objectives", _objectives()),
            ("Behind the gateway", _behind()),
        ],
    )


def _now() -> list[Panel]:
    return [
        number(
            "Requests",
            "Requests per second. Bad: a fall to zero at a time when people work.",
            [Query(f"{per_second('aicc_gateway_requests_total', which=_MODELS)} or vector(0)")],
            "reqps",
        ),
        number(
            "Errors",
            "Share of requests that the centre failed to answer (5xx). Bad: above what the objective allows.",
            [Query(failed_share(_MODELS))],
            "percentunit",
            steps=rising(0.001, 0.01),
            none="no requests",
        ),
        number(
            "First token, p95",
            "Time to the first byte that 95 % of streamed answers keep. Bad: beyond the objective.",
            [Query(quantile(0.95, "aicc_gateway_first_byte_seconds", _MODELS))],
            "s",
            steps=rising(2, 10),
            none="no requests",
        ),
        number(
            "Per token, p95",
            "Time per further token that 95 % of streamed answers keep. Bad: slower than people read, about 0.1 s.",
            [Query(quantile(0.95, "aicc_gateway_time_per_output_token_seconds", _MODELS))],
            "s",
            steps=rising(0.1, 0.25),
            none="no requests",
        ),
        number(
            "Tokens",
            "Tokens per second, read and written. Bad: falling while requests do not.",
            [Query(f"sum(aicc:tenant_tokens:rate5m{{{_MODELS}}})")],
            "suffix: tokens/s",
            none="no tokens",
        ),
        number(
            "Running",
            "Requests that were let in and have not ended. Bad: growing without end, the engines do not keep up.",
            [Query(f"sum(aicc_gateway_requests_running{{{_MODEL}}})")],
            "short",
        ),
        number(
            "Held",
            "Requests that wait for a model without a ready replica. Bad: above zero for longer than a start takes.",
            [Query(f"sum(aicc_gateway_requests_held{{{_MODEL}}})")],
            "short",
            steps=rising(1, 10),
        ),
        number(
            "Error budget left",
            "What the worst objective has left of the errors that three days allow. Bad: below zero, the objective is"
            " missed.",
            [
                Query(
                    "1 - max("
                    + " or ".join(
                        f'(sum by (tenant, model, slo) (aicc:slo_errors:ratio_rate3d{{{_MODELS}, slo="{slo}"}}) '
                        f"/ on (tenant, model) group_left () {allowed})"
                        for slo, allowed in _TIGHTEST.items()
                    )
                    + ")"
                )
            ],
            "percentunit",
            steps=falling(0, 0.2),
            none="no requests",
            decimals=0,
        ),
    ]


def _answers() -> list[Panel]:
    return [
        lines(
            "Requests by model",
            "Requests per second. Bad: a model that falls to zero.",
            [Query(per_second("aicc_gateway_requests_total", "model", _MODELS), "{{model}}")],
            "reqps",
            stacked=True,
            none="no requests",
            width=8,
        ),
        lines(
            "First token by model, p95",
            "Time to the first byte of streamed answers. Bad: beyond the model's objective, in the table below.",
            [Query(quantile(0.95, "aicc_gateway_first_byte_seconds", _MODELS, "model"), "{{model}}")],
            "s",
            none="no requests",
            width=8,
        ),
        lines(
            "Time per output token by model, p95",
            "Between tokens after the first. Bad: above 0.1 s, slower than people read.",
            [Query(quantile(0.95, "aicc_gateway_time_per_output_token_seconds", _MODELS, "model"), "{{model}}")],
            "s",
            steps=((None, "blue"), (0.1, "orange")),
            none="no requests",
            width=8,
        ),
        lines(
            "Answers by status",
            "Requests by their answer. Bad: 5xx, the centre failed; 429, a tenant is at a limit.",
            [Query(per_second("aicc_gateway_requests_total", "code", _MODELS), "{{code}}")],
            "reqps",
            stacked=True,
            colours=STATUSES,
            none="no requests",
            width=8,
        ),
        lines(
            "Tokens by model",
            "Tokens per second as engines count them. Bad: falling while requests do not.",
            [Query(f"sum by (model) (aicc:tenant_tokens:rate5m{{{_MODELS}}})", "{{model}}")],
            "suffix: tokens/s",
            stacked=True,
            none="no tokens",
            width=8,
        ),
        lines(
            "Prompt tokens from the cache",
            "Share of prompt tokens that the engine had read before. Bad: near zero where prompts begin alike; "
            "replicas do not share what they know.",
            [
                Query(
                    f'sum by (model) (aicc:tenant_tokens:rate5m{{{_MODELS}, type="cached"}}) '
                    f'/ (sum by (model) (aicc:tenant_tokens:rate5m{{{_MODELS}, type="prompt"}}) > 0)',
                    "{{model}}",
                )
            ],
            "percentunit",
            top=1,
            none="no engine reports it",
            width=8,
        ),
    ]


def _objectives() -> list[Panel]:
    burn = [
        Column(
            f"Burn, {slo}",
            f'sum by (tenant, model) (aicc:slo_errors:ratio_rate1h{{{_MODELS}, slo="{slo}"}}) '
            f"/ on (tenant, model) {allowed}",
            "suffix:×",
            rising(1, 6),
            decimals=1,
        )
        for slo, allowed in _TIGHTEST.items()
    ]
    return [
        rows(
            "Objectives",
            "How fast each model uses up the errors that its objective allows, over the last hour: at 1× it just "
            "keeps it. Bad: above 6×, a page; above 1×, a ticket.",
            {"tenant": "Tenant", "model": "Model"},
            [
                Column(
                    "Available", f"max by (tenant, model) (aicc_slo_availability_ratio{{{_MODELS}}})", "percentunit"
                ),
                Column("First token", f"max by (tenant, model) (aicc_slo_ttft_seconds{{{_MODELS}}})", "s"),
                Column("Per token", f"max by (tenant, model) (aicc_slo_tpot_seconds{{{_MODELS}}})", "s"),
                *burn,
            ],
            links={
                "Tenant": "/d/aicc-tenant?var-tenant=${__value.text}",
                "Model": "/d/aicc-serving?var-model=${__value.text}",
            },
            none="no objectives",
            width=14,
        ),
        lines(
            "Availability: burn rate by model",
            "Errors of five minutes over what the objective allows. Bad: above 14.4×, a month's errors go in two days.",
            [
                Query(
                    f'sum by (tenant, model) (aicc:slo_errors:ratio_rate5m{{{_MODELS}, slo="availability"}}) '
                    f"/ on (tenant, model) {_TIGHTEST['availability']}",
                    "{{model}}",
                )
            ],
            "suffix:×",
            steps=((None, "blue"), (1, "orange"), (14.4, "red")),
            none="no requests",
            width=10,
        ),
    ]


def _behind() -> list[Panel]:
    return [
        lines(
            "Running and held requests",
            "By model. Bad: held above zero for longer than a replica's start; running that only grows.",
            [
                Query(f"sum by (model) (aicc_gateway_requests_running{{{_MODEL}}}) > 0", "{{model}}"),
                Query(f"sum by (model) (aicc_gateway_requests_held{{{_MODEL}}}) > 0", "{{model}} held"),
            ],
            "short",
            none="nothing runs",
            width=8,
        ),
        lines(
            "Replicas",
            "Pods of each model. Bad: at the model's maximum while requests wait.",
            [
                Query(
                    f"count by (model) (aicc:pod_info{{{_MODELS}}} and on (model) aicc_gateway_requests_held)",
                    "{{model}}",
                )
            ],
            "short",
            none="no replica runs",
            width=8,
        ),
        lines(
            "Engines that the router trusts",
            "Engines by health as the gateway's router sees it. Bad: fewer than there are replicas.",
            [Query("sum(smg_worker_health)", "healthy"), Query("count(smg_worker_health == 0)", "unhealthy")],
            "short",
            none="no engine",
            width=8,
        ),
    ]

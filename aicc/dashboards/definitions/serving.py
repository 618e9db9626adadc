"""Models as clients see them, held against their objectives."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from aicc.dashboards.definitions import answers
from aicc.dashboards.definitions.frame import MODEL, TENANT, dashboard
from aicc.dashboards.definitions.series import quantile
from aicc.dashboards.definitions.style import (
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


def _burn(window: str, slo: str = ".*") -> str:
    """How fast errors use up what an objective allows: 1 just keeps it. By who asks, model and objective."""
    errors = f'aicc:slo_errors:ratio_rate{window}{{{_MODELS}, slo=~"{slo}"}}'
    return f"{errors} / on (model, slo) group_left () aicc:slo_budget_ratio"


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
        answers.requests(
            "Requests per second. Bad: a fall to zero at a time when people work.",
            _MODELS,
        ),
        answers.errors(
            "Share of requests that the centre failed to answer (5xx). Bad: above what the objective allows.",
            _MODELS,
        ),
        answers.first_token(
            "Time to the first byte that 95 % of streamed answers keep. Bad: beyond the objective.",
            _MODELS,
        ),
        number(
            "Per token, p95",
            "Time per further token that 95 % of streamed answers keep. Bad: slower than people read, about 0.1 s.",
            [Query(quantile(0.95, "aicc_gateway_time_per_output_token_seconds", _MODELS))],
            "s",
            steps=rising(0.1, 0.25),
            none="no requests",
        ),
        answers.tokens(
            "Tokens per second, read and written. Bad: falling while requests do not.",
            _MODELS,
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
            [Query(f"1 - max({_burn('3d')})")],
            "percentunit",
            steps=falling(0, 0.2),
            none="no requests",
            decimals=0,
        ),
    ]


def _answers() -> list[Panel]:
    return [
        answers.requests_by_model(_MODELS),
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
        answers.answers_by_status(
            "Requests by their answer. Bad: 5xx, the centre failed; 429, a tenant is at a limit.",
            _MODELS,
        ),
        lines(
            "Tokens by model",
            "Tokens per second as engines count them. Bad: falling while requests do not.",
            [Query(f'sum by (model) (aicc:tenant_tokens:rate5m{{{_MODELS}, type=~"prompt|completion"}})', "{{model}}")],
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
            f"Burn, {name}",
            f"max by (model) ({_burn('1h', slo)})",
            "suffix:×",
            rising(1, 6),
            decimals=1,
        )
        for slo, name in (("availability", "available"), ("ttft", "first token"), ("tpot", "per token"))
    ]
    return [
        rows(
            "Objectives",
            "What each model promises, and how fast the errors of the last hour use up what that allows, for the "
            "tenant that is served worst: at 1× the promise is just kept. Bad: above 6×.",
            {"model": "Model"},
            [
                Column("Available", f"max by (model) (aicc_slo_availability_ratio{{{_MODEL}}})", "percentunit"),
                Column("First token", f"max by (model) (aicc_slo_ttft_seconds{{{_MODEL}}})", "s"),
                Column("Per token", f"max by (model) (aicc_slo_tpot_seconds{{{_MODEL}}})", "s"),
                *burn,
            ],
            links={"Model": "/d/aicc-serving?var-model=${__value.text}"},
            none="no objectives",
            width=14,
        ),
        lines(
            "Availability: burn rate by model",
            "Errors of five minutes over what the objective allows. Bad: above 14.4×, a month's errors go in two days.",
            [Query(f"max by (model) ({_burn('5m', 'availability')})", "{{model}}")],
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

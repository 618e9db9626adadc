"""Panels about what clients get from the gateway, for every dashboard that has them; `which` narrows their series."""

from __future__ import annotations

from aicc.dashboards.definitions.series import failed_share, per_second, quantile
from aicc.dashboards.definitions.style import STATUSES, Panel, Query, lines, number, rising

_FIRST_BYTE = "aicc_gateway_first_byte_seconds"
_REQUESTS = "aicc_gateway_requests_total"


def requests(about: str, which: str = "", *, link: tuple[str, str] | None = None) -> Panel:
    """How many there are."""
    query = Query(f"{per_second(_REQUESTS, which=which)} or vector(0)")
    return number("Requests", about, [query], "reqps", link=link)


def errors(about: str, which: str = "", *, window: str = "$__rate_interval", width: int = 3) -> Panel:
    """The share that failed."""
    query = Query(failed_share(which, window=window))
    steps = rising(0.001, 0.01)
    return number("Errors", about, [query], "percentunit", steps=steps, none="no requests", width=width)


def first_token(about: str, which: str = "") -> Panel:
    """How long nearly all streamed answers take to begin."""
    query = Query(quantile(0.95, _FIRST_BYTE, which))
    return number("First token, p95", about, [query], "s", steps=rising(2, 10), none="no requests")


def tokens(about: str, which: str) -> Panel:
    """How many are read and written."""
    query = Query(f'sum(aicc:tenant_tokens:rate5m{{{which}, type=~"prompt|completion"}})')
    return number("Tokens", about, [query], "suffix: tokens/s", none="no tokens")


def requests_by_model(which: str) -> Panel:
    """Who is asked."""
    return lines(
        "Requests by model",
        "Requests per second. Bad: a model that falls to zero.",
        [Query(per_second(_REQUESTS, "model", which), "{{model}}")],
        "reqps",
        stacked=True,
        none="no requests",
        width=8,
    )


def answers_by_status(about: str, which: str) -> Panel:
    """What they are answered with."""
    return lines(
        "Answers by status",
        about,
        [Query(per_second(_REQUESTS, "code", which), "{{code}}")],
        "reqps",
        stacked=True,
        colours=STATUSES,
        none="no requests",
        width=8,
    )

"""What is asked of Prometheus: every query of a statement, one place.

Each is evaluated at the end of an hour over the hour before it (`{window}`). Means over the hour are sums divided by
the hour's heartbeats, so that a series that is absent in an evaluation counts as 0 there. Factors are sampled each
minute through a subquery, which lets absurd samples be left out one by one. What is only looked at (who existed,
budgets) is the last value of the hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aicc.accounting.factors import HIGHEST_GCO2E_PER_KWH, LEAST_PUE, MOST_PUE

HEARTBEAT = "aicc:accounting_heartbeat"


@dataclass(frozen=True)
class Query:
    """A field of `Recorded`, and the expression that fills it."""

    field: str
    labels: tuple[str, ...]
    expression: str
    """With `{window}` for the range and `{only}` for matchers."""
    kind: Literal["mean", "last"] = "mean"
    of_tenant: bool = False
    """Whether only the tenants that are asked for are read."""


@dataclass(frozen=True)
class FactorQuery:
    """A factor of `Recorded`: samples within bounds, and all of them."""

    field: str
    labels: tuple[str, ...]
    series: str
    bounds: str


def _mean(field: str, series: str, *labels: str, of_tenant: bool = False) -> Query:
    only = "{only}" if of_tenant else ""
    expression = f"sum by ({', '.join(labels)}) (sum_over_time({series}{only}[{{window}}]))"
    return Query(field, labels, expression, of_tenant=of_tenant)


def _last(field: str, series: str, *labels: str, aggregate: str = "max", of_tenant: bool = False) -> Query:
    only = "{only}" if of_tenant else ""
    expression = f"{aggregate} by ({', '.join(labels)}) (last_over_time({series}{only}[{{window}}]))"
    return Query(field, labels, expression, kind="last", of_tenant=of_tenant)


QUERIES = (
    _mean("center_watts", "aicc:center_power_watts", "method"),
    _mean("tenant_watts", "aicc:tenant_power_watts", "tenant", "method"),
    _mean("pool_watts", "aicc:pool_power_watts", "pool", "method"),
    _mean("unknown_nodes", "aicc:tenant_unknown_nodes", "tenant"),
    _mean("model_watts", "aicc:model_power_watts", "tenant", "model", "method", of_tenant=True),
    _mean("job_watts", "aicc:job_power_watts", "tenant", "job", "method", of_tenant=True),
    _mean("tenant_embodied", "aicc:tenant_embodied_gco2e_per_hour", "tenant"),
    _mean("model_embodied", "aicc:model_embodied_gco2e_per_hour", "tenant", "model", of_tenant=True),
    _mean("job_embodied", "aicc:job_embodied_gco2e_per_hour", "tenant", "job", of_tenant=True),
    _mean("tenant_price", "aicc:tenant_price_per_hour", "tenant", "currency"),
    _mean("model_price", "aicc:model_price_per_hour", "tenant", "model", "currency", of_tenant=True),
    _mean("tokens", "aicc:tenant_tokens:rate5m", "tenant", "model", "type", of_tenant=True),
    _mean("served", "aicc:model_tokens:rate5m", "model"),
    _last("tenants", "aicc_tenant_info", "tenant", "kind"),
    _last("tenant_pools", "aicc_pod_info", "tenant", "pool", of_tenant=True),
    _last("pool_embodied_complete", "aicc_pool_embodied_complete", "pool", aggregate="min"),
    _last("pool_priced", "aicc_pool_price_per_hour", "pool"),
    _last("budget_kwh", "aicc_budget_kwh", "tenant"),
    _last("budget_kgco2e", "aicc_budget_kgco2e", "tenant"),
)

BY_NODE = _mean("node_watts", "aicc:pod_power_watts", "tenant", "node", "method", of_tenant=True)
"""The one query of series that are as many as pods; only where it is asked for."""

FACTORS = (
    FactorQuery("pue", ("source",), "aicc_pue_ratio", f">= {LEAST_PUE:g} <= {MOST_PUE:g}"),
    FactorQuery("intensity", ("grid", "method"), "aicc_grid_gco2e_per_kwh", f"> 0 <= {HIGHEST_GCO2E_PER_KWH:g}"),
)


def factor_expressions(query: FactorQuery, window: str) -> dict[Literal["total", "count", "seen"], str]:
    """The three that make up `Sampled`."""
    by = f"sum by ({', '.join(query.labels)})"
    sane = f"({query.series} {query.bounds})[{window}:1m]"
    return {
        "total": f"{by} (sum_over_time({sane}))",
        "count": f"{by} (count_over_time({sane}))",
        "seen": f"{by} (count_over_time({query.series}[{window}:1m]))",
    }

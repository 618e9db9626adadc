"""What was recorded of a period, by hour: the input of the arithmetic, plain and without Prometheus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aicc.accounting.coverage import Hours
from aicc.accounting.months import Hour

Key = tuple[str, ...]
Series = Mapping[Key, Hours]
"""By labels, in the order that the field names: each hour's mean over the evaluations that were watched."""
Samples = Mapping[Key, Mapping[Hour, "Sampled"]]


@dataclass(frozen=True)
class Sampled:
    """A factor in one hour: its samples within bounds, and how many there were in all."""

    total: float
    """Sum of the samples within bounds."""
    count: float
    """How many those are."""
    seen: float
    """How many there were, absurd ones included."""


@dataclass(frozen=True)
class Recorded:
    """Everything that the accounts of a period are made of. Missing series are empty, never an error."""

    heartbeats: Sequence[float] = ()
    """When the rules were evaluated and the meter was there; in seconds since 1970."""
    center_watts: Series = field(default_factory=dict)
    """method"""
    tenant_watts: Series = field(default_factory=dict)
    """tenant, method"""
    model_watts: Series = field(default_factory=dict)
    """tenant, model, method"""
    job_watts: Series = field(default_factory=dict)
    """tenant, job, method"""
    node_watts: Series = field(default_factory=dict)
    """tenant, node, method; only where it was asked for"""
    pool_watts: Series = field(default_factory=dict)
    """pool, method"""
    tenant_embodied: Series = field(default_factory=dict)
    """tenant; gCO2e per hour"""
    model_embodied: Series = field(default_factory=dict)
    """tenant, model; gCO2e per hour"""
    job_embodied: Series = field(default_factory=dict)
    """tenant, job; gCO2e per hour"""
    tenant_price: Series = field(default_factory=dict)
    """tenant, currency; per hour"""
    model_price: Series = field(default_factory=dict)
    """tenant, model, currency; per hour"""
    tokens: Series = field(default_factory=dict)
    """tenant who asked, model, type; tokens per second"""
    served: Series = field(default_factory=dict)
    """model; tokens per second that it handled, whoever asked"""
    unknown_nodes: Series = field(default_factory=dict)
    """tenant; nodes of unknown power"""
    tenants: Series = field(default_factory=dict)
    """tenant, kind; present in the hours in which the tenant was declared"""
    tenant_pools: Series = field(default_factory=dict)
    """tenant, pool; present in the hours in which the tenant had pods there"""
    pool_embodied_complete: Series = field(default_factory=dict)
    """pool; 0 where the figure is a lower bound"""
    pool_priced: Series = field(default_factory=dict)
    """pool; present where it has a price"""
    budget_kwh: Series = field(default_factory=dict)
    """tenant; per month"""
    budget_kgco2e: Series = field(default_factory=dict)
    """tenant; per month"""
    pue: Samples = field(default_factory=dict)
    """source"""
    intensity: Samples = field(default_factory=dict)
    """grid, method; gCO2e per kWh"""
    retention: str | None = None
    """How long Prometheus keeps samples, as it says; None where it does not."""
    retention_seconds: float | None = None

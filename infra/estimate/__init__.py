"""What a planned centre costs, draws and emits: pure arithmetic over plan and catalogue, before anything exists."""

from infra.estimate.compute import estimate
from infra.estimate.model import Amount, Cost, Estimate, Line, PoolEstimate

__all__ = ["Amount", "Cost", "Estimate", "Line", "PoolEstimate", "estimate"]

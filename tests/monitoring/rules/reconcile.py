"""What must hold at every moment of every case, as expressions that find what does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aicc.paths import REPO

CHART = REPO / "charts" / "monitoring"


def _differ(left: str, right: str, labels: str = "") -> str:
    """Whatever of two sums is not the other, to rounding, or is without the other."""
    one, other, on = f"sum by ({labels}) ({left})", f"sum by ({labels}) ({right})", f"on ({labels})"
    return (
        f"abs({one} - {on} {other}) > 1e-9 * ({one} + {on} {other})"
        f" or ({one} unless {on} {other}) or ({other} unless {on} {one})"
    )


RECONCILED = (
    _differ("aicc:tenant_power_watts", "aicc:center_power_watts"),
    _differ("aicc:pool_power_watts", "aicc:center_power_watts"),
    _differ("aicc:pod_power_watts or aicc:idle_power_watts", "aicc:node_power_watts", "pool, component"),
    # A free device is never taken to draw more than it was measured to.
    "aicc:node_unnamed_free_watts > on (node, pool) sum by (node, pool) (aicc:node_unnamed_watts) * (1 + 1e-9)",
    # Nothing that is reserved is more than there is, and nothing draws less than nothing.
    "aicc:node_share > 1 + 1e-9 or aicc:node_unnamed_share > 1 + 1e-9",
    '{__name__=~"aicc:(node|pod|idle|tenant|pool|center)_power_watts"} < 0',
)


def reconciliations(case: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """promtool's tests that nothing disagrees, at the moments at which the case is looked at anyway."""
    looked_at = [test["eval_time"] for kind in ("promql_expr_test", "alert_rule_test") for test in case.get(kind, [])]
    for moment in sorted(set(looked_at)):
        yield from ({"expr": expression, "eval_time": moment} for expression in RECONCILED)

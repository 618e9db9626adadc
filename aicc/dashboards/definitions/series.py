"""PromQL that several dashboards share; `by` are labels, `which` are matchers, either may be empty.

Two meters may be seen for a moment, while one replaces the other: hence `max by` around each of their series.
"""

from __future__ import annotations


def held(by: str = "", pods: str = "", nodes: str = "") -> str:
    """Accelerators that pods hold, by labels of the pod's or of its node's; of some pods, on some nodes."""
    on_nodes = f" and on (node) {_chosen('aicc_node_info', nodes)}" if nodes else ""
    return (
        f"{_sum(by)} (max by (namespace, pod, node) (aicc_pod_accelerators) "
        f"* on (namespace, pod, node) group_left (tenant, pool) {_chosen('aicc:pod_info', pods)}{on_nodes})"
    )


def ready(by: str = "") -> str:
    """Nodes that are ready."""
    return f"{_sum(by)} (max by (node, pool) (aicc_node_ready))"


def offered(by: str = "", which: str = "") -> str:
    """Accelerators that nodes offer."""
    return f"{_sum(by)} (max by (node, pool) ({_chosen('aicc_node_accelerators', which)}))"


def declared(by: str = "") -> str:
    """Nodes that pools declare."""
    return f"{_sum(by)} (max by (pool) (aicc_pool_nodes))"


def per_second(counter: str, by: str = "", which: str = "", window: str = "$__rate_interval") -> str:
    """Increase per second of a counter."""
    return f"{_sum(by)} (rate({_chosen(counter, which)}[{window}]))"


def quantile(share: float, histogram: str, which: str = "", by: str = "", window: str = "$__rate_interval") -> str:
    """A quantile of a histogram; nothing where nothing was observed."""
    labels = ", ".join(filter(None, ["le", by]))
    return f"histogram_quantile({share}, {per_second(f'{histogram}_bucket', labels, which, window)}) >= 0"


def failed_share(which: str = "", by: str = "", window: str = "$__rate_interval") -> str:
    """The share of requests that the centre failed to answer (5xx); nothing where nobody asks."""
    failing = ", ".join(filter(None, [which, 'code=~"5.."']))
    asked = per_second("aicc_gateway_requests_total", by, which, window)
    failed = per_second("aicc_gateway_requests_total", by, failing, window)
    return f"({failed} or 0 * {asked}) / ({asked} > 0)"


def _sum(by: str) -> str:
    return f"sum by ({by})" if by else "sum"


def _chosen(series: str, which: str) -> str:
    return f"{series}{{{which}}}" if which else series

"""Which series are not kept: many, and read by nothing. A test holds rules, alerts and dashboards against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

DROPPED = (
    # The control plane's and the kubelet's histograms, but for the API server's latency.
    r"apiserver_(admission|audit|authorization|cache|cel|crd|flowcontrol|init|response|watch)_.*",
    r"apiserver_request_sli_duration_.*",
    r"apiserver_(request_body_size|request_filter_duration|response_sizes)_.*_bucket",
    r"apiserver_storage_.*_bucket",
    r"(authentication|authorization|cronjob|daemonset|endpoint_slice|job|node|replicaset|root_ca|service)_.*_bucket",
    r"etcd_(bookmark|request|lease_object|debugging)_.*",
    r"(grpc|rest_client|workqueue|storage_operation|volume_operation|kubelet|scheduler|hidden|informer)_.*_bucket",
    r"(field_validation|watch_cache|plugin_execution|prober_probe|aggregator|csi_operations)_.*_bucket",
    # Of features that are on, one series each for every component.
    r"kubernetes_feature_enabled|disabled_metrics_total|registered_metrics_total",
    r"go_(cgo|cpu|gc|godebug|memory|sched|sync)_.*",
    # cAdvisor's, of which a container has dozens.
    r"container_(blkio|fs|hugetlb|last_seen|llc|memory_(failcnt|failures|mapped|migrate|numa)|perf|pressure|referenced"
    r"|sockets|spec|start|tasks|threads|ulimits)(_.*)?",
    r"container_network_(advance|tcp|tcp6|udp|udp6)_.*",
    # Prometheus' own, of discovery and remote storage that nobody uses.
    r"(net_conntrack|prometheus_(sd|remote|engine_query|http|treecache|web_federation)|alertmanager_cluster)_.*",
)
"""Regular expressions of whole names."""

COARSER = (
    r"apiserver_request_duration_seconds_bucket;"
    r"(0\.005|0\.025|0\.15|0\.2|0\.3|0\.35|0\.4|0\.45|0\.6|0\.7|0\.8|0\.9|1\.25|1\.5|1\.75|2|3|3\.5|4|4\.5|6|7|8|9|15|20"
    r"|25|30|40|45|50)(\.0)?"
)
"""Of a histogram with forty buckets for each verb and resource, these are not kept."""


def relabelling() -> Sequence[Mapping[str, object]]:
    """Return what leaves them out of every scrape."""
    return [
        {"source_labels": ["__name__"], "regex": "|".join(DROPPED), "action": "drop"},
        {"source_labels": ["__name__", "le"], "regex": COARSER, "action": "drop"},
    ]

"""Queues and capacity: who waits, for what, and what is free."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from aicc.dashboards.definitions.frame import POOL, TENANT, dashboard
from aicc.dashboards.definitions.style import Column, Panel, Query, bars, lines, notice, number, rising, rows

_TENANT = 'tenant=~"$tenant"'
_POOL = 'pool=~"$pool"'
_OFFERED = f"max by (node, pool) (aicc_node_accelerators{{{_POOL}}})"
_HELD = (
    "(sum by (node) (max by (namespace, pod, node) (aicc_pod_accelerators)) "
    f"or 0 * max by (node) (aicc_node_accelerators{{{_POOL}}}))"
)
_FREE = f"({_OFFERED} - on (node) group_left () {_HELD})"


def capacity() -> Dashboard:
    """Waiting pods and gangs, quotas, free accelerators, volumes, the control plane."""
    return dashboard(
        "aicc-capacity",
        "Queues and capacity",
        "Who waits and for how long, what quotas and pools have left, volumes, and the control plane behind it.",
        (TENANT, POOL),
        [
            (None, [notice(_POOL), *_now()]),
            ("Waiting", _waiting()),
            ("Quotas and pools", _quotas()),
            ("Volumes and control plane", _below()),
        ],
    )


def _now() -> list[Panel]:
    return [
        number(
            "Waiting pods",
            "Pods that no node has taken. Bad: any for more than a few minutes.",
            [Query(f"count(aicc_pod_pending_seconds{{{_TENANT}}}) or vector(0)")],
            "short",
            steps=rising(1, 20),
            width=4,
        ),
        number(
            "Longest wait",
            "How long the pod that waits longest has waited. Bad: above 10 minutes.",
            [Query(f"max(aicc_pod_pending_seconds{{{_TENANT}}}) or vector(0)")],
            "s",
            steps=rising(600, 3600),
            width=4,
        ),
        number(
            "Waiting gangs",
            "Groups of pods that start together and of which some wait. Bad: any that waits while smaller work runs.",
            [Query(f'count(count by (tenant, gang) (aicc_pod_pending_seconds{{{_TENANT}, gang!=""}})) or vector(0)')],
            "short",
            steps=rising(1, 5),
            width=4,
        ),
        number(
            "Free accelerators",
            "Offered and held by no pod. Bad: none with pods waiting, or many that no pod fits.",
            [Query(f"sum({_FREE})")],
            "short",
            width=4,
            none="no accelerators",
        ),
        number(
            "Largest free block",
            "Free accelerators of the node that has most: the largest pod that can start now. Bad: small while many "
            "are free in all; the free ones are scattered.",
            [Query(f"max({_FREE})")],
            "short",
            width=4,
            none="no accelerators",
        ),
        number(
            "Fullest quota",
            "The quota that is nearest to its end. Bad: above 95 %.",
            [
                Query(
                    f"max(max by (tenant, resource) (aicc_quota_used{{{_TENANT}}}) "
                    f"/ (max by (tenant, resource) (aicc_quota_hard{{{_TENANT}}}) > 0))"
                )
            ],
            "percentunit",
            steps=rising(0.8, 0.95),
            width=4,
            none="no quota",
            decimals=0,
        ),
    ]


def _waiting() -> list[Panel]:
    return [
        lines(
            "Waiting pods by tenant",
            "Pods that no node has taken. Bad: a rising line.",
            [Query(f"count by (tenant) (aicc_pod_pending_seconds{{{_TENANT}}})", "{{tenant}}")],
            "short",
            stacked=True,
            none="nothing waits",
            width=8,
        ),
        rows(
            "Gangs that wait",
            "Groups that start together, with how many of their pods wait and for how long. Bad: above 10 minutes: a "
            "quota, a pool or a topology is too small for them.",
            {"tenant": "Tenant", "gang": "Gang"},
            [
                Column("Pods", f'count by (tenant, gang) (aicc_pod_pending_seconds{{{_TENANT}, gang!=""}})'),
                Column(
                    "Waiting",
                    f'max by (tenant, gang) (aicc_pod_pending_seconds{{{_TENANT}, gang!=""}})',
                    "s",
                    rising(600, 3600),
                ),
            ],
            links={"Tenant": "/d/aicc-tenant?var-tenant=${__value.text}"},
            none="no gang waits",
            width=8,
        ),
        lines(
            "Queues",
            "Workloads that Kueue holds, by queue. Bad: inadmissible ones, they fit no quota.",
            [Query("sum by (cluster_queue, status) (kueue_pending_workloads)", "{{cluster_queue}}: {{status}}")],
            "short",
            none="no Kueue here: the scheduler queues by itself",
            width=8,
        ),
    ]


def _quotas() -> list[Panel]:
    return [
        bars(
            "Quota in use",
            "What pods ask for, of each quota. Bad: above 95 %: the next pod may be refused.",
            [
                Query(
                    f"topk(12, max by (tenant, resource) (aicc_quota_used{{{_TENANT}}}) "
                    f"/ (max by (tenant, resource) (aicc_quota_hard{{{_TENANT}}}) > 0))",
                    "{{tenant}}: {{resource}}",
                )
            ],
            "percentunit",
            steps=rising(0.8, 0.95),
            top=1,
            none="no quota",
            decimals=0,
        ),
        bars(
            "Held of each pool",
            "Accelerators that pods hold, of those that the pool offers. Bad: near 100 % with pods waiting; near zero"
            " for days.",
            [Query(f"1 - sum by (pool) ({_FREE}) / sum by (pool) ({_OFFERED})", "{{pool}}")],
            "percentunit",
            top=1,
            none="no accelerators",
            decimals=0,
        ),
        lines(
            "Free accelerators by pool",
            "Offered and held by no pod. Bad: zero for long while pods wait.",
            [Query(f"sum by (pool) ({_FREE})", "{{pool}}")],
            "short",
            none="no accelerators",
            width=8,
        ),
    ]


def _below() -> list[Panel]:
    return [
        rows(
            "Volumes",
            "How full volumes are. Bad: above 90 %: a model's next revision may not fit.",
            {"namespace": "Namespace", "claim": "Claim"},
            [
                Column(
                    "Used",
                    "max by (namespace, claim) (aicc:volume_used_ratio)",
                    "percentunit",
                    rising(0.8, 0.9),
                    decimals=0,
                ),
            ],
            none="no volume is known",
            width=8,
        ),
        lines(
            "API server: slowest 1 % of answers",
            "99th percentile of answers by verb, watches aside. Bad: above 1 s; the control plane is the bottleneck.",
            [
                Query(
                    "histogram_quantile(0.99, sum by (le, verb) (rate(apiserver_request_duration_seconds_bucket"
                    '{verb!~"WATCH|CONNECT"}[$__rate_interval]))) >= 0',
                    "{{verb}}",
                )
            ],
            "s",
            steps=((None, "blue"), (1, "red")),
            none="the API server is not scraped",
            width=8,
        ),
        lines(
            "Scheduler's queue",
            "Pods that wait in the scheduler, by queue. Bad: unschedulable ones: nothing in the centre fits them now.",
            [Query("sum by (queue) (scheduler_pending_pods)", "{{queue}}")],
            "short",
            stacked=True,
            none="the scheduler is not scraped",
            width=8,
        ),
    ]

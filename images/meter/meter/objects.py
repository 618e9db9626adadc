"""Nodes, pods, quotas and claims reduced to what is exported of them: a large cluster fits into little memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from .config import PLATFORM, Config, Pool
from .quantity import parse

SIMULATED = "aicc.io/simulated"
MODEL = "aicc.io/model"
ZONE = "topology.kubernetes.io/zone"
INSTANCE = "node.kubernetes.io/instance-type"
_JOBSET = "jobset.sigs.k8s.io/jobset-name"
_GANGS = (
    "scheduling.x-k8s.io/pod-group",
    "pod-group.scheduling.sigs.k8s.io/name",
    "pod-group.scheduling.sigs.k8s.io",
    "kueue.x-k8s.io/pod-group-name",
    _JOBSET,
    "volcano.sh/job-name",
)
"""Labels that name a pod's gang: of the coscheduling plugin, of ACK's scheduler, of Kueue, of JobSet, of Volcano."""
_LWS_NAME, _LWS_GROUP = "leaderworkerset.sigs.k8s.io/name", "leaderworkerset.sigs.k8s.io/group-index"
_ENDED = frozenset({"Succeeded", "Failed"})
_QUOTA_PREFIX = "requests."
_QUOTAS = frozenset({"cpu", "memory", "storage", "pods"})

Object = Mapping[str, Any]


class Node(NamedTuple):
    """A node of the centre."""

    name: str
    pool: str
    instance: str
    zone: str
    simulated: bool
    ready: bool
    accelerators: float
    """Allocatable pieces."""
    cpu_cores: float
    """Allocatable."""


class Pod(NamedTuple):
    """A pod that has not ended."""

    namespace: str
    name: str
    node: str
    """Empty while it is bound to none."""
    tenant: str
    model: str
    job: str
    gang: str
    accelerators: float
    cpu_cores: float
    created: float
    """Seconds since 1970."""


class Quota(NamedTuple):
    """What a ResourceQuota of a tenant grants, and what is used of it."""

    tenant: str
    hard: Mapping[str, float]
    used: Mapping[str, float]


class Claim(NamedTuple):
    """A bound volume claim."""

    namespace: str
    name: str
    capacity_bytes: float


def node(found: Object, config: Config) -> Node | None:
    """Return the node; None where it is no pool's."""
    metadata, status = found["metadata"], found.get("status") or {}
    labels = metadata.get("labels") or {}
    pool = _pool(labels, config)
    if pool is None:
        return None
    allocatable = status.get("allocatable") or {}
    return Node(
        name=metadata["name"],
        pool=pool.name,
        instance=pool.instance or labels.get(INSTANCE, ""),
        zone=labels.get(ZONE, ""),
        simulated=labels.get(SIMULATED) == "true",
        ready=any(item["type"] == "Ready" and item["status"] == "True" for item in status.get("conditions") or ()),
        accelerators=_amount(allocatable.get(pool.resource)) if pool.resource else 0.0,
        cpu_cores=_amount(allocatable.get("cpu")),
    )


def _pool(labels: Mapping[str, str], config: Config) -> Pool | None:
    return next((pool for pool in config.pools if pool.node_labels.items() <= labels.items()), None)


def pod(found: Object, config: Config) -> Pod | None:
    """Return the pod; None where it has ended."""
    metadata, spec = found["metadata"], found["spec"]
    if (found.get("status") or {}).get("phase") in _ENDED:
        return None
    labels = metadata.get("labels") or {}
    tenant = config.tenant_of.get(metadata["namespace"], PLATFORM)
    model = labels.get(MODEL, "")
    requests = _requests(spec)
    return Pod(
        namespace=metadata["namespace"],
        name=metadata["name"],
        node=spec.get("nodeName") or "",
        tenant=tenant,
        # Who labels a pod with a model that is not declared makes no series of it.
        model=model if (tenant, model) in config.served else "",
        job=_job(metadata, labels),
        gang=_gang(spec, labels),
        accelerators=sum(requests.get(resource, 0.0) for resource in config.resources),
        cpu_cores=requests.get("cpu", 0.0),
        created=_seconds(metadata["creationTimestamp"]),
    )


def quota(found: Object, config: Config) -> Quota | None:
    """Return the quota; None where its namespace is no tenant's."""
    tenant = config.tenant_of.get(found["metadata"]["namespace"])
    status = found.get("status") or {}
    if tenant is None:
        return None
    return Quota(tenant, _limits(status.get("hard") or {}, config), _limits(status.get("used") or {}, config))


def claim(found: Object) -> Claim | None:
    """Return the claim; None until it is bound."""
    capacity = ((found.get("status") or {}).get("capacity") or {}).get("storage")
    metadata = found["metadata"]
    return Claim(metadata["namespace"], metadata["name"], _amount(capacity)) if capacity else None


def _limits(amounts: Mapping[str, str], config: Config) -> Mapping[str, float]:
    """By resource, in its own name; services and objects are left out, of which nothing is used up."""
    found = {}
    for key, text in amounts.items():
        resource = key.removeprefix(_QUOTA_PREFIX)
        if resource in _QUOTAS or resource in config.resources:
            found[resource] = _amount(text)
    return found


def _requests(spec: Object) -> dict[str, float]:
    """What the scheduler keeps free for a pod: its containers together, or its largest init container.

    An init container that restarts is a sidecar: it runs on, beside the others and those that start after it.
    """
    total = _sum(container.get("resources") or {} for container in spec.get("containers") or ())
    beside: dict[str, float] = {}
    largest: dict[str, float] = {}
    for container in spec.get("initContainers") or ():
        own = _sum([container.get("resources") or {}])
        if container.get("restartPolicy") == "Always":
            beside = _added(beside, own)
            own = {}
        largest = _larger(largest, _added(beside, own))
    needed = _larger(_added(total, beside), largest)
    whole = {key: _amount(text) for key, text in ((spec.get("resources") or {}).get("requests") or {}).items()}
    overhead = {key: _amount(text) for key, text in (spec.get("overhead") or {}).items()}
    return _added(needed | whole, overhead)


def _sum(resources: Iterable[Object]) -> dict[str, float]:
    total: dict[str, float] = {}
    for each in resources:
        total = _added(total, {key: _amount(text) for key, text in (each.get("requests") or {}).items()})
    return total


def _added(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    return {key: first.get(key, 0.0) + second.get(key, 0.0) for key in {*first, *second}}


def _larger(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    return {key: max(first.get(key, 0.0), second.get(key, 0.0)) for key in {*first, *second}}


def _job(metadata: Object, labels: Mapping[str, str]) -> str:
    """The JobSet where the pod is of one, as its jobs are parts of one work; else the Job."""
    owners = metadata.get("ownerReferences") or ()
    owner = next((str(each["name"]) for each in owners if each["kind"] == "Job"), "")
    return labels.get(_JOBSET, owner) if owner else ""


def _gang(spec: Object, labels: Mapping[str, str]) -> str:
    """What the pod is placed together with: a PodGroup of Kubernetes or a scheduler, a JobSet, a replica of LWS."""
    group = (spec.get("schedulingGroup") or {}).get("podGroupName")
    if group:
        return str(group)
    if _LWS_NAME in labels:
        return f"{labels[_LWS_NAME]}-{labels.get(_LWS_GROUP, '0')}"
    return next((labels[key] for key in _GANGS if labels.get(key)), "")


def _amount(text: Any) -> float:
    """Return a quantity; 0 where none is written. The API server writes numbers as text, and takes both."""
    return 0.0 if text is None else parse(str(text))


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()

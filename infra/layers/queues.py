"""Queues: each tenant's share of the pools as a Kueue ClusterQueue, so that whole jobs wait until they have room.

One flavour for each accelerator keeps those apart that share a resource name, as NVIDIA's do. Only where the cluster
serves Kueue; the tenants' ResourceQuotas hold either way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from infra import names
from infra.layers.accelerators import tolerations
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.foundation import PRIORITIES
from infra.layers.objects import Manifest
from infra.plan import AcceleratorPlan, CenterPlan, Share, TenantPlan

KUEUE = "kueue.x-k8s.io/v1beta2"
GENERAL = "general"
"""The flavour of nodes without accelerators."""
QUEUE = "default"
"""The LocalQueue in every tenant's namespace."""


def build(given: LayerIn) -> LayerOut:
    """Register flavours, priorities, and a queue for each tenant, where Kueue is there."""
    if not given.cluster.serves("kueue"):
        return LayerOut()
    operator = given.earlier["operators"].parts.get("kueue", ())
    flavors = [given.declare(general_flavor(), *operator)]
    flavors += [given.declare(flavor(item), *operator) for item in given.plan.accelerators]
    for kind in sorted({tenant.kind for tenant in given.plan.tenants}):
        given.declare(priority(names.priority_class(kind)), *operator)
    return LayerOut(parts={tenant.name: _tenant(tenant, given, flavors) for tenant in given.plan.tenants})


def _tenant(tenant: TenantPlan, given: LayerIn, flavors: Sequence[pulumi.Resource]) -> tuple[pulumi.Resource, ...]:
    cluster_queue = given.declare(queue(tenant, given.plan), *flavors)
    home = given.earlier["tenancy"].parts[tenant.name]
    return (given.declare(local_queue(tenant), cluster_queue, *home),)


def general_flavor() -> Manifest:
    """Return the flavour of nodes without accelerators: no labels, so that it fits every cluster."""
    return {"apiVersion": KUEUE, "kind": "ResourceFlavor", "metadata": {"name": GENERAL}}


def flavor(accelerator: AcceleratorPlan) -> Manifest:
    """The nodes of one accelerator; its RuntimeClass brings the tolerations."""
    taints = [
        {"key": taint.key, "effect": taint.effect, **({"value": taint.value} if taint.value else {})}
        for taint in accelerator.taints
    ]
    return {
        "apiVersion": KUEUE,
        "kind": "ResourceFlavor",
        "metadata": {"name": accelerator.id},
        "spec": {
            "nodeLabels": dict(accelerator.node_selector),
            "nodeTaints": taints,
            "tolerations": tolerations(accelerator.taints),
        },
    }


def priority(name: str) -> Manifest:
    """The place in the queue that a kind of tenant has."""
    value, description = PRIORITIES[name]
    return {
        "apiVersion": KUEUE,
        "kind": "WorkloadPriorityClass",
        "metadata": {"name": name},
        "value": value,
        "description": description,
    }


def queue(tenant: TenantPlan, plan: CenterPlan) -> Manifest:
    """The tenant's quota.

    It is in no cohort: its ResourceQuota would refuse the pods of a job that borrows.
    """
    accelerators = {item.id: item for item in plan.accelerators}
    resources = sorted({accelerators[name].resource for name in tenant.accelerators})
    # Kueue takes the first flavour that fits: jobs without accelerators must not begin with nodes that have some.
    shares = sorted(tenant.shares, key=lambda share: share.accelerator is not None)
    flavors = [_quotas(share, accelerators, resources) for share in shares]
    return {
        "apiVersion": KUEUE,
        "kind": "ClusterQueue",
        "metadata": {"name": tenant.namespace, "labels": {names.TENANT: tenant.name}},
        "spec": {
            "namespaceSelector": {"matchLabels": {names.TENANT: tenant.name}},
            "queueingStrategy": "BestEffortFIFO",
            "preemption": {"withinClusterQueue": "LowerPriority"},
            "resourceGroups": [{"coveredResources": ["cpu", "memory", *resources], "flavors": flavors}],
        },
    }


def _quotas(share: Share, accelerators: Mapping[str, AcceleratorPlan], resources: list[str]) -> Manifest:
    """One flavour's part; a resource that its nodes do not have is given as zero, which Kueue wants said."""
    own = accelerators[share.accelerator].resource if share.accelerator else None
    pieces = {resource: share.count if resource == own else 0 for resource in resources}
    quotas = {"cpu": share.cpu, "memory": share.memory, **pieces}
    return {
        "name": share.accelerator or GENERAL,
        "resources": [{"name": resource, "nominalQuota": quota} for resource, quota in quotas.items()],
    }


def local_queue(tenant: TenantPlan) -> Manifest:
    """What the tenant's jobs name: `kueue.x-k8s.io/queue-name: default`."""
    return {
        "apiVersion": KUEUE,
        "kind": "LocalQueue",
        "metadata": {"name": QUEUE, "namespace": tenant.namespace},
        "spec": {"clusterQueue": tenant.namespace},
    }


LAYER = Layer("queues", requires=("operators", "tenancy", "accelerators"), build=build)

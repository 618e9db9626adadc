"""Foundation: what every other layer stands on.

Namespaces of the platform with their Pod Security level, priority classes, the tenant members' role, the
admission policies, and default-deny networking. It makes nothing for a single tenant or model.
"""

from __future__ import annotations

from infra import names, priorities
from infra.layers import admission, network
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.namespaces import PodSecurity, namespace
from infra.layers.objects import Manifest

PLATFORM_NAMESPACES: dict[str, tuple[str, PodSecurity]] = {
    names.SYSTEM_NAMESPACE: ("system", "restricted"),
    # Device plugins and exporters reach the host's devices.
    names.ACCELERATOR_NAMESPACE: ("accelerators", "privileged"),
    names.GATEWAY_NAMESPACE: ("gateway", "restricted"),
    names.MONITORING_NAMESPACE: ("monitoring", "baseline"),
}

OPENINGS = {names.ACCELERATOR_NAMESPACE: network.allow_scrapes, names.MONITORING_NAMESPACE: network.allow_scraping}
"""Of namespaces that others bring something into: exporters, a Prometheus."""

PRIORITIES = {
    "aicc-platform": (1_000_000, "The platform's own services; they preempt every tenant."),
    names.priority_class("cloud-service"): (priorities.TENANTS["cloud-service"], "Paying customers' services."),
    names.priority_class("enterprise"): (priorities.TENANTS["enterprise"], "The enterprise's own applications."),
    names.priority_class("research"): (priorities.TENANTS["research"], "Research; yields to services."),
    "aicc-batch": (1_000, "Deferrable work; never preempts."),
}

MEMBER_ROLE = "aicc-tenant-member"


def build(given: LayerIn) -> LayerOut:
    """Register the platform's shared objects."""
    homes = []
    for name, (role, level) in PLATFORM_NAMESPACES.items():
        homes.append(given.declare(namespace(name, role, level, given.plan.name)))
        given.declare(network.default_deny(name), homes[-1])
        if name in OPENINGS:
            given.declare(OPENINGS[name](name), homes[-1])
    priorities = [given.declare(_priority(name)) for name in PRIORITIES]
    member = given.declare(_member_role())
    return LayerOut(ready=(*homes, *priorities, member, *admission.build(given)))


def _priority(name: str) -> Manifest:
    value, description = PRIORITIES[name]
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
        "description": description,
        "preemptionPolicy": "Never" if name == "aicc-batch" else "PreemptLowerPriority",
    }


def _member_role() -> Manifest:
    """What a tenant's members may do in their namespace.

    Kubernetes' own `edit` would also let them delete the network policies that close the tenant in.
    """
    write = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
    read = ["get", "list", "watch"]

    def rule(group: str, resources: list[str], verbs: list[str]) -> Manifest:
        return {"apiGroups": [group], "resources": resources, "verbs": verbs}

    workloads = ["pods", "services", "configmaps", "secrets", "persistentvolumeclaims", "serviceaccounts"]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": MEMBER_ROLE},
        "rules": [
            rule("", workloads, write),
            rule("", ["pods/log", "events", "resourcequotas", "limitranges"], read),
            rule("", ["pods/exec", "pods/portforward"], ["get", "create"]),
            rule("apps", ["deployments", "statefulsets", "replicasets"], write),
            rule("apps", ["deployments/scale", "statefulsets/scale"], ["get", "update", "patch"]),
            rule("batch", ["jobs", "cronjobs"], write),
            rule("autoscaling", ["horizontalpodautoscalers"], write),
            rule("policy", ["poddisruptionbudgets"], write),
            rule("networking.k8s.io", ["networkpolicies"], read),
        ],
    }


LAYER = Layer("foundation", requires=(), build=build)

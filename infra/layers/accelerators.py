"""Accelerators: how pods get to each kind of accelerator the pools have.

A RuntimeClass per accelerator carries its nodes' selector and tolerations, so that nothing else repeats them, and
device plugins are installed where the stack asks for it. It does not label or taint nodes: their pool does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from infra import names
from infra.catalogue.schema import DaemonSetPlugin, Taint
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.objects import Manifest
from infra.plan import AcceleratorPlan


def build(given: LayerIn) -> LayerOut:
    """Register a RuntimeClass per accelerator, and the device plugins that the centre installs."""
    after = given.earlier["foundation"].ready
    accelerators = given.plan.accelerators
    for plugin in {accelerator.device_plugin for accelerator in accelerators if accelerator.device_plugin}:
        served = [accelerator for accelerator in accelerators if accelerator.device_plugin == plugin]
        given.declare(device_plugin(plugin, served), *after)
    return LayerOut(
        parts={accelerator.id: (given.declare(runtime_class(accelerator), *after),) for accelerator in accelerators}
    )


def runtime_class(accelerator: AcceleratorPlan) -> Manifest:
    """What a pod names to run on this accelerator's nodes."""
    return {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": accelerator.runtime_class},
        "handler": accelerator.runtime_handler,
        "scheduling": {
            "nodeSelector": dict(accelerator.node_selector),
            "tolerations": tolerations(accelerator.taints),
        },
    }


def device_plugin(plugin: DaemonSetPlugin, served: Sequence[AcceleratorPlan]) -> Manifest:
    """The DaemonSet of one device plugin, on the nodes of all accelerators that it serves."""
    repository = plugin.image.split("@")[0].rsplit(":", 1)[0]
    name = f"device-plugin-{repository.rsplit('/', 1)[-1]}"
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "ai-compute-center"}
    volumes = {f"host-{index}": path for index, path in enumerate(plugin.host_paths)}
    container = {
        "name": "device-plugin",
        "image": plugin.image,
        "args": list(plugin.args),
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "volumeMounts": [{"name": volume, "mountPath": path} for volume, path in volumes.items()],
    }
    taints = {taint.key: taint for accelerator in served for taint in accelerator.taints}
    return node_agent(
        name,
        labels,
        {
            "affinity": {"nodeAffinity": _nodes_of(served)},
            "tolerations": tolerations(taints.values()),
            "containers": [container],
            "volumes": [{"name": volume, "hostPath": {"path": path}} for volume, path in volumes.items()],
        },
    )


def node_agent(name: str, labels: Mapping[str, str], pod: Manifest) -> Manifest:
    """A DaemonSet beside the accelerators: never evicted, and without an account in the cluster."""
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": names.ACCELERATOR_NAMESPACE, "labels": dict(labels)},
        "spec": {
            "selector": {"matchLabels": dict(labels)},
            "template": {
                "metadata": {"labels": dict(labels)},
                "spec": {"priorityClassName": "system-node-critical", "automountServiceAccountToken": False, **pod},
            },
        },
    }


def tolerations(taints: Iterable[Taint]) -> list[Manifest]:
    """What lets pods onto nodes with these taints."""
    return [
        {"key": taint.key, "operator": "Equal", "value": taint.value, "effect": taint.effect}
        if taint.value
        else {"key": taint.key, "operator": "Exists", "effect": taint.effect}
        for taint in taints
    ]


def _nodes_of(served: Iterable[AcceleratorPlan]) -> Manifest:
    terms = [
        {
            "matchExpressions": [
                {"key": key, "operator": "In", "values": [value]} for key, value in accelerator.node_selector.items()
            ]
        }
        for accelerator in served
    ]
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}


LAYER = Layer("accelerators", requires=("foundation",), build=build)

"""Power caps: on the nodes of each capped pool, what keeps the driver's limit there and reads it back.

It is root with one capability, as the driver lets nobody else set a limit; nothing of the host is mounted, and it has
no account in the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.layers.accelerators import node_agent, tolerations
from infra.layers.base import Layer, LayerIn, LayerOut
from infra.layers.charts import pull_policy
from infra.layers.objects import Manifest
from infra.plan import AcceleratorPlan, PoolPlan
from infra.plan.power_caps import POWER_CAP, nodes_of


def build(given: LayerIn) -> LayerOut:
    """Register a DaemonSet for each capped pool."""
    accelerators = {item.id: item for item in given.plan.accelerators}
    after = given.earlier["foundation"].ready
    for pool in given.plan.pools:
        if pool.power_cap_watts is not None and pool.accelerator:
            image = given.plan.images[POWER_CAP]
            given.declare(
                daemon_set(pool, accelerators[pool.accelerator], image, nodes_of(pool, given.plan.cloud)),
                *after,
                *given.earlier["accelerators"].parts[pool.accelerator],
            )
    return LayerOut()


def daemon_set(pool: PoolPlan, accelerator: AcceleratorPlan, image: str, nodes: Mapping[str, str]) -> Manifest:
    """What caps one pool's nodes; its RuntimeClass brings the driver's tool into the container."""
    name = f"power-cap-{pool.name}"
    labels = {
        "app.kubernetes.io/name": "power-cap",
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/part-of": "ai-compute-center",
    }
    container = {
        "name": "power-cap",
        "image": image,
        "imagePullPolicy": pull_policy(image),
        "args": [f"--watts={pool.power_cap_watts}"],
        # NVIDIA's runtime gives a container that asks for no device all of them, and the tool, by these.
        "env": [
            {"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"},
            {"name": "NVIDIA_DRIVER_CAPABILITIES", "value": "utility"},
        ],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {
            "runAsUser": 0,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]},
        },
    }
    return node_agent(
        name,
        labels,
        {
            "runtimeClassName": accelerator.runtime_class,
            "enableServiceLinks": False,
            "nodeSelector": dict(nodes),
            "tolerations": tolerations(accelerator.taints),
            "containers": [container],
        },
    )


LAYER = Layer("power_caps", requires=("foundation", "accelerators"), build=build)

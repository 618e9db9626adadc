"""The scheduler's configuration where pods are packed: nodes that are in use already come first.

Without it kube-scheduler spreads: it scores nodes by what is left of them. The other plugins stay as they are, and
decide between nodes that are equally full.
"""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from infra.plan import CenterPlan

WEIGHT = 10
"""Of packing, against 1 to 3 of every other plugin: PodTopologySpread, with 2, would undo it otherwise."""
ACCELERATOR_WEIGHT = 10
"""Of an accelerator among a node's resources; a pod without one is packed by CPU and memory."""
_REQUESTS_PER_SECOND = 5_000


def of(plan: CenterPlan) -> str | None:
    """Return the configuration that a stack asks for; None for Kubernetes' default."""
    return render([pool.resource for pool in plan.pools if pool.resource]) if plan.saving.bin_packing else None


def render(accelerators: Sequence[str]) -> str:
    """Return the configuration for nodes that offer these extended resources; the same input gives the same text."""
    resources = [{"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1}]
    resources += [{"name": name, "weight": ACCELERATOR_WEIGHT} for name in sorted(set(accelerators))]
    configuration = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {"qps": _REQUESTS_PER_SECOND, "burst": 2 * _REQUESTS_PER_SECOND},
        "profiles": [
            {
                "schedulerName": "default-scheduler",
                "plugins": {
                    "score": {
                        # It would rather have CPU and memory equally used than a node full.
                        "disabled": [{"name": "NodeResourcesBalancedAllocation"}],
                        "enabled": [{"name": "NodeResourcesFit", "weight": WEIGHT}],
                    }
                },
                "pluginConfig": [
                    {
                        "name": "NodeResourcesFit",
                        "args": {"scoringStrategy": {"type": "MostAllocated", "resources": resources}},
                    }
                ],
            }
        ],
    }
    return yaml.safe_dump(configuration, sort_keys=False)

"""What Alertmanager and the simulator are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from aicc.paths import REPO
from infra.catalogue import Catalogue
from infra.plan import CenterPlan, figures

INHIBITIONS = REPO / "charts" / "monitoring" / "alertmanager" / "inhibit-rules.yaml"
NOBODY = "nobody"
"""The receiver of a local stack: alerts are shown, and nobody is told."""


def alertmanager(repeat_hours: int, webhook: str | None = None) -> Mapping[str, Any]:
    """Return Alertmanager's configuration; `webhook`: an address of this machine that every alert is sent to."""
    receiver: dict[str, Any] = {"name": NOBODY}
    if webhook:
        receiver["webhook_configs"] = [{"url": webhook, "send_resolved": True}]
    return {
        "route": {
            "receiver": NOBODY,
            "group_by": ["alertname", "tenant", "pool"],
            "group_wait": "10s",
            "group_interval": "1m",
            "repeat_interval": f"{repeat_hours}h",
        },
        "receivers": [receiver],
        # Those of clusters, too: what is a consequence is not told beside its cause.
        "inhibit_rules": yaml.safe_load(INHIBITIONS.read_text(encoding="utf-8")),
    }


def simulator(plan: CenterPlan, catalogue: Catalogue) -> Mapping[str, Any]:
    """Return what the simulator must know of each pool with accelerators that are simulated.

    Where idle or peak watts are unknown, the simulated devices report none: a figure of nobody would be measured.
    """
    pools: dict[str, Any] = {}
    for pool in plan.pools:
        if pool.accelerator is None or pool.resource is None:
            continue
        accelerator = catalogue.accelerators[pool.accelerator]
        watts = figures.accelerator_watts(accelerator)
        memory = accelerator.memory_gib.value
        pools[pool.name] = {
            "accelerator": accelerator.id,
            "name": accelerator.name,
            "vendor": accelerator.vendor,
            "resource": pool.resource,
            "devices": pool.accelerators_per_node,
            "memory_mib": None if memory is None else round(memory * 1024),
            "idle_watts": watts.idle if watts else None,
            "peak_watts": watts.peak if watts else None,
        }
    return {"seed": plan.name, "pools": pools}

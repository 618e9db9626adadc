"""What monitoring comes to, as plain, immutable data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.config.monitoring import Alerts, Feed


@dataclass(frozen=True)
class MonitoringPlan:
    """Metrics, alerts and accounts of the centre."""

    as_processes: bool
    """Whether Prometheus, Alertmanager and the meter are processes of this machine, and nothing of them is in a pod."""
    sees_control_plane: bool
    """Whether pods reach the scheduler, the controller manager and etcd."""
    image: str | None
    """The meter's; None on local stacks, where it is a process, and where none is declared."""
    retention_days: int
    scrape_seconds: int
    rules_seconds: int
    """How often rules are evaluated."""
    storage: str
    """Of each Prometheus' volume."""
    alerts: Alerts
    feed: Feed | None
    meter: Mapping[str, Any]
    """What `meter.yaml` holds: `meter.configuration` makes it, and `images/meter/meter/config.py` reads it."""

"""What a plan says about logs and traces that would reach nobody."""

from __future__ import annotations

from collections.abc import Iterator

from infra.config.models import Center
from infra.plan import gateway


def notes(center: Center) -> Iterator[str]:
    """For people."""
    if center.logs.enabled and center.logs.access is None:
        yield "Logs are kept, and nobody reads them but who works in the monitoring namespace: no logs.access."
    if center.traces.enabled and not gateway.is_made(center):
        yield "Traces are on, and nothing sends any: the centre has no gateway."
    elif center.traces.enabled and center.gateway.traces:
        yield "Traces are on, and the gateway sends its own elsewhere: gateway.traces is declared."

"""`aicc dashboard`: the page that shows the stack's dashboards, until it is ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress

from aicc.accounting import reach
from aicc.dashboards.files import dashboards
from aicc.dashboards.page.panels import Dashboards
from aicc.dashboards.page.server import HOST, DashboardServer
from aicc.errors import PrerequisiteError
from aicc.local.ports import free_ports, is_free
from aicc.stacks import Stack

_USUAL_SCRAPE_SECONDS = 60
"""Prometheus' own default."""


def serve(stack: Stack, prometheus: str | None, port: int | None, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM: that is how it ends, not a failure.

    Raises PrerequisiteError where the port is taken; ConfigError or ClusterError where there is no Prometheus to ask.
    """
    with closing(reach.source(stack, prometheus)) as source:
        about = {"stack": stack.name, "prometheus": source.address}
        page = Dashboards(dashboards(), source)
        shown = DashboardServer(page, about, _port(stack, port), scrape_seconds(stack))
        with shown as server, suppress(KeyboardInterrupt):
            say(f"dashboards of stack {stack.name}: {server.address}")
            say(f"they show what {source.address} says; Ctrl-C ends them")
            server.serve_forever()


def scrape_seconds(stack: Stack) -> int:
    """How far samples are apart: a rate looks at four times as much.

    The stack's own Prometheus scrapes as planned. A stack without monitoring shows another's, which does as usual.
    """
    monitoring = stack.plan.monitoring
    return monitoring.scrape_seconds if monitoring else _USUAL_SCRAPE_SECONDS


def _port(stack: Stack, port: int | None) -> int:
    """The one that is asked for, else the stack's own: the same each time, where it is free."""
    if port is None:
        return next(free_ports(f"{stack.name}/dashboard"))
    if not is_free(port):
        raise PrerequisiteError(f"something else listens on {HOST}:{port}", hint="name another --port, or none")
    return port

"""Services on the machine's loopback: which are published is a file that the node's gate follows."""

from __future__ import annotations

import json
from pathlib import Path

from aicc.local.files import write_private
from aicc.local.node.layout import CLUSTER_DOMAIN
from aicc.local.ports import free_ports


def port_of(path: Path, namespace: str, service: str, port: int) -> int:
    """Return the port of the machine's loopback that leads to a Service, the same each time it is asked for."""
    published = read(path)
    target = f"{service}.{namespace}.svc.{CLUSTER_DOMAIN}.:{port}"
    if target not in published:
        taken = set(published.values())
        published[target] = next(free for free in free_ports(f"{path}:{target}") if free not in taken)
        write_private(path, json.dumps(published, indent=2))
    return published[target]


def title(target: str) -> str:
    """Return `service.namespace:port` of a target."""
    return target.replace(f".svc.{CLUSTER_DOMAIN}.", "")


def read(path: Path) -> dict[str, int]:
    """Return what is published: ports of the machine by Service, as `host:port`."""
    try:
        return {str(target): int(port) for target, port in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}

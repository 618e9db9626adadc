"""The stack's own kubeconfig, with its certificates inside; the user's is never read or written."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

from aicc.local.configuration import LOOPBACK, Layout, Ports
from aicc.local.files import write_private


def endpoint(ports: Ports) -> str:
    """Return the API server's address."""
    return f"https://{LOOPBACK}:{ports.kubeApiserverPort}"


def write(path: Path, stack: str, layout: Layout, ports: Ports) -> None:
    """Write the kubeconfig to `path` with mode 0600, replacing it at once."""
    name = f"aicc-{stack}"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [
            {"name": name, "cluster": {"server": endpoint(ports), "certificate-authority-data": _base64(layout.ca)}}
        ],
        "users": [
            {
                "name": name,
                "user": {
                    "client-certificate-data": _base64(layout.certificate),
                    "client-key-data": _base64(layout.key),
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }
    write_private(path, yaml.safe_dump(content, sort_keys=False))


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()

"""How much memory and time the meter takes at the size of a large centre: `python -m benchmarks.meter`.

The meter is the real one, as its own process; the API server is a stand-in that holds the objects, since what is
measured is what the meter makes of them. Objects are as large as a cluster's own: a node 6 KiB, a pod 5 KiB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import yaml

from aicc import paths
from tests.images.meter import examples
from tests.images.meter.api_server import ApiServer, api_server

PODS_PER_NODE = 4
_PADDING = "x" * 1024


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=5_000)
    given = parser.parse_args()
    with api_server() as server, tempfile.TemporaryDirectory() as folder:
        fill(server, given.nodes)
        measure(server, Path(folder), given.nodes)


def fill(server: ApiServer, nodes: int) -> None:
    """Give the server the centre's objects."""
    padding = {f"example.com/padding-{index}": _PADDING for index in range(4)}
    for index in range(nodes):
        node = examples.node(f"zhenwu-{index:04d}")
        node["metadata"]["annotations"] = padding
        server.put("/api/v1/nodes", node)
        for place in range(PODS_PER_NODE):
            pod = examples.pod(f"train-{index}-{place}", spec={"nodeName": f"zhenwu-{index:04d}"})
            pod["metadata"]["annotations"] = padding
            server.put("/api/v1/pods", pod)
    server.events.clear()


def measure(server: ApiServer, folder: Path, nodes: int) -> None:
    """Start the meter, wait until it knows everything, scrape it five times."""
    host, port = server.server_address[:2]
    kubeconfig: dict[str, Any] = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"http://{host!s}:{port}"}}],
        "users": [{"name": "u", "user": {}}],
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(kubeconfig), encoding="utf-8")
    (folder / "meter.yaml").write_text(yaml.safe_dump(examples.document()), encoding="utf-8")
    listen = "127.0.0.1:19464"
    begun = time.monotonic()
    files = ["--config", folder / "meter.yaml", "--kubeconfig", folder / "kubeconfig"]
    meter = subprocess.Popen(
        [sys.executable, "-m", "meter", *files, "--listen", listen],
        cwd=paths.REPO / "images" / "meter",
        stdout=subprocess.DEVNULL,
    )
    try:
        while not ready(f"http://{listen}/readyz"):
            assert time.monotonic() - begun < 600
            time.sleep(0.2)
        print(f"{nodes:,} nodes, {nodes * PODS_PER_NODE:,} pods")
        print(f"ready after {time.monotonic() - begun:.1f} s")
        process = psutil.Process(meter.pid)
        print(f"resident before a scrape: {process.memory_info().rss / 2**20:.0f} MiB")
        for _ in range(5):
            began = time.monotonic()
            with urllib.request.urlopen(f"http://{listen}/metrics", timeout=120) as response:
                body = response.read()
            series = sum(not line.startswith(b"#") for line in body.splitlines())
            took = time.monotonic() - began
            print(f"scrape: {took:.2f} s, {series:,} series, {len(body) / 2**20:.1f} MiB", end="; ")
            print(f"resident {process.memory_info().rss / 2**20:.0f} MiB, CPU {sum(process.cpu_times()[:2]):.1f} s")
    finally:
        meter.terminate()
        meter.wait()


def ready(url: str) -> bool:
    """Whether the meter has read everything once."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310  loopback
            return True
    except OSError:
        return False


if __name__ == "__main__":
    main()

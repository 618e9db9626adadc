"""Runs the shifter in a cluster until it is told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server

from . import config
from .cluster import Cluster, ClusterError
from .grid import Grid
from .loop import Loop
from .metrics import Metrics

RETRY_SECONDS = 10.0


def main(arguments: list[str] | None = None) -> int:
    """Read the configuration, serve metrics, and go round; 0 when told to stop."""
    parser = argparse.ArgumentParser(prog="shifter")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--bind", default="0.0.0.0", help="the metrics' address")  # noqa: S104  the pod's own network
    given = parser.parse_args(arguments)
    settings = config.read(given.config)
    registry = CollectorRegistry()
    metrics = Metrics(registry, settings)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    server, serving = start_http_server(settings.port, given.bind, registry)
    cluster = Cluster.of_pod(os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"])
    loop = Loop(cluster, settings, Grid(settings.profile, settings.feed, metrics.rejected), metrics, _tell)
    while not stopped.is_set():
        try:
            pause = loop.sleep_seconds(loop.once(time.time()))
        except (ClusterError, OSError) as error:
            _tell(f"the cluster does not answer: {error}")
            pause = RETRY_SECONDS
        stopped.wait(pause)
    server.shutdown()
    serving.join()
    server.server_close()
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""`python -m aicc.local.monitoring.simulator CONFIGURATION KUBECONFIG FAULTS --listen HOST:PORT`, until SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

import yaml
from prometheus_client import CollectorRegistry, ProcessCollector

from aicc.kube.client import Kube
from aicc.local.monitoring.simulator.center import Center
from aicc.local.monitoring.simulator.faults import FaultFile
from aicc.local.monitoring.simulator.node import pools
from aicc.local.monitoring.simulator.server import Server


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("configuration", "kubeconfig", "faults"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--listen", required=True)
    given = parser.parse_args()
    told = yaml.safe_load(given.configuration.read_text())
    host, _, port = given.listen.rpartition(":")
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    with Kube.from_kubeconfig(given.kubeconfig, concurrency=2, retry_seconds=10) as kube:
        center = Center(kube, pools(told["pools"]), told["seed"], time.time)
        with Server((host, int(port)), center, FaultFile(given.faults), registry, time.time) as server:
            following = threading.Thread(target=center.follow, args=(_say,), daemon=True)
            following.start()
            for stopping in (signal.SIGTERM, signal.SIGINT):
                # Of a thread: `shutdown` waits for the loop that this handler interrupts.
                signal.signal(stopping, lambda *_: threading.Thread(target=server.shutdown).start())
            server.serve_forever()
            center.stop()
            following.join(timeout=5)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


main()

"""The meter's command line.

    python -m meter --config meter.yaml [--kubeconfig FILE] --listen 127.0.0.1:9464

It serves until SIGTERM. Exit codes: 0 ended as asked, 2 a configuration or a way to the API server that cannot be used.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from . import access, config, objects
from .collector import MeterCollector, Watches
from .feed import LiveFeed
from .server import Server
from .watch import CLAIMS, NODES, PODS, QUOTAS, Watch

STALE_SECONDS = 180.0
"""Twice the silence after which a watch is begun anew: one lost connection alone makes nothing stale."""


def main(arguments: list[str] | None = None) -> int:
    """Serve; see the module."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s")
    try:
        declared = config.load(given.config)
        way = access.from_kubeconfig(given.kubeconfig) if given.kubeconfig else access.in_cluster()
    except (config.ConfigError, access.AccessError) as error:
        print(error, file=sys.stderr)
        return 2
    _serve(declared, way, given)
    return 0


def _serve(declared: config.Config, way: access.Access, given: argparse.Namespace) -> None:
    watches = Watches(
        Watch(NODES, way, partial(objects.node, config=declared)),
        Watch(PODS, way, partial(objects.pod, config=declared)),
        Watch(QUOTAS, way, partial(objects.quota, config=declared)),
        Watch(CLAIMS, way, objects.claim),
    )
    grid = declared.grid
    feed = LiveFeed(grid, grid.feed, given.feed_token_file) if grid and grid.feed else None
    registry = CollectorRegistry()
    registry.register(MeterCollector(declared, watches, feed, given.stale_seconds))
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    PlatformCollector(registry=registry)
    followed = watches.all()
    server = Server(
        given.listen,
        registry,
        ready=lambda: all(watch.age_seconds() is not None for watch in followed),
        live=lambda: all(watch.alive for watch in followed),
    )
    for stopping in (signal.SIGTERM, signal.SIGINT):
        # Of a thread: `shutdown` waits for the loop that this handler interrupts.
        signal.signal(stopping, lambda *_: threading.Thread(target=server.shutdown).start())
    parts: list[Watch[Any] | LiveFeed] = [*followed, *([feed] if feed else [])]
    for part in parts:
        part.start()
    logging.getLogger(__name__).info("the meter of %s listens on %s:%d", declared.center, *server.server_address[:2])
    try:
        server.serve_forever()
    finally:
        server.server_close()
        for part in parts:
            part.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="meter", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="meter.yaml")
    parser.add_argument("--kubeconfig", type=Path, help="default: this pod's service account")
    parser.add_argument("--listen", type=_address, required=True, help="host:port")
    parser.add_argument("--feed-token-file", type=Path, help="a file with the live feed's token")
    parser.add_argument(
        "--stale-seconds", type=float, default=STALE_SECONDS, help="after which silence state is left out"
    )
    return parser


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not host:port")
    return host.strip("[]"), int(port)


if __name__ == "__main__":
    sys.exit(main())

"""Apply many ConfigMaps as a process of its own, to be killed: `python -m tests.apply.apply_many KUBECONFIG STACK`."""

from __future__ import annotations

import sys
from pathlib import Path

from aicc.kube.client import Kube
from aicc.progress import reporter

from .builders import Stack, config_map, namespace

COUNT = 600


def main(kubeconfig: str, name: str) -> None:
    with Kube.from_kubeconfig(Path(kubeconfig), concurrency=2) as kube:
        declared = [config_map(f"c{number}", name) for number in range(COUNT)]
        Stack(kube, name, reporter()).apply(namespace(name), *declared)


if __name__ == "__main__":
    main(*sys.argv[1:])

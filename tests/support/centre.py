"""A centre of its own for a test: the real command line, a real control plane, state in a temporary folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import yaml

from aicc.kube.client import Kube
from aicc.paths import REPO

COMMAND_SECONDS = 300
Config = dict[str, Any]


class Centre:
    """One stack file and one state folder, driven through `python -m aicc`."""

    command_seconds = COMMAND_SECONDS

    def __init__(self, folder: Path, name: str, config: Config) -> None:
        self.name = name
        self.state = folder / "state"
        self.path = folder / f"Pulumi.{name}.yaml"
        self.config = config
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.state), "PYTHONPATH": str(REPO), "NO_COLOR": "1"}
        self.environment.pop("KUBECONFIG", None)
        self.save()

    def save(self) -> None:
        """Write the stack file as `config` is now."""
        self.path.write_text(yaml.safe_dump({"config": {"ai-compute-center:center": self.config}}), encoding="utf-8")

    def run(self, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run one command to its end and check its exit code."""
        done = subprocess.run(
            self._command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=self.command_seconds,
        )
        if expect is not None:
            assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a session of its own, to be interrupted."""
        return subprocess.Popen(
            self._command(*arguments),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def interrupted(self, when: Callable[[str], bool], how: signal.Signals, *arguments: str) -> int:
        """Start a command and signal it at the first line of output for which `when` holds; its exit code."""
        with self.start(*arguments) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if when(line):
                    process.send_signal(how)
                    break
            process.stdout.read()
        return process.returncode

    def status(self) -> dict[str, Any]:
        """`aicc status --json`."""
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found

    def objects(self, line: str = "objects") -> str:
        """What `aicc up` says it did with the objects (or with the nodes)."""
        printed = self.run("up", "--driver", "offline").stdout
        return next(text.removeprefix(f"{line}: ") for text in printed.splitlines() if text.startswith(line))

    @contextmanager
    def kube(self) -> Iterator[Kube]:
        """A client of the centre's cluster."""
        with Kube.from_kubeconfig(self.kubeconfig) as kube:
            yield kube

    @property
    def kubeconfig(self) -> Path:
        """The centre's own kubeconfig."""
        return self.state / "aicc" / self.name / "kubeconfig"

    def processes(self) -> list[psutil.Process]:
        """Every process whose command line names the centre's state folder."""
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if any(str(self.state) in argument for argument in process.info["cmdline"] or [])
        ]

    @staticmethod
    def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
        """Every process below a command."""
        return psutil.Process(process.pid).children(recursive=True)

    def kill(self, component: str) -> None:
        """SIGKILL one component of the control plane."""
        killed = [process for process in self.processes() if Path(process.info["cmdline"][0]).name == component]
        assert killed, f"{component} is not running"
        for process in killed:
            process.kill()
            process.wait(timeout=30)

    def _command(self, *arguments: str) -> list[str]:
        with_stack = [] if arguments[0] == "doctor" else ["--stack", str(self.path)]
        return [sys.executable, "-m", "aicc", *arguments, *with_stack]


RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""What a container says of itself where pod security is restricted."""


def eventually(found: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until `found` holds."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(0.2)


def small_config() -> Config:
    """A centre with one Zhenwu pool, two tenants, two models."""
    return {
        "name": "small",
        "cloud": {"kind": "local"},
        "pools": [
            {"name": "general", "instance": "sim.general", "nodes": 1},
            {"name": "zhenwu", "instance": "sim.zhenwu-810e.16x", "nodes": 4, "zones": ["zone-a", "zone-b"]},
        ],
        "tenants": [
            {
                "name": "research",
                "kind": "research",
                "group": "test:research",
                "quota": {"accelerators": {"zhenwu-810e": 32}},
            },
            {"name": "guests", "kind": "enterprise", "group": "test:guests"},
        ],
        "models": [
            {
                "name": "alpha",
                "tenant": "research",
                "source": "Qwen/Qwen3-8B",
                "accelerator": "zhenwu-810e",
                "parallel": {"tensor": 4},
                "replicas": {"min": 2, "max": 4},
            },
            {"name": "beta", "tenant": "research", "source": "Qwen/Qwen3-0.6B", "accelerator": "zhenwu-810e"},
        ],
    }

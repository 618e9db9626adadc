"""Measures the gateway against its engine without it, and against LiteLLM's proxy, in one run: writes gateway.md.

    python -m benchmarks.gateway --litellm <environment>/bin/litellm

The load is vegeta's, at a constant rate (open loop). Engine and load run on one core, what is measured on the other,
all of it ahead of what else the machine does (SCHED_FIFO; needs root). Rounds alternate, so that what is left of that
meets all alike. What is added is the difference from the direct requests of the same round; each figure is the median
of its rounds. Requests per core are those served, divided by the CPU time that the measured processes used. All is on
loopback.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from aicc import progress, toolbox
from aicc.paths import REPO, cache_dir
from aicc.toolbox import golang
from tests.gateway.stack import KEYS, Engine, Gateway, Process, call, free_port, running, wait_for
from tests.support.helm import Helm

VEGETA = "v12.12.0"
RESULTS = Path(__file__).parent / "gateway.md"
ROUNDS, SECONDS = 5, 8
PRIORITY = 10
"""Of SCHED_FIFO: above everything of the ordinary scheduler."""
GATE = REPO / "images" / "gateway" / "gate"
PATIENCE = REPO / "images" / "gateway" / "patience" / "patience.c"
BODY = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": "hello"}]}).encode()
LITELLM_KEY = "sk-of-the-benchmark"


@dataclass
class Target:
    """What is measured: an address, a key, and the processes whose time counts."""

    name: str
    port: int
    key: str
    processes: tuple[Process, ...] = ()
    rounds: dict[int, list[dict[str, float]]] = field(default_factory=dict)

    def cpu_seconds(self) -> float:
        """CPU time of the processes and their children so far."""
        found = [child for one in self.processes for child in family(one)]
        return sum(sum(process.cpu_times()[:2]) for process in found)

    def memory_mb(self) -> float:
        """Resident memory of the processes and their children."""
        return sum(process.memory_info().rss for one in self.processes for process in family(one)) / 1e6

    def figure(self, rate: int, name: str) -> float:
        """The median of a figure's rounds."""
        return statistics.median(found[name] for found in self.rounds[rate])

    def added(self, rate: int, name: str, direct: Target) -> str:
        """What it adds to the direct requests of the same round: the median, and the least and most."""
        pairs = zip(self.rounds[rate], direct.rounds[rate], strict=True)
        found = sorted(own[name] - other[name] for own, other in pairs)
        return f"{statistics.median(found):.2f} ({found[0]:.2f} … {found[-1]:.2f})"


def family(process: Process) -> list[psutil.Process]:
    """A process and its children."""
    whole = psutil.Process(process.popen.pid)
    return [whole, *whole.children(recursive=True)]


def pin(process: Process, core: int) -> None:
    """Keep a process, with its threads and children, on one core."""
    for one in family(process):
        for thread in one.threads():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(thread.id, {core})


def go_first() -> None:
    """Let this process and all that it starts run before what else the machine does."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))


def vegeta(binary: Path, target: Target, rate: int, seconds: float) -> dict[str, float]:
    """Load the target at a rate, and return latencies in milliseconds and the share of successes."""
    asked = {
        "method": "POST",
        "url": f"http://127.0.0.1:{target.port}/v1/chat/completions",
        "body": base64.b64encode(BODY).decode(),
        "header": {"Content-Type": ["application/json"], "Authorization": [f"Bearer {target.key}"]},
    }
    before = target.cpu_seconds()
    attack = subprocess.run(
        ["taskset", "-c", "0", binary, "attack", "-format=json", f"-rate={rate}", f"-duration={seconds}s"],
        input=(json.dumps(asked) + "\n").encode(),
        capture_output=True,
        check=True,
    )
    used = target.cpu_seconds() - before
    text = subprocess.run([binary, "report", "-type=json"], input=attack.stdout, capture_output=True, check=True).stdout
    report = json.loads(text)
    served = report["requests"] * report["success"]
    return {
        "p50": report["latencies"]["50th"] / 1e6,
        "p99": report["latencies"]["99th"] / 1e6,
        "success": report["success"],
        "per_core": served / used if used else float("inf"),
        "memory": target.memory_mb(),
    }


@contextlib.contextmanager
def litellm(binary: Path, engine: Engine, folder: Path) -> Iterator[Target]:
    """LiteLLM's proxy before the same engine, one worker, without a database."""
    model = {"model": "openai/tiny", "api_base": f"http://127.0.0.1:{engine.port}/v1", "api_key": "none"}
    config = {
        "model_list": [{"model_name": "tiny", "litellm_params": model}],
        "general_settings": {"master_key": LITELLM_KEY},
        "litellm_settings": {"telemetry": False},
    }
    (folder / "litellm.json").write_text(json.dumps(config))
    port = free_port()
    os.environ |= {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    options = ["--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    process = Process.start([binary, "--config", folder / "litellm.json", *options], folder / "litellm.log")
    try:
        ready: Callable[[], bool] = lambda: call(port, "GET", "/health/liveliness").status == 200  # noqa: E731
        wait_for(ready, "LiteLLM answers", seconds=120)
        yield Target("LiteLLM proxy", port, LITELLM_KEY, (process,))
    finally:
        process.stop()


def measure(binary: Path, targets: list[Target], rate: int) -> None:
    """Alternate rounds at one rate."""
    for target in targets:
        vegeta(binary, target, rate, 2)
    for number in range(ROUNDS):
        for target in targets:
            target.rounds.setdefault(rate, []).append(vegeta(binary, target, rate, SECONDS))
            print(f"{rate}/s round {number + 1} {target.name}: {target.rounds[rate][-1]}", flush=True)


def page(targets: list[Target], versions: str, load: str) -> str:
    """The results."""
    day = datetime.datetime.now(datetime.UTC).date()
    lines = [
        "# The gateway, measured",
        "",
        f"Written by `python -m benchmarks.gateway` on {day}. {versions}",
        "Two cores: engine and load on one, what is measured on the other, all of it ahead of the machine's other work",
        f"(SCHED_FIFO). {ROUNDS} rounds of {SECONDS} s in turn. Load average before and after: {load}.",
        "Added: to the direct requests of the same round, median (least … most). The others are medians of the rounds.",
        "",
        "| rate | through | success | p50 ms | p99 ms | added p50 | added p99 | requests per core-second | MB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    direct = targets[0]
    for rate in sorted(direct.rounds):
        for target in targets:
            if rate not in target.rounds:
                continue
            p50, p99 = target.figure(rate, "p50"), target.figure(rate, "p99")
            row = [f"{rate}/s", target.name, f"{target.figure(rate, 'success'):.2%}", f"{p50:.2f}", f"{p99:.2f}"]
            if target is direct:
                row += ["—"] * 4
            else:
                row += [target.added(rate, "p50", direct), target.added(rate, "p99", direct)]
                row += [f"{target.figure(rate, 'per_core'):,.0f}", f"{target.figure(rate, 'memory'):,.0f}"]
            lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--litellm", type=Path, required=True, help="the litellm command of an environment of its own")
    given = parser.parse_args()
    before = os.getloadavg()
    go = golang.find(GATE, progress.reporter())
    binaries = cache_dir() / "benchmarks"
    environment = {**go.environment, "GOBIN": str(binaries), "GOFLAGS": "-buildvcs=false"}
    subprocess.run([go.command, "install", f"github.com/tsenart/vegeta/v12@{VEGETA}"], env=environment, check=True)
    helm = Helm(toolbox.ensure(["helm"], progress.reporter())["helm"])
    with tempfile.TemporaryDirectory() as made, contextlib.ExitStack() as stack:
        folder = Path(made)
        gate = folder / "gate"
        build = [go.command, "build", "-trimpath", "-ldflags", "-s -w", "-o", gate, "."]
        subprocess.run(build, cwd=GATE, env=go.environment, check=True)
        library = folder / "patience.so"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, PATIENCE], check=True)
        go_first()
        engine = Engine.start("tiny", folder)
        stack.callback(engine.process.stop)
        pin(engine.process, 0)
        tenants = {"cloud": {"priority": "interactive", "requestsPerMinute": 10**8, "tokensPerMinute": 10**10}}
        gateway = stack.enter_context(
            running(Gateway(folder, gate, helm, ("tiny",), tenants, preload=library), [engine])
        )
        other = stack.enter_context(litellm(given.litellm, engine, folder))
        assert gateway.gate is not None
        assert gateway.router is not None
        targets = [
            Target("nothing (direct)", engine.port, "none"),
            Target("gateway (gate and SMG)", gateway.port, KEYS["cloud"], (gateway.gate, gateway.router)),
            Target("SMG alone", gateway.router_port, "none", (gateway.router,)),
            other,
        ]
        for target in targets[1:]:
            for process in target.processes:
                pin(process, 1)
        measure(binaries / "vegeta", targets, 50)
        measure(binaries / "vegeta", targets[:3], 200)
    found = subprocess.run([given.litellm, "--version"], capture_output=True, text=True, check=False).stdout.split()
    versions = f"SMG 1.13.0, LiteLLM {found[-1] if found else 'unknown'}, vegeta {VEGETA}."
    load = f"{before[0]:.1f}, {os.getloadavg()[0]:.1f}"
    RESULTS.write_text(page(targets, versions, load), encoding="utf-8")
    sys.stdout.write(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

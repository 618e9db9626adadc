"""Measures whole commands, side by side with kwokctl, kubectl and the Pulumi CLI, and writes results.md.

Each figure is the median of its runs; every run starts from the state that its line names.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import yaml

from aicc.paths import REPO, cache_dir
from aicc.progress import reporter
from aicc.toolbox import ensure
from benchmarks.large_stack import large
from infra import versions

RESULTS = Path(__file__).parent / "results.md"
NODES = 1_000


@dataclass(frozen=True)
class Row:
    """The runs of one command."""

    what: str
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)

    def add(self, command: list[str], environment: dict[str, str]) -> None:
        """Run once, in a process whose children the kernel accounts for."""
        started = time.monotonic()
        pid = os.fork()
        if pid == 0:
            with Path(os.devnull).open("wb") as null:
                os.dup2(null.fileno(), 1)
                os.dup2(null.fileno(), 2)
            os.execvpe(command[0], command, environment)  # noqa: S606  a measured command, as a shell would run it
        _, status, usage = os.wait4(pid, 0)
        if status != 0:
            sys.exit(f"{self.what}: {' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
        self.wall.append(time.monotonic() - started)
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        self.peak_mb.append(usage.ru_maxrss / 1024)

    def __str__(self) -> str:
        figures = [statistics.median(values) for values in (self.wall, self.cpu, self.peak_mb)]
        spread = f"{min(self.wall):.1f}–{max(self.wall):.1f}"
        return f"| {self.what} | {len(self.wall)} | {figures[0]:.2f} | {spread} | {figures[1]:.2f} | {figures[2]:.0f} |"


class Bench:
    """One stack in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.environment = {
            **os.environ,
            "XDG_STATE_HOME": str(self.state),
            "PYTHONPATH": str(REPO),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        self.rows: list[Row] = []

    def stack(self, name: str, nodes: int, tenants: int, models: int) -> Path:
        """Write a stack file."""
        path = self.folder / f"Pulumi.{name}.yaml"
        path.write_text(yaml.safe_dump(large(nodes, tenants, models)), encoding="utf-8")
        return path

    def aicc(self, *arguments: str) -> list[str]:
        """A command line of aicc."""
        return [sys.executable, "-m", "aicc", *arguments]

    def measure(self, what: str, command: list[str], runs: int = 3, before: Callable[[], None] = lambda: None) -> None:
        """Run a command several times, each time after `before`."""
        row = Row(what)
        for _ in range(runs):
            before()
            row.add(command, self.environment)
        self.rows.append(row)
        print(row, flush=True)

    def quietly(self, *command: str) -> None:
        """Run something that is not measured."""
        subprocess.run(command, env=self.environment, check=True, capture_output=True)


def plans(bench: Bench) -> None:
    """`aicc plan`, small and large, with cold and warm chart renderings."""
    charts = cache_dir() / "charts"

    def cold() -> None:
        shutil.rmtree(charts, ignore_errors=True)

    bench.measure("plan, stack local", bench.aicc("plan", "--stack", "local"), runs=5)
    for path in sorted((REPO / "examples").glob("Pulumi.*.yaml")):
        bench.measure(f"plan, example {path.name[7:-5]}", bench.aicc("plan", "--stack", str(path)), runs=5)
    big = str(bench.stack("big", 2_000, 50, 200))
    bench.measure(
        "plan, 2,000 nodes, 50 tenants, 200 models, no rendering cached", bench.aicc("plan", "-s", big), 3, cold
    )
    bench.measure("the same, renderings cached", bench.aicc("plan", "-s", big))


def ups(bench: Bench) -> None:
    """`aicc up` with many nodes, from nothing and again; the same cluster and manifests with kwokctl and kubectl."""
    stack = str(bench.stack("thousand", NODES, 10, 10))
    up = bench.aicc("up", "--driver", "offline", "-s", stack)
    down = bench.aicc("down", "-s", stack)
    bench.measure(f"up, {NODES:,} nodes, from nothing to all Ready", up, 3, lambda: bench.quietly(*down))
    bench.measure("second up, no changes", up)
    bench.measure("status", bench.aicc("status", "-s", stack))
    kubeconfig = bench.state / "aicc" / "thousand" / "kubeconfig"
    nodes, rendered = _manifests(bench, stack, kubeconfig)
    bench.measure("down", down, 1)
    _by_hand(bench, nodes, rendered)


def _manifests(bench: Bench, stack: str, kubeconfig: Path) -> tuple[Path, Path]:
    """What `up` made, as files: its nodes, and everything that the program declares."""
    kubectl = str(ensure(["kubectl"], reporter())["kubectl"])
    listed = subprocess.run(
        [kubectl, "--kubeconfig", str(kubeconfig), "get", "nodes", "-o", "yaml"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    nodes = yaml.load(listed, Loader=yaml.CSafeLoader)["items"]
    for node in nodes:
        kept = ("name", "labels", "annotations")
        node["metadata"] = {key: node["metadata"][key] for key in kept if key in node["metadata"]}
        node["status"] = {key: node["status"][key] for key in ("allocatable", "capacity")}
    path = bench.folder / "nodes.yaml"
    path.write_text(yaml.dump_all(nodes, Dumper=yaml.CSafeDumper), encoding="utf-8")
    rendered = bench.folder / "rendered"
    bench.quietly(*bench.aicc("render", "-s", stack, "--out", str(rendered)))
    return path, rendered


def _by_hand(bench: Bench, nodes: Path, rendered: Path) -> None:
    """The same with the tools that a person would use."""
    tools = ensure(
        ["kwokctl", "kwok", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"],
        reporter(),
    )
    bench.environment |= {
        "KWOK_WORKDIR": str(bench.folder / "kwok"),
        "KWOK_KUBE_VERSION": f"v{versions.KUBERNETES}",
        "KUBECONFIG": str(bench.folder / "kwok.config"),
    }
    kubectl = [str(tools["kubectl"])]
    kwokctl = [str(tools["kwokctl"]), "--name", "byhand"]
    loopback = bench.folder / "kwokctl.yaml"
    options = {"bindAddress": "127.0.0.1"}
    about = {"apiVersion": "config.kwok.x-k8s.io/v1alpha1", "kind": "KwokctlConfiguration", "options": options}
    loopback.write_text(yaml.safe_dump(about), encoding="utf-8")
    create = [*kwokctl, "create", "cluster", "--config", str(loopback), "--runtime", "binary", "--wait", "120s"]
    create.append("--disable-qps-limits")
    for flag, name in (
        ("etcd", "etcd"),
        ("kube-apiserver", "kube-apiserver"),
        ("kube-controller-manager", "kube-controller-manager"),
        ("kube-scheduler", "kube-scheduler"),
        ("kwok-controller", "kwok"),
    ):
        create += [f"--{flag}-binary", str(tools[name])]

    def gone() -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            bench.quietly(*kwokctl, "delete", "cluster")

    try:
        bench.measure("kwokctl create cluster", create, 3, gone)
        apply = [*kubectl, "apply", "--server-side", "--force-conflicts"]
        bench.measure(f"kubectl apply of the same {NODES:,} nodes", [*apply, "-f", str(nodes)], 1)
        bench.measure("kubectl apply of the same manifests", [*apply, "-k", str(rendered)], 1)
        ready = [*kubectl, "wait", "--for=condition=Available", "deployments", "--all", "-A", "--timeout=120s"]
        bench.measure("kubectl wait for their Deployments", ready, 1)
        bench.measure("kubectl apply again, no changes", [*apply, "-k", str(rendered)], 3)
    finally:
        gone()


def drivers(bench: Bench) -> None:
    """The stack `local` through both drivers; the Pulumi CLI where it is present."""
    local = ["-s", "local"]
    down = lambda: bench.quietly(*bench.aicc("down", *local))  # noqa: E731  a step to be repeated

    def cluster_only() -> None:
        down()
        bench.quietly(*bench.aicc("up", "--cluster-only", *local))

    for driver in ["offline", *(["pulumi"] if shutil.which("pulumi") else [])]:
        up = bench.aicc("up", "--driver", driver, *local)
        bench.measure(f"up, stack local on a running cluster, driver {driver}", up, 3, cluster_only)
        bench.measure(f"second up, no changes, driver {driver}", up)
    if shutil.which("pulumi"):
        folder = bench.state / "aicc" / "local" / "pulumi"
        bench.environment |= {
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(folder / "passphrase"),
        }
        bench.measure("pulumi preview, no changes", ["pulumi", "preview", "--cwd", str(folder), "--stack", "local"])
    down()


@contextlib.contextmanager
def temporary() -> Iterator[Path]:
    """A folder that goes with the run."""
    with tempfile.TemporaryDirectory(prefix="aicc-benchmark-") as folder:
        yield Path(folder)


def main() -> None:
    """Measure everything and write the results."""
    with temporary() as folder:
        bench = Bench(folder)
        for group in (plans, ups, drivers):
            group(bench)
    memory = psutil.virtual_memory().total / 1024**3
    head = (
        "# Benchmark results\n\n"
        f"Written by `make benchmark` on {time.strftime('%Y-%m-%d')}: {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}. Medians; CPU and memory are\n"
        "the command's own with its children (a control plane that keeps running is not counted).\n\n"
        "| what | runs | wall s | min–max | CPU s | peak MB |\n| --- | ---: | ---: | ---: | ---: | ---: |\n"
    )
    RESULTS.write_text(head + "\n".join(map(str, bench.rows)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

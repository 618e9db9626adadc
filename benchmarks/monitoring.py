"""How large a centre one Prometheus holds: a real one, the shipped rules, and exporters of simulated nodes.

    python -m benchmarks.monitoring --nodes 1000 --minutes 6

Each node is a target of its own with 16 devices in DCGM's words; one more is the meter. Half of the nodes run two pods
of eight devices each. Then the rules' expressions are evaluated once more, one by one and with nothing else to do, for
the processor time of each: unlike the seconds of an evaluation, it does not depend on what else the machine does.
Prints figures as Markdown; benchmarks/monitoring.md has those that were measured.
"""

from __future__ import annotations

import argparse
import http.server
import json
import random
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import yaml

from aicc import progress, toolbox, vocabulary
from aicc.paths import REPO

CHART = REPO / "charts" / "monitoring"
DEVICES = 16
POOLS = 10
TENANTS = 20
SCRAPE_SECONDS, RULES_SECONDS = 30, 60
VARIANTS = 4
SLOWEST = 12


def sizes(nodes: int) -> vocabulary.Sizes:
    """A centre of accelerator nodes: two pods of eight devices on each, and the platform's ten."""
    return vocabulary.Sizes(
        pool=POOLS,
        node=nodes,
        core=0,
        device=nodes * DEVICES,
        pod=nodes * 2,
        pending_pod=1_000,
        job=nodes // 2,
        tenant=TENANTS,
        model=100,
        tenant_model=500,
        claim=1_000,
        target=nodes + 100,
    )


def holder(node: int, device: int) -> tuple[str, str] | None:
    """The namespace and pod that hold a device; the odd nodes are free."""
    return None if node % 2 else (f"tenant-{node % TENANTS}", f"pod-{node}-{device // 8}")


def exporter(node: int, variant: int) -> bytes:
    """What a node's exporter says."""
    chosen = random.Random(node * VARIANTS + variant)  # noqa: S311 - readings, not secrets
    lines = []
    for device in range(DEVICES):
        held = holder(node, device)
        labels = f'gpu="{device}",UUID="GPU-{node}-{device}",modelName="PPU-ZW810E"'
        labels += f',namespace="{held[0]}",pod="{held[1]}"' if held else ""
        busy = chosen.randint(40, 100) if held else 0
        readings = {
            "DCGM_FI_DEV_GPU_UTIL": busy,
            "DCGM_FI_DEV_POWER_USAGE": 57 + 3.43 * busy + chosen.random(),
            "DCGM_FI_DEV_GPU_TEMP": 35 + busy // 3,
            "DCGM_FI_DEV_FB_USED": busy * 900,
            "DCGM_FI_DEV_FB_FREE": 98_304 - busy * 900,
            "DCGM_FI_DEV_XID_ERRORS": 0,
            "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS": 0,
            "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": chosen.randint(10**9, 10**10),
        }
        lines += [f"{name}{{{labels}}} {value}" for name, value in readings.items()]
    return ("\n".join(lines) + "\n").encode()


def meter(nodes: int) -> bytes:
    """What the meter says of all nodes and pods."""
    lines = [
        "aicc_assumed_utilization_ratio 0.6",
        'aicc_pue_ratio{source="declared"} 1.2',
        'aicc_grid_gco2e_per_kwh{grid="g",method="static"} 500',
        'aicc_meter_watch_age_seconds{kind="nodes"} 1',
        *(f'aicc_tenant_info{{tenant="t{tenant}",kind="research"}} 1' for tenant in range(TENANTS)),
    ]
    rated = {"host_idle": 500, "host_peak": 1500, "accelerator_idle": 57, "accelerator_peak": 400}
    for pool in range(POOLS):
        lines += [f'aicc_pool_{name}_watts{{pool="p{pool}"}} {watts}' for name, watts in rated.items()]
        lines += [f'aicc_pool_embodied_gco2e_per_hour{{pool="p{pool}"}} 100', f'aicc_pool_nodes{{pool="p{pool}"}} 1']
        lines += [f'aicc_pool_price_per_hour{{pool="p{pool}",currency="CNY"}} 300']
    for node in range(nodes):
        where = f'node="n{node}",pool="p{node % POOLS}"'
        lines += [
            f'aicc_node_info{{{where},accelerator="zhenwu-810e",vendor="t-head",simulated="true"}} 1',
            f"aicc_node_ready{{{where}}} 1",
            f"aicc_node_accelerators{{{where}}} {DEVICES}",
            f"aicc_node_cpu_cores{{{where}}} 192",
        ]
        for first in (0, 8):
            if held := holder(node, first):
                pod = f'namespace="{held[0]}",pod="{held[1]}",node="n{node}"'
                tenant = f'tenant="t{node % TENANTS}",model="m{node % 100}",job=""'
                lines += [
                    f'aicc_pod_info{{{pod},pool="p{node % POOLS}",{tenant}}} 1',
                    f"aicc_pod_accelerators{{{pod}}} 8",
                    f"aicc_pod_cpu_cores{{{pod}}} 64",
                ]
    return ("\n".join(lines) + "\n").encode()


class Exporters(http.server.ThreadingHTTPServer):
    """All exporters in one server: a node is a path."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, nodes: int) -> None:
        self.pages = {f"/n{node}": [exporter(node, one) for one in range(VARIANTS)] for node in range(nodes)}
        self.pages["/meter"] = [meter(nodes)]
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(http.server.BaseHTTPRequestHandler):
    """One of a page's variants."""

    protocol_version = "HTTP/1.1"
    server: Exporters

    def do_GET(self) -> None:
        """Answer a scrape."""
        text = random.choice(self.server.pages[self.path])  # noqa: S311
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def configuration(nodes: int, port: int, own: int) -> dict[str, Any]:
    """Prometheus' configuration: a target for each node, the meter, itself."""
    here = f"127.0.0.1:{port}"
    path = [
        {"source_labels": ["path"], "target_label": "__metrics_path__"},
        {"regex": "path", "action": "labeldrop"},
    ]
    targets = [
        {"targets": [here], "labels": {"node": f"n{node}", "instance": f"n{node}", "path": f"/n{node}"}}
        for node in range(nodes)
    ]
    return {
        "global": {
            "scrape_interval": f"{SCRAPE_SECONDS}s",
            "scrape_timeout": f"{SCRAPE_SECONDS}s",
            "evaluation_interval": f"{RULES_SECONDS}s",
        },
        "rule_files": [str(CHART / folder / "*.yaml") for folder in ("rules", "alerts")],
        "scrape_configs": [
            {"job_name": "accelerators", "honor_labels": True, "static_configs": targets, "relabel_configs": path},
            {
                "job_name": "meter",
                "honor_labels": True,
                "metrics_path": "/meter",
                "static_configs": [{"targets": [here]}],
            },
            {"job_name": "prometheus", "static_configs": [{"targets": [f"127.0.0.1:{own}"]}]},
        ],
    }


def said(own: int, path: str, **query: str) -> Any:
    """What Prometheus' API answers."""
    address = f"http://127.0.0.1:{own}/api/v1/{path}?" + urllib.parse.urlencode(query)
    with urllib.request.urlopen(address, timeout=600) as answer:
        return json.load(answer)["data"]


def ask(own: int, query: str) -> list[tuple[dict[str, str], float]]:
    """The result of an instant query."""
    return [(one["metric"], float(one["value"][1])) for one in said(own, "query", query=query)["result"]]


def costs(own: int, process: psutil.Process, moment: float) -> dict[str, dict[str, float]]:
    """Processor seconds of each rule's expression, by group and rule, without storing its results."""
    found: dict[str, dict[str, float]] = {}
    for path in sorted((CHART / "rules").glob("*.yaml")) + sorted((CHART / "alerts").glob("*.yaml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            rules = found.setdefault(group["name"], {})
            for number, rule in enumerate(group["rules"]):
                before = process.cpu_times()
                said(own, "query", query=f"count({rule['expr']})", time=f"{moment}", timeout="10m")
                after = process.cpu_times()
                name = rule.get("record") or rule["alert"]
                rules[f"{name} {number}"] = after.user + after.system - before.user - before.system
    return found


def one(own: int, query: str) -> float:
    """The value of a query that has one; 0 where it has none."""
    return sum(value for _, value in ask(own, query))


def measure(nodes: int, minutes: float, own: int) -> None:
    """Run Prometheus for a while and print what it took."""
    binary = toolbox.ensure(["prometheus"], progress.reporter())["prometheus"]
    folder = Path(tempfile.mkdtemp(prefix="aicc-monitoring-"))
    exporters = Exporters(nodes)
    threading.Thread(target=exporters.serve_forever, daemon=True).start()
    file = folder / "prometheus.yaml"
    file.write_text(yaml.safe_dump(configuration(nodes, exporters.server_port, own)), encoding="utf-8")
    try:
        with running(binary, folder, own) as prometheus:
            process = psutil.Process(prometheus.pid)
            most = 0
            end = time.monotonic() + minutes * 60
            while time.monotonic() < end:
                time.sleep(2)
                if prometheus.poll() is not None:
                    raise SystemExit((folder / "log").read_text()[-2000:])
                most = max(most, process.memory_info().rss)
            report(nodes, own, process, most, folder)
            moment = time.time()
        file.write_text("{}", encoding="utf-8")
        with running(binary, folder, own) as prometheus:
            while not ready(own):
                time.sleep(1)
            report_costs(costs(own, psutil.Process(prometheus.pid), moment))
    finally:
        exporters.shutdown()
        exporters.server_close()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(binary: Path, folder: Path, own: int) -> Iterator[subprocess.Popen[bytes]]:
    """Prometheus, over what is in the folder."""
    flags = [f"--config.file={folder / 'prometheus.yaml'}", f"--storage.tsdb.path={folder / 'data'}"]
    flags += [f"--web.listen-address=127.0.0.1:{own}", "--query.timeout=10m"]
    with (folder / "log").open("a") as log, subprocess.Popen([binary, *flags], stdout=log, stderr=log) as prometheus:
        try:
            yield prometheus
        finally:
            prometheus.terminate()
            prometheus.wait(timeout=300)


def ready(own: int) -> bool:
    """Whether it answers: it reads its log again first."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{own}/-/ready", timeout=60) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def report(nodes: int, own: int, process: psutil.Process, most: int, folder: Path) -> None:
    """Print the figures."""
    bound = sum(vocabulary.cardinality(sizes(nodes), frozenset({"nvidia-and-ppu"})).values())
    used = process.cpu_times()
    written = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and "wal" in path.parts)
    print(f"| {nodes:,} nodes x {DEVICES} | |\n| --- | --- |")
    print(f"| series in memory; bound by the vocabulary | {one(own, 'prometheus_tsdb_head_series'):,.0f}; {bound:,} |")
    print(f"| samples/s | {one(own, 'rate(prometheus_tsdb_head_samples_appended_total[2m])'):,.0f} |")
    print(f"| resident memory, most | {most / 2**30:.2f} GiB |")
    print(f"| processor time | {(used.user + used.system) / (time.time() - process.create_time()):.2f} cores |")
    print(f"| write-ahead log | {written / 2**20:,.0f} MiB |")
    print(f"| targets up | {one(own, 'sum(up)'):,.0f} of {nodes + 2:,} |")
    print(f"| rule failures | {one(own, 'sum(prometheus_rule_evaluation_failures_total)'):.0f} |")
    missed = one(own, "sum(prometheus_rule_group_iterations_missed_total)")
    print(f"| evaluations missed | {missed:.0f} |")
    for labels, seconds in sorted(
        ask(own, "prometheus_rule_group_last_duration_seconds > 0.05"), key=lambda row: -row[1]
    ):
        print(f"| rules of {labels['rule_group'].rpartition(';')[2]} | {seconds:.2f} s |")
    gap = one(own, "abs(sum(aicc:tenant_power_watts) - sum(aicc:center_power_watts)) / sum(aicc:center_power_watts)")
    print(f"| tenants against centre | {gap:.1e} of {one(own, 'sum(aicc:center_power_watts)') / 1000:,.0f} kW |")


def report_costs(found: dict[str, dict[str, float]]) -> None:
    """Print the groups that take longest, and of all rules the longest."""
    print("| evaluated once, alone | processor time |\n| --- | --- |")
    for group, rules in sorted(found.items(), key=lambda item: -sum(item[1].values())):
        if sum(rules.values()) > 0.05:
            print(f"| all of {group} | {sum(rules.values()):.2f} s |")
    every = [(seconds, rule) for rules in found.values() for rule, seconds in rules.items()]
    for seconds, rule in sorted(every, reverse=True)[:SLOWEST]:
        print(f"| {rule.rpartition(' ')[0]} | {seconds:.2f} s |")


def main() -> None:
    """Print the bounds, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--port", type=int, default=39190)
    parser.add_argument("--bounds", action="store_true", help="only print the bounds of each source")
    asked = parser.parse_args()
    if asked.bounds:
        for source, series in vocabulary.cardinality(sizes(asked.nodes), frozenset({"nvidia-and-ppu"})).items():
            print(f"| {source} | {series:,} |")
        return
    measure(asked.nodes, asked.minutes, asked.port)


if __name__ == "__main__":
    main()

"""A real Prometheus that holds a synthetic centre: its raw series, and what the shipped rules record of them.

Rules are evaluated a level at a time, each over the whole time, since those of a level read what the levels below have
recorded; Prometheus is started anew in between, to see the new blocks.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from aicc import toolbox
from aicc.paths import CHARTS
from tests.dashboards.small_centre import SyntheticCentre
from tests.support.recorder import Recorder

RULES = CHARTS / "monitoring" / "rules"
STEP_SECONDS = 30
_AT_ONCE_SECONDS = 10
"""Rules see what is of their own instant only: blocks have no marks for what has ended."""
_LOOKBACK_SECONDS = 75
_READY_SECONDS = 60


@dataclass(frozen=True)
class Rule:
    """A recording rule, where it stands."""

    group: str
    record: str
    document: Mapping[str, Any]

    def reads(self, record: str) -> bool:
        """Whether its expression names a series."""
        return re.search(rf"(?<![\w:]){re.escape(record)}(?![\w:])", self.document["expr"]) is not None


def rules_of(files: Sequence[Path]) -> list[Rule]:
    """Every recording rule, in order."""
    groups = [group for path in files for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]
    return [
        Rule(group["name"], rule["record"], rule) for group in groups for rule in group["rules"] if "record" in rule
    ]


def levels(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Rules by level: each reads only what lower levels record. In a group, a rule sees those before it."""
    found: dict[int, int] = {}

    def level(index: int, above: tuple[int, ...] = ()) -> int:
        assert index not in above, f"rules read each other: {[rules[one].record for one in (*above, index)]}"
        if index not in found:
            own = rules[index]
            below = [
                at
                for at, other in enumerate(rules)
                if own.reads(other.record) and (at < index or other.group != own.group)
            ]
            found[index] = max((level(at, (*above, index)) for at in below), default=-1) + 1
        return found[index]

    for index in range(len(rules)):
        level(index)
    return [
        [rules[at] for at in sorted(found) if found[at] == one] for one in range(max(found.values(), default=-1) + 1)
    ]


@contextmanager
def recorded(centre: SyntheticCentre, folder: Path, rule_files: Sequence[Path] | None = None) -> Iterator[str]:
    """Serve the centre's series; the URL of its Prometheus."""
    files = sorted(RULES.glob("*.yaml")) if rule_files is None else rule_files
    data = folder / "data"
    load(data, (_line(name, labels, value, at) for at in _times(centre) for name, labels, value in centre.samples(at)))
    for level in levels(rules_of(files)):
        with prometheus(data, lookback_seconds=_AT_ONCE_SECONDS) as url:
            lines = [line for rule in level for line in _evaluated(rule, centre, url)]
        load(data, lines)
    with prometheus(data, lookback_seconds=_LOOKBACK_SECONDS) as url:
        yield url


def _evaluated(rule: Rule, centre: SyntheticCentre, url: str) -> Iterator[str]:
    """What Prometheus makes of a rule, at each time."""
    times = {"start": centre.start, "end": centre.end, "step": STEP_SECONDS}
    query = urlencode({"query": rule.document["expr"], **times})
    with urllib.request.urlopen(f"{url}/api/v1/query_range?{query}", timeout=120) as response:  # noqa: S310  loopback
        found = json.load(response)["data"]["result"]
    for series in found:
        labels = {**series["metric"], **rule.document.get("labels", {})}
        labels.pop("__name__", None)
        for at, value in series["values"]:
            yield _line(rule.record, labels, float(value), int(at))


def _times(centre: SyntheticCentre) -> range:
    return range(centre.start, centre.end + 1, STEP_SECONDS)


def _line(name: str, labels: Mapping[str, str], value: float, at: int) -> str:
    inside = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {value:.10g} {at}"


def _binary(name: str) -> Path:
    return toolbox.ensure([name], Recorder())[name]


def load(data: Path, lines: Iterable[str]) -> None:
    """Add samples to the database in `data`: lines of OpenMetrics, each with its time, all of a metric together."""
    data.mkdir(parents=True, exist_ok=True)
    text = data.parent / "samples.txt"
    with text.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.write("# EOF\n")
    blocks = data.parent / "blocks"
    blocks.mkdir()
    done = subprocess.run(
        [_binary("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet", text, blocks],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for block in blocks.iterdir():
        shutil.move(block, data / block.name)
    blocks.rmdir()
    text.unlink()


@contextmanager
def prometheus(data: Path, *, lookback_seconds: int = 300, retention: str = "100y") -> Iterator[str]:
    """Run one over the database in `data`, which scrapes nothing; its URL, on loopback."""
    data.mkdir(parents=True, exist_ok=True)
    configuration = data.parent / "prometheus.yaml"
    configuration.write_text("global: {scrape_interval: 30s}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command: list[str | Path] = [_binary("prometheus"), f"--config.file={configuration}", f"--storage.tsdb.path={data}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", f"--storage.tsdb.retention.time={retention}"]
    command += [f"--query.lookback-delta={lookback_seconds}s", "--storage.tsdb.max-block-duration=2h"]
    log = data.parent / "prometheus.log"
    with log.open("a") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait(process, f"http://127.0.0.1:{port}/-/ready", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310  loopback
                return
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)

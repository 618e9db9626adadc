"""A real Prometheus that scrapes nothing and takes samples of any time, so that no test waits for a clock."""

from __future__ import annotations

import re
import socket
import struct
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import urllib3
import yaml

from aicc import toolbox
from aicc.accounting.prometheus import HttpSource
from aicc.accounting.prometheus import Prometheus as Client
from tests.support.recorder import Recorder

_READY_SECONDS = 60
_SERIES_PER_WRITE = 200
_HOURS_PER_QUERY = 12


@dataclass(frozen=True)
class Series:
    """One series: its labels with `__name__`, and its samples in order of time."""

    labels: Mapping[str, str]
    samples: Sequence[tuple[float, float]]
    """Seconds since 1970, value."""


@contextmanager
def prometheus(folder: Path, *, lookback_seconds: int = 300, retention: str = "20000d") -> Iterator[str]:
    """Run one with an empty database in `folder`; its URL, on loopback."""
    configuration = folder / "prometheus.yaml"
    configuration.write_text(yaml.safe_dump({"storage": {"tsdb": {"out_of_order_time_window": "20000d"}}}))

    binary = toolbox.ensure(["prometheus"], Recorder())["prometheus"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command: list[str | Path] = [binary, f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", f"--storage.tsdb.retention.time={retention}"]
    command += [f"--query.lookback-delta={lookback_seconds}s", "--web.enable-remote-write-receiver"]
    log = folder / "prometheus.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait(process, f"http://127.0.0.1:{port}/-/ready", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def write(url: str, series: Iterable[Series]) -> None:
    """Add samples by Prometheus' remote-write protocol, version 1."""
    every = list(series)
    for index in range(0, len(every), _SERIES_PER_WRITE):
        body = _snappy(b"".join(_time_series(each) for each in every[index : index + _SERIES_PER_WRITE]))
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
        with urllib3.PoolManager() as pool:
            answer = pool.request("POST", f"{url}/api/v1/write", body=body, headers=headers)
        assert answer.status < 300, answer.data.decode()


def evaluate(url: str, files: Iterable[Path], start: int, end: int, step: int) -> None:
    """Record what recording rules give over samples that are there already, as if they had run then.

    Groups are taken in the order of their dependence, and their rules in order, as Prometheus does it.
    """
    client = Client(HttpSource(url))
    try:
        for rule in _in_order([group for path in files for group in yaml.safe_load(path.read_text())["groups"]]):
            for begin in range(start, end + 1, _HOURS_PER_QUERY * 3_600):
                until = min(end, begin + _HOURS_PER_QUERY * 3_600 - step)
                found = client.range(rule["expr"], begin, until, step)
                own = {"__name__": rule["record"], **(rule.get("labels") or {})}
                write(url, (Series({**points.labels, **own}, points.values) for points in found))
    finally:
        client.close()


def _in_order(groups: Sequence[Mapping]) -> Iterator[Mapping]:
    rules = {group["name"]: [rule for rule in group["rules"] if "record" in rule] for group in groups}
    made_by = {rule["record"]: name for name, of_group in rules.items() for rule in of_group}
    needs = {
        name: {made_by[word] for rule in of_group for word in re.findall(r"[\w:]+", rule["expr"]) if word in made_by}
        - {name}
        for name, of_group in rules.items()
    }
    done: set[str] = set()
    while ready := [name for name in rules if name not in done and needs[name] <= done]:
        for name in ready:
            yield from rules[name]
            done.add(name)
    assert set(rules) == done, f"groups that need each other: {sorted(set(rules) - done)}"


def _time_series(series: Series) -> bytes:
    """`WriteRequest.timeseries`, field 1: labels are field 1 of it, samples field 2."""
    body = bytearray()
    for name, value in sorted(series.labels.items()):
        label = _field(1, name.encode()) + _field(2, value.encode())
        body += _field(1, label)
    for moment, value in series.samples:
        sample = b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(round(moment * 1_000))
        body += b"\x12" + bytes([len(sample)]) + sample
    return _field(1, bytes(body))


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _snappy(content: bytes) -> bytes:
    """Snappy's block format, as one literal: nothing is made smaller."""
    return _varint(len(content)) + bytes([63 << 2]) + struct.pack("<I", len(content) - 1) + content


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    with urllib3.PoolManager(retries=False) as pool:
        while True:
            try:
                if pool.request("GET", url, timeout=5).status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                pass
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)

"""The gateway as the chart runs it, on loopback: engines, the router (SMG) and the gate, each a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import yaml

from aicc import paths
from tests.support.helm import Helm

KEYS = {"cloud": "key-of-cloud", "enterprise": "key-of-enterprise", "research": "key-of-research"}
TENANTS: dict[str, dict[str, Any]] = {
    "cloud": {"priority": "interactive"},
    "enterprise": {"priority": "default", "requestsPerMinute": 3},
    "research": {"priority": "bulk"},
}
DISCOVERY = (
    *("--enable-igw", "--service-discovery", "--service-discovery-port", "--model-id-from"),
    *("--selector", "--prefill-selector", "--decode-selector"),
)
"""What a router is told of Kubernetes; here it reads its workers from a file."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Process:
    """One program with its log; stopped whole."""

    popen: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(cls, command: Sequence[str | Path], log: Path, **environment: str) -> Process:
        started = {"cwd": paths.REPO, "env": {**os.environ, **environment}, "start_new_session": True}
        with log.open("wb") as out:
            return cls(subprocess.Popen(command, stdout=out, stderr=out, **started), log)  # type: ignore[call-overload]

    def stop(self, *, hard: bool = True) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL if hard else signal.SIGTERM)
        self.popen.wait(timeout=30)


@dataclass
class Engine:
    """A test engine."""

    model: str
    port: int
    process: Process
    host: str = "127.0.0.1"
    half: str = ""
    """prefill or decode of a split model; empty: it serves alone."""
    bootstrap_port: int = 0
    """Of a prefill half."""

    @classmethod
    def start(
        cls,
        model: str,
        folder: Path,
        port: int | None = None,
        half: str = "",
        *,
        host: str = "127.0.0.1",
        bootstrap_port: int | None = None,
    ) -> Engine:
        port, bootstrap_port = port or free_port(), (bootstrap_port or free_port()) if half == "prefill" else 0
        module = "tests.support.split_engine" if half else "tests.support.engine"
        halves = ["--half", half, "--bootstrap-port", str(bootstrap_port)] if half else []
        command = [sys.executable, "-m", module, "--port", str(port), "--model", model, "--host", host, *halves]
        process = Process.start(command, folder / f"engine-{host}-{port}.log")
        engine = cls(model, port, process, host=host, half=half, bootstrap_port=bootstrap_port)
        wait_for(lambda: engine.state() is not None, "the engine answers")
        return engine

    @property
    def worker(self) -> Mapping[str, Any]:
        """As the router's file of workers has it."""
        bootstrap = {"bootstrap_port": self.bootstrap_port} if self.bootstrap_port else {}
        return {
            "url": f"http://{self.host}:{self.port}",
            **({"worker_type": self.half} if self.half else {}),
            **bootstrap,
        }

    def state(self) -> Mapping[str, Any]:
        answer = call(self.port, "GET", "/state", host=self.host)
        found: Mapping[str, Any] = json.loads(answer.body)
        return found


@dataclass
class Answer:
    """An HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The error's code."""
        found: str = json.loads(self.body)["error"]["code"]
        return found

    def events(self) -> list[str]:
        """The data of each server-sent event."""
        return [line.removeprefix("data: ") for line in self.body.decode().split("\n") if line.startswith("data: ")]


def call(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    host: str = "127.0.0.1",
) -> Answer:
    connection = HTTPConnection(host, port, timeout=20)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response: HTTPResponse = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    finally:
        connection.close()


def wait_for(condition: Any, what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if condition():
                return
        time.sleep(0.05)
    raise TimeoutError(what)


def container_args(helm: Helm, values: Mapping[str, Any], group: str, name: str) -> list[str]:
    """A container's arguments as the chart renders them."""

    text = helm.template(
        paths.CHARTS / "inference-gateway",
        {"image": {"tag": "test"}, **values},
        release="gateway",
        namespace="aicc-gateway",
    )
    [deployment] = [body for body in yaml.safe_load_all(text) if body and body["kind"] == "Deployment"]
    [container] = [one for one in deployment["spec"]["template"]["spec"][group] if one["name"] == name]
    return [str(argument) for argument in container["args"]]


def with_options(args: Sequence[str], changed: Mapping[str, str]) -> list[str]:
    """`args` with some `--option=value` replaced; an option that was not there is added."""
    kept = [argument for argument in args if argument.partition("=")[0] not in changed]
    return [*kept, *(f"{option}={value}" for option, value in changed.items())]


def without(args: Sequence[str], options: Sequence[str]) -> list[str]:
    """`args` without some options and their values, which may be words of their own."""
    kept: list[str] = []
    dropping = False
    for argument in args:
        if argument.startswith("--"):
            dropping = argument.partition("=")[0] in options
        if not dropping:
            kept.append(argument)
    return kept


@dataclass
class Gateway:
    """Gate and routers over some engines."""

    folder: Path
    gate_binary: Path
    helm: Helm
    models: tuple[str, ...] = ("tiny", "asleep")
    tenants: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: TENANTS)
    values: Mapping[str, Any] = field(default_factory=dict)
    preload: Path | None = None
    """What the image preloads into the router (images/gateway/patience), built."""
    gate: Process | None = None
    router: Process | None = None
    split_router: Process | None = None
    """Of split models; None where there are none."""
    port: int = 0
    tls_port: int = 0
    admin_port: int = 0
    router_port: int = 0
    split_port: int = 0

    def start(self, engines: Sequence[Engine]) -> None:
        self.port, self.tls_port, self.admin_port, self.router_port, self.split_port = (free_port() for _ in range(5))
        self._write_config()
        self.set_keys({tenant: [{"key": key}] for tenant, key in KEYS.items()})
        self.set_engines(engines)
        self.router = self._start_router("router", self.router_port)
        if self.values.get("splitModels"):
            self.split_router = self._start_router("split-router", self.split_port)
        self.gate = self._start_gate()
        wait_for(lambda: call(self.admin_port, "GET", "/readyz").status == 200, "the gate is ready")
        for engine in engines:
            self.wait_for(engine)

    def wait_for(self, engine: Engine) -> None:
        wait_for(lambda: self._routed(engine), f"the router has found {engine.model} {engine.half}")

    def stop(self) -> None:
        for process in (self.gate, self.router, self.split_router):
            if process:
                process.stop()

    def _chart_values(self) -> dict[str, Any]:
        return {"models": list(self.models), "tenants": dict(self.tenants), "replicas": 1, **self.values}

    def _write_config(self) -> None:

        text = self.helm.template(
            paths.CHARTS / "inference-gateway",
            {"image": {"tag": "test"}, **self._chart_values()},
            release="gateway",
            namespace="aicc-gateway",
        )
        [config] = [body for body in yaml.safe_load_all(text) if body and body["kind"] == "ConfigMap"]
        for name, content in config["data"].items():
            (self.folder / name).write_text(content, encoding="utf-8")

    def set_keys(self, keys: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        folder = self.folder / "keys"
        folder.mkdir(exist_ok=True)
        for tenant, held in keys.items():
            (folder / f"{tenant}.json").write_text(json.dumps({"keys": list(held)}), encoding="utf-8")

    def set_engines(self, engines: Sequence[Engine]) -> None:
        for name in ("router", "split-router"):
            workers = [engine.worker for engine in engines if bool(engine.half) == (name == "split-router")]
            target = self.folder / f"{name}.json"
            target.with_suffix(".new").write_text(json.dumps({"version": 1, "workers": workers}), encoding="utf-8")
            target.with_suffix(".new").replace(target)

    def _start_router(self, name: str, port: int) -> Process:
        args = container_args(self.helm, self._chart_values(), "initContainers", name)
        changed = {
            "--port": str(port),
            "--prometheus-host": "127.0.0.1",
            "--prometheus-port": str(free_port()),
            "--priority-scheduler-config": str(self.folder / "priorities.yaml"),
            "--health-check-interval-secs": "1",
            "--discovery-provider": "file",
            "--discovery-file": str(self.folder / f"{name}.json"),
            "--discovery-check-interval-secs": "1",
        }
        command = [sys.executable, "-m", "smg.launch_router", *with_options(without(args, DISCOVERY), changed)]
        preload = {"LD_PRELOAD": str(self.preload)} if self.preload else {}
        return Process.start(command, self.folder / f"{name}.log", **preload)

    def _start_gate(self) -> Process:
        args = container_args(self.helm, self._chart_values(), "containers", "gate")
        changed = {
            "--listen": f"127.0.0.1:{self.port}",
            "--admin": f"127.0.0.1:{self.admin_port}",
            "--upstream": f"http://127.0.0.1:{self.router_port}",
            "--config": str(self.folder / "gate.json"),
            "--keys": str(self.folder / "keys"),
            "--drain": "1s",
        }
        if self.split_router:
            changed["--split-upstream"] = f"http://127.0.0.1:{self.split_port}"
        if "tls" in self.values:
            changed |= {"--listen-tls": f"127.0.0.1:{self.tls_port}", "--tls": str(self.folder / "tls")}
        return Process.start([self.gate_binary, *with_options(args, changed)], self.folder / "gate.log")

    def _routed(self, engine: Engine) -> bool:
        port = self.split_port if engine.half else self.router_port
        found = json.loads(call(port, "GET", "/workers").body)["workers"]
        return any(worker["url"] == engine.worker["url"] and worker["is_healthy"] for worker in found)

    def post(self, path: str, body: Any, tenant: str = "cloud", **headers: str) -> Answer:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        whose = {"Authorization": f"Bearer {KEYS[tenant]}"} if tenant else {}
        return call(self.port, "POST", path, text, {**whose, **headers})

    def chat(self, content: str, tenant: str = "cloud", model: str = "tiny", **options: Any) -> Answer:
        asked = {"model": model, "messages": [{"role": "user", "content": content}], **options}
        return self.post("/v1/chat/completions", asked, tenant)

    def has_metric(self, line: str) -> bool:
        return f"\n{line} " in call(self.admin_port, "GET", "/metrics").body.decode()

    def metric(self, line: str) -> float:
        """The value of one series of the gate's."""
        for found in call(self.admin_port, "GET", "/metrics").body.decode().splitlines():
            if found.startswith(line + " "):
                return float(found.rpartition(" ")[2])
        return 0.0


@contextlib.contextmanager
def running(gateway: Gateway, engines: Sequence[Engine]) -> Iterator[Gateway]:
    """The gateway, stopped afterwards whatever happens."""
    try:
        gateway.start(engines)
        yield gateway
    finally:
        gateway.stop()

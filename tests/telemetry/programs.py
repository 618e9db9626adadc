"""The real programs of telemetry on loopback: the store, the collector, the door, and an identity provider for it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from tests.gateway.stack import Process, free_port, wait_for

POLL_SECONDS = 30.0


@dataclass
class Store:
    """VictoriaLogs."""

    process: Process
    port: int

    @classmethod
    def start(cls, binary: Path, folder: Path, retention: str) -> Store:
        port = free_port()
        command: list[str | Path] = [
            binary,
            f"-httpListenAddr=127.0.0.1:{port}",
            f"-storageDataPath={folder / 'store'}",
            f"-retentionPeriod={retention}",
            "-retention.maxDiskUsagePercent=99",
        ]
        store = cls(Process.start(command, folder / "store.log"), port)
        wait_for(lambda: request(port, "GET", "/health")[0] == 200, "the store answers")
        return store

    def lines(self, account: int, query: str = "*") -> list[Mapping[str, Any]]:
        """What an account holds, as the store itself gives it."""
        headers = {"AccountID": str(account), "ProjectID": "0"}
        status, body = request(self.port, "GET", ask("/select/logsql/query", query), headers)
        assert status == 200, body
        return [json.loads(line) for line in body.splitlines()]

    def insert(self, account: int, text: str) -> None:
        """A line, past the collector."""
        headers = {"AccountID": str(account), "ProjectID": "0"}
        line = json.dumps({"_msg": text, "_time": datetime.now(UTC).isoformat()}).encode()
        assert request(self.port, "POST", "/insert/jsonline", headers, line)[0] == 200

    def texts(self, account: int) -> set[str]:
        return {str(line["_msg"]) for line in self.lines(account)}


def folder_of(parent: Path, name: str) -> Path:
    """A folder, made."""
    made = parent / name
    made.mkdir()
    return made


def ask(path: str, query: str) -> str:
    return f"{path}?{urlencode({'query': query, 'start': '2020-01-01T00:00:00Z'})}"


def request(
    port: int, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@dataclass
class Collector:
    """The OpenTelemetry collector with a configuration of the layer's, and what differs on this machine."""

    process: Process
    health: int

    @classmethod
    def start(cls, binary: Path, folder: Path, configuration: Mapping[str, Any], here: Mapping[str, Any]) -> Collector:
        health = free_port()
        metrics = {"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": free_port()}}}}
        own = {
            "extensions": {"health_check": {"endpoint": f"127.0.0.1:{health}"}},
            "service": {"telemetry": {"metrics": {"readers": [metrics]}}},
        }
        files = []
        for name, content in {"relay": configuration, "own": own, "here": here}.items():
            files.append(folder / f"{name}.yaml")
            files[-1].write_text(yaml.safe_dump(content), encoding="utf-8")
        os.environ.setdefault("MY_POD_IP", "127.0.0.1")
        os.environ.setdefault("OTEL_K8S_NODE_NAME", "node-1")
        command: list[str | Path] = [binary, *(f"--config={file}" for file in files)]
        collector = cls(Process.start(command, folder / "collector.log"), health)
        wait_for(lambda: request(health, "GET", "/")[0] == 200, "the collector runs", POLL_SECONDS)
        return collector

    def stop(self) -> None:
        """Told to stop, it hands over what it holds."""
        self.process.stop(hard=False)


@dataclass
class Pods:
    """Containers' files as the kubelet and containerd lay them out."""

    folder: Path

    def write(
        self, namespace: str, lines: Sequence[str], *, pod: str = "pod", container: str = "main", days_ago: float = 0
    ) -> None:
        folder = self.folder / f"{namespace}_{pod}_0f9b1a3c-0000-4000-8000-000000000000" / container
        folder.mkdir(parents=True, exist_ok=True)
        at = datetime.now(UTC) - timedelta(days=days_ago)
        with (folder / "0.log").open("a", encoding="utf-8") as file:
            for number, line in enumerate(lines):
                stamp = (at + timedelta(microseconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
                file.write(f"{stamp} stdout F {line}\n")


@dataclass
class Provider:
    """An identity provider: its keys, and tokens that it signs."""

    folder: Path
    server: ThreadingHTTPServer | None = None
    port: int = field(default_factory=free_port)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        key = self.folder / "key.pem"
        _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(key))
        modulus = _openssl("rsa", "-in", str(key), "-noout", "-modulus").decode().strip().partition("=")[2]
        jwk = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": _b64(bytes.fromhex(modulus)), "e": "AQAB"}
        pages = {
            "/.well-known/openid-configuration": {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"},
            "/keys": {"keys": [jwk]},
        }

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = json.dumps(pages[self.path]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self.server:
            self.server.shutdown()
            self.server.server_close()

    def token(self, groups: Sequence[str], *, audience: str = "aicc-logs", seconds: int = 600, **claims: Any) -> str:
        body = {
            "iss": self.issuer,
            "aud": audience,
            "exp": int(time.time()) + seconds,
            "roles": list(groups),
            **claims,
        }
        head = _b64(json.dumps({"alg": "RS256", "typ": "JWT", "kid": "1"}).encode())
        signed = f"{head}.{_b64(json.dumps(body).encode())}"
        signature = _openssl("dgst", "-sha256", "-sign", str(self.folder / "key.pem"), data=signed.encode())
        return f"{signed}.{_b64(signature)}"


def _openssl(*arguments: str, data: bytes | None = None) -> bytes:
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def _b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

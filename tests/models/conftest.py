"""llama-server as the image holds it, run as a process on loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from aicc.images import ensure
from aicc.progress import reporter

START_SECONDS = 60
Serve = Callable[..., "Server"]


class Server:
    """A running server."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> str:
        return b"".join(self._lines(urllib.request.Request(f"{self.address}{path}"))).decode()  # noqa: S310

    def post(self, path: str, body: Any) -> Any:
        return json.loads(b"".join(self.stream(path, body)))

    def stream(self, path: str, body: Any) -> Iterator[bytes]:
        """The answer's lines, as they come."""
        headers = {"Content-Type": "application/json"}
        address = f"{self.address}{path}"
        return self._lines(urllib.request.Request(address, json.dumps(body).encode(), headers))  # noqa: S310

    def _lines(self, request: urllib.request.Request) -> Iterator[bytes]:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            yield from response


@pytest.fixture(scope="session")
def llama_server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program out of the image."""
    if os.geteuid() != 0:
        pytest.skip("building images needs root")
    archive = ensure(["llama-server"], reporter())["llama-server"]
    folder = tmp_path_factory.mktemp("llama-server")
    with tarfile.open(archive) as image:
        manifest = image.extractfile("manifest.json")
        assert manifest is not None
        for name in json.load(manifest)[0]["Layers"]:
            layer = image.extractfile(name)
            assert layer is not None
            with tarfile.open(fileobj=layer) as files:
                files.extractall(folder, filter="data")
    return folder / "llama-server"


@pytest.fixture(scope="module")
def serve(llama_server: Path) -> Iterator[Serve]:
    with ExitStack() as running:
        yield lambda *arguments: running.enter_context(_running(llama_server, *arguments))


@contextmanager
def _running(program: Path, *arguments: str) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--host", "127.0.0.1", "--port", str(port), "--threads", "2", "--metrics", *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            server = Server(port)
            _wait(server, process)
            yield server
        finally:
            process.terminate()


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            server.get("/health")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    pytest.fail("llama-server did not become healthy")

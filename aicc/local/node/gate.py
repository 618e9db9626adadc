"""The way into the sandbox: an HTTP CONNECT proxy for the API server, and published Services on the machine's loopback.

The API server connects to kubelets (logs, exec, port-forward) and to pods and Services (its proxy) through its egress
selector, which speaks HTTP CONNECT over a Unix socket. What is published is a file, read again when it changes.

`python -m aicc.local.node.gate NETWORK_FD GATE_SOCKET PUBLICATIONS`, in the sandbox; NETWORK_FD is the machine's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aicc.local.node.relay import Accepted, End, enter_network

LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.2
_RESOLVED_SECONDS = 2.0
_HEAD_BYTES = 8192
_CONNECT_SECONDS = 10.0
_ATTEMPT_SECONDS, _AGAIN_SECONDS, _HELD_SECONDS = 1.0, 0.1, 5.0
"""How a published Service is dialled: an attempt's time, the pause after it, and all of them together."""


class Proxy(End):
    """A connection of the API server: `CONNECT host:port`, then bytes."""

    def __init__(self, tasks: set[asyncio.Task[None]]) -> None:
        super().__init__()
        self._tasks = tasks
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Read the head."""
        super().connection_made(transport)
        if self.transport is not None:
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Collect the head; what follows it belongs to the connection."""
        if self.other is not None:
            super().data_received(data)
            return
        self._head += data
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if self.transport is None or not (end or len(self._head) > _HEAD_BYTES):
            return
        self.transport.pause_reading()
        if rest:
            super().data_received(rest)
        task = asyncio.get_running_loop().create_task(self._connect(head))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, head: bytes) -> None:
        assert self.transport is not None  # noqa: S101  data came over it
        far = End()
        try:
            host, port = _target(head)
            async with asyncio.timeout(_CONNECT_SECONDS):
                await asyncio.get_running_loop().create_connection(lambda: far, host, port)
        except ValueError:
            self._refuse("400 Bad Request")
        except (OSError, TimeoutError):
            self._refuse("502 Bad Gateway")
        else:
            self.transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self.join(far)

    def _refuse(self, status: str) -> None:
        assert self.transport is not None  # noqa: S101  it asked
        self.transport.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        self.transport.close()


def _target(head: bytes) -> tuple[str, int]:
    """Return where a request wants to be connected; raises ValueError where it is not `CONNECT host:port`."""
    method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    host, _, port = target.rpartition(":")
    if method != "CONNECT":
        raise ValueError(method)
    return host.strip("[]"), int(port)


class Publications:
    """The Services that are published now, each on a port of the machine's loopback."""

    def __init__(self, path: Path, machine: int, sandbox: int, tasks: set[asyncio.Task[None]]) -> None:
        self._path = path
        self._machine = machine
        self._sandbox = sandbox
        self._tasks = tasks
        self._servers: dict[int, tuple[str, asyncio.Server]] = {}
        self._resolved: dict[str, tuple[float, str]] = {}

    async def follow(self) -> None:
        """Publish what the file says, from now on."""
        seen = None
        while True:
            now = _stamp(self._path)
            if now != seen:
                seen = now
                await self._converge(_read(self._path))
            await asyncio.sleep(_POLL_SECONDS)

    async def _converge(self, wanted: dict[int, str]) -> None:
        for port, (target, server) in list(self._servers.items()):
            if wanted.get(port) != target:
                server.close()
                del self._servers[port]
        for port, target in wanted.items():
            if port in self._servers:
                continue
            try:
                listener = self._listen(port)
            except OSError as error:
                print(f"cannot publish {target} on port {port}: {error}", file=sys.stderr, flush=True)
                continue
            self._servers[port] = (target, await self._serve(listener, target))

    def _listen(self, port: int) -> socket.socket:
        enter_network(self._machine)
        try:
            return socket.create_server((LOOPBACK, port), backlog=512)
        finally:
            enter_network(self._sandbox)

    async def _serve(self, listener: socket.socket, target: str) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        host, _, port = target.rpartition(":")

        async def dial(far: asyncio.Protocol) -> tuple[asyncio.BaseTransport, asyncio.BaseProtocol]:
            return await reach(far, lambda: self._address(host), int(port))

        return await loop.create_server(lambda: Accepted(dial, self._tasks), sock=listener)

    async def _address(self, host: str) -> str:
        """Look the Service up, as it may be made anew; remembered for a moment, as connections come in bursts."""
        until, address = self._resolved.get(host, (0.0, ""))
        if time.monotonic() > until:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, None, family=socket.AF_INET, type=socket.SOCK_STREAM
            )
            address = str(found[0][4][0])
            self._resolved[host] = (time.monotonic() + _RESOLVED_SECONDS, address)
        return address


async def reach(
    far: asyncio.Protocol, address: Callable[[], Awaitable[str]], port: int, seconds: float = _HELD_SECONDS
) -> tuple[asyncio.BaseTransport, asyncio.BaseProtocol]:
    """Connect `far` to a Service, dialling again where that fails; raises TimeoutError after `seconds`.

    Until its endpoints have followed, a Service also leads to pods that are gone, and some of those are silent. Nothing
    has been sent yet, so dialling again is safe, and mostly reaches another pod.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(OSError):
                async with asyncio.timeout(_ATTEMPT_SECONDS):
                    return await loop.create_connection(lambda: far, await address(), port)
            await asyncio.sleep(_AGAIN_SECONDS)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_ino


def _read(path: Path) -> dict[int, str]:
    """Return what is to be published: `host:port` by port of the machine."""
    with contextlib.suppress(FileNotFoundError):
        return {int(port): str(target) for target, port in json.loads(path.read_text()).items()}
    return {}


async def serve(machine: int, sandbox: int, gate: Path, publications: Path) -> None:
    """Serve both until killed."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()
    gate.unlink(missing_ok=True)
    server = await loop.create_unix_server(lambda: Proxy(tasks), str(gate))
    gate.chmod(0o600)
    async with server:
        await Publications(publications, machine, sandbox, tasks).follow()


def main(machine: int, gate: Path, publications: Path) -> None:
    """Start serving; the process is in the sandbox's network, but for the moment in which it opens a port."""
    sandbox = os.open("/proc/self/ns/net", os.O_RDONLY)
    asyncio.run(serve(machine, sandbox, gate, publications))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))

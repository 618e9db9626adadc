"""Relays, without namespaces: what goes in comes out, ends and failures included."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from aicc.local.node import api_relay
from aicc.local.node.gate import Proxy, reach
from aicc.local.node.relay import Accepted

PAYLOAD = os.urandom(8 << 20)


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer only when everything has been read: the end of file must pass, and the answer still come back."""
    writer.write(await reader.read(-1))
    await writer.drain()
    writer.close()


def _run(scenario: Callable[[int], Awaitable[None]]) -> None:
    """Run a scenario against an echo server, given its port."""

    async def run() -> None:
        async with await asyncio.start_server(_echo, "127.0.0.1", 0) as server:
            await asyncio.wait_for(scenario(server.sockets[0].getsockname()[1]), 30)
            await asyncio.sleep(0.1)  # for the ends to close: one that is left open is reported when the loop goes

    asyncio.run(run())


async def _relay(port: int) -> tuple[asyncio.Task[None], int]:
    listener = socket.create_server(("127.0.0.1", 0))
    return asyncio.create_task(api_relay.serve(listener, port)), listener.getsockname()[1]


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, payload: bytes) -> bytes:
    writer.write(payload)
    writer.write_eof()
    answer, _ = await asyncio.gather(reader.read(-1), writer.drain())
    writer.close()
    return answer


def test_bytes_and_the_end_of_file_pass_both_ways() -> None:
    async def scenario(port: int) -> None:
        relay, near = await _relay(port)
        assert await _exchange(*await asyncio.open_connection("127.0.0.1", near), PAYLOAD) == PAYLOAD
        relay.cancel()

    _run(scenario)


def test_a_far_end_that_nobody_listens_at_ends_the_connection() -> None:
    async def scenario(_: int) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            closed = taken.getsockname()[1]
        relay, near = await _relay(closed)
        reader, writer = await asyncio.open_connection("127.0.0.1", near)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read(-1) == b""
        writer.close()
        relay.cancel()

    _run(scenario)


def _proxied(
    tmp_path: Path, talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]
) -> None:
    async def scenario(port: int) -> None:
        tasks: set[asyncio.Task[None]] = set()
        path = str(tmp_path / "gate.sock")
        async with await asyncio.get_running_loop().create_unix_server(lambda: Proxy(tasks), path):
            await talk(*await asyncio.open_unix_connection(path), port)

    _run(scenario)


def test_the_gate_connects_where_it_is_asked_to(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        writer.write(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\nearly ".encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert await _exchange(reader, writer, PAYLOAD) == b"early " + PAYLOAD

    _proxied(tmp_path, talk)


def test_the_gate_says_that_nobody_listens(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            closed = taken.getsockname()[1]
        writer.write(f"CONNECT 127.0.0.1:{closed} HTTP/1.1\r\n\r\n".encode())
        assert (await reader.read(-1)).startswith(b"HTTP/1.1 502")
        writer.close()

    _proxied(tmp_path, talk)


def test_the_gate_refuses_what_is_no_request_of_an_api_server(tmp_path: Path) -> None:
    for request in (b"GET / HTTP/1.1\r\n\r\n", b"CONNECT nowhere HTTP/1.1\r\n\r\n", b"\x16\x03\x01" * 4000):

        async def talk(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int, request: bytes = request
        ) -> None:
            writer.write(request)
            assert (await reader.read(-1)).startswith(b"HTTP/1.1 400")
            writer.close()

        _proxied(tmp_path, talk)


def test_a_published_service_is_dialled_again_until_somebody_listens() -> None:
    """Its endpoints follow a pod's death only after a while; the client must not notice, and loses no byte."""

    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        dialled, tasks = asyncio.Event(), set[asyncio.Task[None]]()

        async def address() -> str:
            dialled.set()
            return "127.0.0.1"

        make = lambda: Accepted(lambda far: reach(far, address, port), tasks)  # noqa: E731
        async with await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0) as near:
            client = await asyncio.open_connection(*near.sockets[0].getsockname())
            exchange = asyncio.create_task(_exchange(*client, PAYLOAD))
            await dialled.wait()
            await asyncio.sleep(0.05)
            assert not exchange.done()
            async with await asyncio.start_server(_echo, "127.0.0.1", port):
                assert await exchange == PAYLOAD
                await asyncio.sleep(0.1)

    asyncio.run(asyncio.wait_for(run(), 30))


def test_a_published_service_with_nobody_behind_it_ends_the_connection() -> None:
    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            closed = taken.getsockname()[1]
        tasks = set[asyncio.Task[None]]()

        async def address() -> str:
            return "127.0.0.1"

        make = lambda: Accepted(lambda far: reach(far, address, closed, seconds=0.3), tasks)  # noqa: E731
        async with await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0) as near:
            reader, writer = await asyncio.open_connection(*near.sockets[0].getsockname())
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read(-1) == b""
            writer.close()
            await asyncio.sleep(0.1)

    asyncio.run(asyncio.wait_for(run(), 30))

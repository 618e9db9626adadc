"""The two halves of an engine that is split as SGLang splits it, on one test engine each.

    python -m tests.support.split_engine --half prefill --port 18000 --bootstrap-port 18998 --model tiny
    python -m tests.support.split_engine --half decode --port 18001 --model tiny

Both halves are sent the same request, with `bootstrap_host`, `bootstrap_port` and `bootstrap_room`. The decoding half
asks the prefill half for that room at that address, and each answers only when they have met: neither can serve alone.
No cache is handed over. `GET /state` is that of the test engine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.support.engine import Engine, serve

PATIENCE_SECONDS = 5.0


@dataclass
class Prefill(Engine):
    """Waits until somebody asks for the room of its request."""

    owner: str = "sglang"
    rooms: defaultdict[int, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))

    async def prepared(self, asked: dict[str, Any]) -> str:
        """Wait for the other half."""
        if "bootstrap_room" not in asked:
            return "a prefill server was asked without a bootstrap room"
        try:
            await asyncio.wait_for(self.rooms[asked["bootstrap_room"]].wait(), PATIENCE_SECONDS)
        except TimeoutError:
            return "no decode server came for the room"
        return ""

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Somebody asks for a room, a line; a look at the port alone asks for none."""
        line = await reader.readline()
        if line.strip():
            self.rooms[int(line)].set()
            writer.write(b"ok\n")
            await writer.drain()
        writer.close()


@dataclass
class Decode(Engine):
    """Asks for its request's room before it answers."""

    owner: str = "sglang"

    async def prepared(self, asked: dict[str, Any]) -> str:
        """Meet the other half at the address that the router gave."""
        if "bootstrap_room" not in asked:
            return "a decode server was asked without a bootstrap room"
        try:
            reader, writer = await asyncio.open_connection(asked["bootstrap_host"], asked["bootstrap_port"])
        except OSError:
            return "no prefill server is at the bootstrap address"
        with contextlib.closing(writer):
            writer.write(b"%d\n" % asked["bootstrap_room"])
            return "" if await reader.readline() == b"ok\n" else "the prefill server did not know the room"


async def _run(half: str, model: str, host: str, port: int, bootstrap_port: int) -> None:
    if half == "decode":
        await serve(Decode(model), host, port)
        return
    prefill = Prefill(model)
    async with await asyncio.start_server(prefill.meet, host, bootstrap_port):
        await serve(prefill, host, port)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=["prefill", "decode"], required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--bootstrap-port", type=int, default=0)
    parser.add_argument("--model", required=True)
    given = parser.parse_args()
    asyncio.run(_run(given.half, given.model, given.host, given.port, given.bootstrap_port))


if __name__ == "__main__":
    main()

"""Relaying TCP connections between the sandbox and the machine, whose networks share nothing.

A socket belongs to the network namespace that its process was in when it made it: a relay listens in one and connects
in the other, and no interface, route or address of the machine is needed. Standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
from collections.abc import Awaitable, Callable
from typing import cast

CLONE_NEWNET = 0x40000000
_CHUNK_BYTES = 256 * 1024

Dial = Callable[[asyncio.Protocol], Awaitable[tuple[asyncio.BaseTransport, asyncio.BaseProtocol]]]
"""Connects a protocol to a relay's far end."""


def enter_network(namespace: int) -> None:
    """Move this thread into the network namespace that the file descriptor refers to (Python 3.11 has no os.setns)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class End(asyncio.Protocol):
    """One end of a relayed connection; bytes go to `other` as fast as that takes them, and so does each end of file."""

    def __init__(self) -> None:
        self.other: End | None = None
        self.transport: asyncio.Transport | None = None
        self._early: list[bytes] = []
        self._ended = False

    def join(self, other: End) -> None:
        """Relay between this end and `other`, both connected."""
        self.other, other.other = other, self
        for end, far in ((self, other), (other, self)):
            if far.transport is not None and end.transport is not None:
                for data in end._early:
                    far.transport.write(data)
                end._early.clear()
                end.transport.resume_reading()
                if end._ended:
                    far.finish()
        self._close_if_done()

    def finish(self) -> None:
        """Nothing more will be sent to this end."""
        if self.transport is not None and self.transport.can_write_eof():
            with contextlib.suppress(OSError):
                self.transport.write_eof()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Nothing is read until there is another end to send it to."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Hand bytes on."""
        if self.other is None or self.other.transport is None:
            self._early.append(data)
        else:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        """Hand the end of file on; the other direction goes on."""
        self._ended = True
        if self.other is not None:
            self.other.finish()
            self._close_if_done()
        return True

    def _close_if_done(self) -> None:
        """Nobody will say anything more: close both, which sends what is still to be sent."""
        if self.other is not None and self._ended and self.other._ended:
            for end in (self, self.other):
                if end.transport is not None:
                    end.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end goes too: at once where this one broke, else when it has sent what it was given."""
        if self.other is None or self.other.transport is None:
            return
        if exc is None:
            self.other.transport.close()
        else:
            self.other.transport.abort()

    def pause_writing(self) -> None:
        """This end takes no more for now: read no more from the other."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """It takes more again."""
        if self.other is not None and self.other.transport is not None:
            with contextlib.suppress(RuntimeError):
                self.other.transport.resume_reading()


class Accepted(End):
    """An end that somebody connected to us: it is joined to what `dial` reaches."""

    def __init__(self, dial: Dial, tasks: set[asyncio.Task[None]]) -> None:
        super().__init__()
        self._dial = dial
        self._tasks = tasks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the far end."""
        super().connection_made(transport)
        task = asyncio.get_running_loop().create_task(self._connect())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> None:
        far = End()
        try:
            await self._dial(far)
        except OSError:
            if self.transport is not None:
                self.transport.abort()
            return
        if self.transport is None or self.transport.is_closing():
            if far.transport is not None:
                far.transport.abort()
            return
        self.join(far)

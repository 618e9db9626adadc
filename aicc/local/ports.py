"""Choosing ports on loopback, below the range that the kernel gives to outgoing connections."""

from __future__ import annotations

import json
import socket
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, fields
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aicc.errors import ClusterError
from aicc.local.configuration import LOOPBACK
from aicc.local.files import write_private

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Ports = TypeVar("Ports", bound="DataclassInstance")
"""A dataclass of ports."""

FIRST, LAST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports(seed: str) -> Iterator[int]:
    """Yield free ports, starting where `seed` points: a stack gets the same ones again where it can."""
    start = zlib.crc32(seed.encode()) % (LAST - FIRST)
    for offset in range(LAST - FIRST):
        port = FIRST + (start + offset) % (LAST - FIRST)
        if is_free(port):
            yield port
    raise ClusterError(
        f"no port between {FIRST} and {LAST} is free on {LOOPBACK}",
        hint="`ss -ltnp` shows what listens there; end some of it and run the command again",
    )


def read_ports(path: Path, kind: type[Ports]) -> Ports | None:
    """Return the ports that `choose_ports` took last; None where it did not, or the file is spoilt."""
    try:
        return kind(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def choose_ports(path: Path, kind: type[Ports]) -> Ports:
    """Take a free port for each field of `kind`, and remember them in a file."""
    ports = kind(*islice(free_ports(str(path.parent)), len(fields(kind))))
    write_private(path, json.dumps(asdict(ports)))
    return ports

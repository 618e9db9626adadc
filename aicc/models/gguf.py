"""Writing GGUF, the one file that llama.cpp reads a model from: settings, then tensors, in a fixed order.

It converts no number: a tensor's bytes are copied as they are. The format is llama.cpp's, version 3.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

ALIGNMENT = 32
_VERSION = 3
_F32 = 0
"""The one kind of tensor written here."""
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9

Value = bool | int | float | str | list[str] | list[int]


@dataclass(frozen=True)
class Tensor:
    """Numbers of 32 bits, little-endian, in a file."""

    shape: tuple[int, ...]
    """Outermost first."""
    file: Path
    offset: int
    size_bytes: int


def write(path: Path, settings: Mapping[str, Value], tensors: Mapping[str, Tensor]) -> None:
    """Write a model; the same arguments make the same bytes."""
    with path.open("wb") as out:
        out.write(struct.pack("<4sIQQ", b"GGUF", _VERSION, len(tensors), len(settings)))
        for key, value in settings.items():
            out.write(_string(key) + _value(value))
        offset = 0
        for name, tensor in tensors.items():
            # Innermost first, as ggml counts dimensions.
            shape = tensor.shape[::-1]
            out.write(_string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, _F32, offset))
            offset += tensor.size_bytes + -tensor.size_bytes % ALIGNMENT
        _pad(out)
        for tensor in tensors.values():
            _copy(tensor, out)
            _pad(out)


def _pad(out: BinaryIO) -> None:
    out.write(bytes(-out.tell() % ALIGNMENT))


def _copy(tensor: Tensor, out: BinaryIO) -> None:
    with tensor.file.open("rb") as file:
        file.seek(tensor.offset)
        held = file.read(tensor.size_bytes)
    if len(held) != tensor.size_bytes:
        raise ValueError(f"{tensor.file.name} ends within a tensor")
    out.write(held)


def _string(text: str) -> bytes:
    held = text.encode()
    return struct.pack("<Q", len(held)) + held


def _value(value: Value) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", _BOOL, value)
        case int():
            return struct.pack("<II", _UINT32, value)
        case float():
            return struct.pack("<If", _FLOAT32, value)
        case str():
            return struct.pack("<I", _STRING) + _string(value)
        case list():
            return struct.pack("<I", _ARRAY) + _array(value)


def _array(values: Sequence[str] | Sequence[int]) -> bytes:
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) == len(values):
        return struct.pack("<IQ", _STRING, len(texts)) + b"".join(map(_string, texts))
    return struct.pack(f"<IQ{len(values)}i", _INT32, len(values), *values)

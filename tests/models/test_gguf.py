"""What is written is the format, byte by byte; what is unknown is refused."""

import json
import struct
from pathlib import Path

import pytest

from aicc.models.bert import read_tensors
from aicc.models.gguf import ALIGNMENT, Tensor, write


def test_a_file_is_header_settings_tensors_and_aligned_numbers(tmp_path: Path) -> None:
    (tmp_path / "numbers").write_bytes(b"....ABCDEFGHabcd")
    tensors = {
        "x": Tensor((2, 1), tmp_path / "numbers", 4, 8),
        "y": Tensor((1,), tmp_path / "numbers", 12, 4),
    }
    write(tmp_path / "model", {"k": 7, "t": ["a"]}, tensors)
    held = (tmp_path / "model").read_bytes()
    head = struct.pack("<4sIQQ", b"GGUF", 3, 2, 2)
    head += struct.pack("<Q1sII", 1, b"k", 4, 7) + struct.pack("<Q1sIIQQ1s", 1, b"t", 9, 8, 1, 1, b"a")
    head += struct.pack("<Q1sIQQIQ", 1, b"x", 2, 1, 2, 0, 0) + struct.pack("<Q1sIQIQ", 1, b"y", 1, 1, 0, ALIGNMENT)
    assert held[: len(head)] == head
    numbers = held[len(head) + -len(head) % ALIGNMENT :]
    assert numbers == b"ABCDEFGH".ljust(ALIGNMENT, b"\0") + b"abcd".ljust(ALIGNMENT, b"\0")


def test_a_truncated_tensor_is_refused(tmp_path: Path) -> None:
    (tmp_path / "numbers").write_bytes(b"ABC")
    with pytest.raises(ValueError, match="ends within a tensor"):
        write(tmp_path / "model", {}, {"x": Tensor((1,), tmp_path / "numbers", 0, 4)})


def test_numbers_of_16_bits_are_refused(tmp_path: Path) -> None:
    header = json.dumps({"x": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    (tmp_path / "weights").write_bytes(struct.pack("<Q", len(header)) + header + b"\0\0")
    with pytest.raises(ValueError, match="tensor x is of F16, not F32"):
        read_tensors(tmp_path / "weights")

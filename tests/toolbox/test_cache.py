import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aicc.errors import PrerequisiteError
from aicc.toolbox import cache
from aicc.toolbox.cache import State
from aicc.toolbox.catalogue import Tool

from .conftest import script

Make = Callable[..., Tool]


def _store(tool: Tool, content: bytes = script("1.2.3")) -> Path:
    with cache.replacing(tool) as new:
        new.write_bytes(content)
    return cache.binary_path(tool)


def _beside(binary: Path) -> set[str]:
    return {path.name for path in binary.parent.iterdir()}


def test_what_is_stored_is_ready_private_and_alone(sample: Make) -> None:
    tool = sample()
    assert cache.state(tool) is State.ABSENT
    binary = _store(tool)
    assert cache.state(tool) is State.READY
    assert binary.stat().st_mode & 0o777 == 0o700
    assert _beside(binary) == {"sample", "sample.json"}


def test_a_changed_byte_is_noticed(sample: Make) -> None:
    tool = sample()
    binary = _store(tool)
    with binary.open("r+b") as file:
        file.seek(-2, os.SEEK_END)
        file.write(b"x")
    assert cache.state(tool) is State.CORRUPTED


def test_a_truncated_binary_is_noticed(sample: Make) -> None:
    tool = sample()
    binary = _store(tool)
    os.truncate(binary, 4)
    assert cache.state(tool) is State.CORRUPTED


def test_a_binary_that_was_only_touched_is_ready_and_recorded_anew(sample: Make) -> None:
    tool = sample()
    binary = _store(tool)
    record = binary.with_name("sample.json").read_text()
    os.utime(binary, (1, 1))
    assert cache.state(tool) is State.READY
    assert binary.with_name("sample.json").read_text() != record


def test_a_binary_without_a_record_is_adopted_if_it_is_the_pinned_version(sample: Make) -> None:
    tool = sample()
    binary = _store(tool)
    binary.with_name("sample.json").unlink()
    assert cache.state(tool) is State.READY
    binary.write_bytes(script("1.2.4"))
    binary.with_name("sample.json").unlink()
    assert cache.state(tool) is State.CORRUPTED


@pytest.mark.parametrize("record", ["", "{}", "[1]", '{"sha256": 1'])
def test_an_unreadable_record_counts_as_none(sample: Make, record: str) -> None:
    tool = sample()
    _store(tool).with_name("sample.json").write_text(record)
    assert cache.state(tool) is State.READY


def test_another_version_is_refused_and_what_was_there_stays(sample: Make) -> None:
    tool = sample()
    binary = _store(tool)
    with pytest.raises(PrerequisiteError, match=r"wanted version 1\.2\.3, and what was made says 9\.9\.9"):
        _store(tool, script("9.9.9"))
    assert cache.state(tool) is State.READY
    assert _beside(binary) == {"sample", "sample.json"}


def test_an_interrupted_write_leaves_what_was_there(sample: Make) -> None:
    tool = sample()
    binary = _store(tool)
    with pytest.raises(KeyboardInterrupt):
        _store_half(tool)
    assert cache.state(tool) is State.READY
    assert _beside(binary) == {"sample", "sample.json"}


def _store_half(tool: Tool) -> None:
    with cache.replacing(tool) as new:
        new.write_bytes(b"half")
        raise KeyboardInterrupt


def test_what_a_killed_run_left_is_cleared_by_the_next(sample: Make) -> None:
    tool = sample()
    left = cache.binary_path(tool).parent / ".new-killed"
    left.mkdir(parents=True)
    (left / "sample").write_bytes(b"half")
    binary = _store(tool)
    assert _beside(binary) == {"sample", "sample.json"}

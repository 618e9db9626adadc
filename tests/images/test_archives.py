"""An archive counts as built only while it is whole."""

import hashlib
import os
from pathlib import Path

import pytest

from aicc.images import archives


def _store(path: Path, content: bytes = b"an image") -> None:
    with archives.replacing(path) as new:
        new.write_bytes(content)


def test_what_is_stored_is_recorded_with_its_digest(tmp_path: Path) -> None:
    archive = tmp_path / "sample" / "1.tar"
    assert archives.record_of(archive) is None
    _store(archive)
    record = archives.record_of(archive)
    assert record is not None
    assert record.sha256 == hashlib.sha256(b"an image").hexdigest()


def test_an_archive_that_was_only_touched_is_whole(tmp_path: Path) -> None:
    archive = tmp_path / "1.tar"
    _store(archive)
    os.utime(archive, (1, 1))
    assert archives.record_of(archive) is not None


@pytest.mark.parametrize("harm", [lambda path: os.truncate(path, 3), lambda path: path.write_bytes(b"an imagf")])
def test_a_harmed_archive_is_not(tmp_path: Path, harm: object) -> None:
    archive = tmp_path / "1.tar"
    _store(archive)
    assert callable(harm)
    harm(archive)
    assert archives.record_of(archive) is None


def test_a_failed_build_leaves_neither_archive_nor_rest(tmp_path: Path) -> None:
    archive = tmp_path / "1.tar"

    def fail() -> None:
        with archives.replacing(archive) as new:
            new.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_build_left_is_written_over(tmp_path: Path) -> None:
    archive = tmp_path / "1.tar"
    (tmp_path / ".new-1.tar").write_bytes(b"half")
    _store(archive)
    assert archive.read_bytes() == b"an image"
    assert not (tmp_path / ".new-1.tar").exists()


def test_what_an_image_was_long_ago_goes_and_what_it_was_lately_stays(tmp_path: Path) -> None:
    old, late, now = (tmp_path / f"{number}.tar" for number in (1, 2, 3))
    for archive in (old, late):
        _store(archive)
    os.utime(old, (1, 1))
    _store(now)
    assert {path.name for path in tmp_path.iterdir()} == {"2.tar", "2.json", "3.tar", "3.json"}

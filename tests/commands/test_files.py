from pathlib import Path

import pytest

from aicc import files


def test_a_file_is_replaced_in_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "statement.csv"
    files.write_whole(path, "old")
    files.write_whole(path, "new")
    assert path.read_text() == "new"
    assert [item.name for item in path.parent.iterdir()] == ["statement.csv"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "statement.csv"
    files.write_whole(path, "old")

    def full(_descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        files.write_whole(path, "new")
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["statement.csv"]

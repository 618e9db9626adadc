"""What a killed engine leaves of a local stack's state, mended before the next one reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aicc.drivers.pulumi import mend

NOW, BEFORE = '{"version": 3, "now": true}', '{"version": 3}'


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A sound checkpoint with the one before it, each with its attributes."""
    path = tmp_path / "stack.json"
    for file, text in ((path, NOW), (tmp_path / "stack.json.bak", BEFORE)):
        file.write_text(text, encoding="utf-8")
        file.with_name(f"{file.name}.attrs").write_text('{"user.content_type": "text/plain"}', encoding="utf-8")
    return path


def test_a_sound_checkpoint_stays_as_it_is(checkpoint: Path) -> None:
    before = {file.name: file.read_text(encoding="utf-8") for file in checkpoint.parent.iterdir()}
    mend(checkpoint)
    assert {file.name: file.read_text(encoding="utf-8") for file in checkpoint.parent.iterdir()} == before


@pytest.mark.parametrize("half", ["", NOW[:9]])
def test_the_one_before_takes_the_place_of_half_a_checkpoint(checkpoint: Path, half: str) -> None:
    checkpoint.write_text(half, encoding="utf-8")
    mend(checkpoint)
    assert checkpoint.read_text(encoding="utf-8") == BEFORE


def test_half_a_checkpoint_with_none_before_is_none(checkpoint: Path) -> None:
    checkpoint.write_text("", encoding="utf-8")
    checkpoint.with_name("stack.json.bak").unlink()
    mend(checkpoint)
    assert not checkpoint.exists()


@pytest.mark.parametrize("name", ["stack.json.attrs", "stack.json.bak.attrs"])
def test_unreadable_attributes_do_not_hide_a_sound_checkpoint(checkpoint: Path, name: str) -> None:
    (checkpoint.parent / name).write_text("", encoding="utf-8")
    mend(checkpoint)
    assert checkpoint.read_text(encoding="utf-8") == NOW
    assert not (checkpoint.parent / name).exists()


def test_a_stack_that_was_never_brought_up_needs_nothing(tmp_path: Path) -> None:
    mend(tmp_path / "none" / "stack.json")
    assert not (tmp_path / "none").exists()

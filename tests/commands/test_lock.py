from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from aicc.errors import LockedError
from aicc.lock import owned
from aicc.paths import REPO
from aicc.progress import PlainReporter

HOLDER = """
import sys
from aicc.lock import owned
from aicc.progress import reporter
with owned("local", "up --stack local", reporter()):
    print("held", flush=True)
    sys.stdin.read()
"""


class Notes:
    """A reporter whose lines can be read."""

    def __init__(self) -> None:
        self._file = io.StringIO()
        self.reporter = PlainReporter(Console(file=self._file, width=200))

    @property
    def text(self) -> str:
        return self._file.getvalue()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stack's state folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "aicc" / "local"


@pytest.fixture
def holder(state: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns the stack."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_run_is_refused_and_told_who_has_the_stack(holder: subprocess.Popen[str], notes: Notes) -> None:
    with pytest.raises(LockedError) as refusal, owned("local", "down", notes.reporter):
        pass
    message = refusal.value.message
    assert "stack local is in use by `aicc up --stack local`" in message
    assert f"process {holder.pid}" in message
    assert refusal.value.hint
    assert refusal.value.exit_code == 5


def test_a_refused_run_leaves_the_owner_s_note_alone(holder: subprocess.Popen[str], state: Path, notes: Notes) -> None:
    with pytest.raises(LockedError), owned("local", "down", notes.reporter):
        pass
    assert json.loads((state / "owner.json").read_text(encoding="utf-8"))["pid"] == holder.pid


def test_another_stack_is_free(holder: subprocess.Popen[str], notes: Notes) -> None:
    with owned("other", "up", notes.reporter):
        pass


def test_a_killed_run_leaves_the_stack_free_and_the_next_one_says_so(
    holder: subprocess.Popen[str], state: Path, notes: Notes
) -> None:
    holder.kill()
    holder.wait()
    with owned("local", "up", notes.reporter):
        assert f"process {holder.pid}" in notes.text
        assert "did not end by itself; going on from where it stopped" in notes.text
    assert not (state / "owner.json").exists()


def test_a_run_that_ends_by_itself_leaves_no_note(state: Path, notes: Notes) -> None:
    for _ in range(2):
        with owned("local", "up", notes.reporter):
            assert json.loads((state / "owner.json").read_text(encoding="utf-8"))["pid"] == os.getpid()
        assert not (state / "owner.json").exists()
    assert notes.text == ""


@pytest.mark.parametrize("raised", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_run_that_fails_gives_the_stack_back(state: Path, notes: Notes, raised: type[BaseException]) -> None:
    with pytest.raises(raised), owned("local", "up", notes.reporter):
        raise raised
    assert not (state / "owner.json").exists()
    with owned("local", "up", notes.reporter):
        pass


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", b"[]", b"{}", b'{"pid": 1}'])
def test_a_damaged_note_stops_nobody(state: Path, notes: Notes, damage: bytes) -> None:
    state.mkdir(parents=True)
    (state / "owner.json").write_bytes(damage)
    with owned("local", "up", notes.reporter):
        pass


def test_everything_that_is_kept_is_the_user_s_alone(state: Path, notes: Notes) -> None:
    with owned("local", "up", notes.reporter):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in state.iterdir()}
    assert modes == {"lock": 0o600, "owner.json": 0o600}
    assert stat.S_IMODE(state.stat().st_mode) == 0o700

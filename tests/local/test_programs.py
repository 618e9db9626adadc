"""Programs of a stack: started once, found again, started anew when they should run otherwise, and ended."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aicc.errors import ClusterError
from aicc.local.programs import Program, Programs, tail

SLEEP = Path(shutil.which("sleep") or "sleep")


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    found = Programs(tmp_path, ("one", "other"), {"http.server": "other"})
    yield found
    found.kill(found.names)
    assert found.running() == {}


def pids(programs: Programs) -> dict[str, int]:
    """Once what launches them has become them."""
    programs.wait(lambda: [name for name in ("one",) if name not in programs.running()], 10, lambda _: None)
    return {name: process.pid for name, process in programs.running().items()}


def test_what_runs_as_it_should_is_left_alone(programs: Programs) -> None:
    wanted = [Program("one", SLEEP, ("60",))]
    programs.converge(wanted)
    before = pids(programs)
    programs.converge(wanted)
    assert pids(programs) == before
    assert [(item.name, item.pid) for item in programs.status()] == [("one", before["one"]), ("other", None)]


def test_other_arguments_or_another_file_ask_for_a_new_start(programs: Programs, tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("a")
    programs.converge([Program("one", SLEEP, ("60",), reads=(file,))])
    first = pids(programs)["one"]
    programs.converge([Program("one", SLEEP, ("61",), reads=(file,))])
    second = pids(programs)["one"]
    assert second != first
    file.write_text("b")
    programs.converge([Program("one", SLEEP, ("61",), reads=(file,))])
    assert pids(programs)["one"] != second


def test_a_module_is_told_by_a_path_of_the_stack(programs: Programs, tmp_path: Path) -> None:
    there = ("--bind", "127.0.0.1", "--directory", str(tmp_path), "0")
    programs.converge([Program("other", Path(sys.executable), there, module="http.server")])
    stranger = Programs(tmp_path / "elsewhere", ("other",), {"http.server": "other"})
    programs.wait(lambda: [] if "other" in programs.running() else ["other"], 10, lambda _: None)
    assert stranger.running() == {}


def test_one_that_ends_is_told_with_the_end_of_its_log(programs: Programs) -> None:
    programs.converge([Program("one", Path("/bin/sh"), ("-c", "echo it cannot be; exit 1"))])
    with pytest.raises(ClusterError, match="one ended while starting; its log ends:\nit cannot be"):
        programs.wait(lambda: ["one"], 30, lambda _: None)


def test_a_log_is_shown_from_its_end_and_not_too_wide(tmp_path: Path) -> None:
    log = tmp_path / "some.log"
    assert tail(log) == "(there is no log)"
    log.write_text("\n".join(f"line {number} {'x' * 1_000}" for number in range(20)))
    lines = tail(log).splitlines()
    assert len(lines) == 8
    assert lines[-1].startswith("line 19 ")
    assert max(map(len, lines)) == 400

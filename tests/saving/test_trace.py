"""Recorded rates of requests: what is read, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aicc.saving.trace import TraceError, read
from aicc.saving.week import STEPS

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
MODELS = ("chat", "embed")
HEAD = "time,chat,embed"


def rows(hours: int = 168, step_minutes: int = 60) -> list[str]:
    moments = (MONDAY + timedelta(minutes=step_minutes * step) for step in range(hours * 60 // step_minutes))
    return [f"{moment:%Y-%m-%dT%H:%M:%SZ},0.5,0" for moment in moments]


def written(folder: Path, lines: list[str], head: str = HEAD) -> Path:
    path = folder / "requests.csv"
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("step_minutes", [1, 5, 60])
def test_rates_become_requests(tmp_path: Path, step_minutes: int) -> None:
    found = read(written(tmp_path, rows(step_minutes=step_minutes)), MODELS, seed=1)
    assert found.week.start == MONDAY
    assert found.source.startswith("requests.csv, 2026-11-23 to 2026-11-29")
    assert sum(found.counts["embed"]) == 0
    expected = 0.5 * 604_800
    assert abs(sum(found.counts["chat"]) - expected) < 6 * expected**0.5
    assert len(found.counts["chat"]) == STEPS


def test_a_longer_trace_is_read_for_its_first_week(tmp_path: Path) -> None:
    week = read(written(tmp_path, rows()), MODELS, seed=1)
    assert read(written(tmp_path, rows(hours=200)), MODELS, seed=1) == week


def test_an_offset_is_heeded_and_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    lines = [f"0,{line.split(',')[0].removesuffix('Z')}+08:00,0.5" for line in rows()]
    found = read(written(tmp_path, lines, "embed,time,chat"), MODELS, seed=1)
    assert found.week.start == MONDAY - timedelta(hours=8)


def changed(index: int, line: str | None) -> list[str]:
    lines = rows()
    lines[index : index + 1] = [] if line is None else [line]
    return lines


@pytest.mark.parametrize(
    ("lines", "head", "problem"),
    [
        ([], HEAD, "has 0 rows of rates"),
        (rows(hours=1), HEAD, "has 1 rows of rates"),
        (rows(hours=167), HEAD, "covers 6 days, 23:00:00"),
        (rows(), "time,chat,emebd", "column 'emebd' is no model"),
        (rows(), "time,chat,chat", "has column 'chat' twice"),
        ([], "time,chat", "has no column 'embed'"),
        ([], "chat,embed", "has no column 'time'"),
        (changed(3, "2026-11-23T03:00:00Z,-1,0"), HEAD, r":5: chat is -1"),
        (changed(3, "2026-11-23T03:00:00Z,nan,0"), HEAD, r":5: chat is nan"),
        (changed(3, "2026-11-23T03:00:00Z,0,inf"), HEAD, r":5: embed is inf"),
        (changed(3, "2026-11-23T03:00:00Z,1e9,0"), HEAD, r":5: chat is 1e9"),
        (changed(3, "2026-11-23T03:00:00Z,many,0"), HEAD, r":5: chat is 'many', which is no rate"),
        (changed(3, "2026-11-23T03:00:00Z,1"), HEAD, r":5: embed is None, which is no rate"),
        (changed(3, "tomorrow,1,0"), HEAD, r":5: 'tomorrow' is no time"),
        (changed(3, ",1,0"), HEAD, r":5: '' is no time"),
        (changed(3, None), HEAD, r":5: .* is 2:00:00 after the row before it, and the others are 1:00:00 apart"),
        (changed(3, "2026-11-23T02:00:00Z,1,0"), HEAD, r":5: .* is not after the row before it"),
        (changed(3, "2026-11-22T03:00:00Z,1,0"), HEAD, r":5: .* is not after the row before it"),
        (changed(1, "2026-11-23T00:07:00Z,1,0"), HEAD, r":3: rows are 0:07:00 apart"),
    ],
)
def test_anything_else_is_one_clear_error(tmp_path: Path, lines: list[str], head: str, problem: str) -> None:
    with pytest.raises(TraceError, match=problem) as caught:
        read(written(tmp_path, lines, head), MODELS, seed=1)
    assert caught.value.message.startswith(str(tmp_path / "requests.csv"))
    assert caught.value.hint


def test_a_file_that_is_empty_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty.csv", tmp_path / "binary.csv"
    empty.write_text("")
    binary.write_bytes(b"\xff\xfe\x00time")
    for path, problem in ((empty, "is empty"), (binary, "cannot be read"), (tmp_path / "none.csv", "cannot be read")):
        with pytest.raises(TraceError, match=problem):
            read(path, MODELS, seed=1)

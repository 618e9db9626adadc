"""`aicc saving` as people and their scripts see it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from aicc.cli import app
from aicc.commands import saving as command
from aicc.saving.compare import Assumed, Comparison
from aicc.stacks import Stack, stack
from tests.saving.centres import model, plan

STACK = Stack("small", Path("Pulumi.small.yaml"), plan(2, [model(replicas={"min": 1, "max": 2})], lab=8))


@pytest.fixture(scope="module")
def found() -> Comparison:
    return command.saving(STACK, None, 1, 24, Assumed())


def test_every_way_has_a_row_in_both_tables_and_a_line_that_turns_it_on(found: Comparison) -> None:
    console = Console(file=StringIO(), width=140, highlight=False)
    command.show(STACK, found, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for way in found.ways:
        assert text.count(way.name) >= 5
        assert all(line in text for line in way.config)
    for part in ("What it delays", "Presumed: ", "Unknown, and in no figure: price of", "Not simulated: "):
        assert part in text
    assert "nan" not in text
    assert max(map(len, text.splitlines()[:20])) <= 140


def test_programs_get_the_same_figures_as_json(found: Comparison) -> None:
    document = json.loads(json.dumps(command.as_json(STACK, found), allow_nan=False))
    assert (document["stack"], document["seed"]) == ("small", 1)
    rows = document["tables"][0]["rows"]
    assert [row["name"] for row in rows] == [row.name for row in found.tables[0].rows]
    as_is, idleness = rows[0], rows[1]
    assert (as_is["status"], as_is["kwhSaved"]) == (None, 0)
    assert idleness["kwhSaved"] == pytest.approx(as_is["kwh"] - idleness["kwh"], abs=0.002)
    assert idleness["delays"]["requests"]["held"]["count"] == found.tables[0].rows[1].delays.held.count


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--slack", "nan"), "'--slack': Input should be"),
        (("--slack", "-1"), "greater than or equal to 0"),
        (("--request-seconds", "0"), "greater than or equal to 0.001"),
        (("--time-zone", "Shanghai"), "'Shanghai' is no name of the IANA time zone database"),
        (("--cold-start", "inf"), "less than or equal to 86400"),
    ],
)
def test_a_wrong_option_is_refused(arguments: tuple[str, ...], problem: str) -> None:
    done = CliRunner().invoke(app, ["saving", *arguments], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    assert done.exit_code == 2
    assert problem in done.output


def test_a_file_that_is_no_trace_ends_the_command_with_one_error(tmp_path: Path) -> None:
    path = tmp_path / "requests.csv"
    path.write_text("time,qwen\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["saving", "--requests", str(path)], env={"COLUMNS": "300"})
    assert done.exit_code == 1
    assert "column 'qwen' is no model" in done.output


def test_a_row_s_number_is_shown_as_it_is(tmp_path: Path) -> None:
    path, names = tmp_path / "requests.csv", [model.name for model in stack("local").plan.models]
    good = [f"2026-11-23T{step // 12:02}:{step % 12 * 5:02}:00Z" + ",1" * len(names) for step in range(98)]
    path.write_text("\n".join([",".join(["time", *names]), *good, "later" + ",1" * len(names)]), encoding="utf-8")
    done = CliRunner().invoke(app, ["saving", "--requests", str(path)], env={"COLUMNS": "300"})
    assert "requests.csv:100: 'later' is no time" in done.output

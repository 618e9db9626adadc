from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aicc.cli import app
from aicc.errors import UnreconciledError
from tests.accounting.recordings import centre
from tests.accounting.test_collect import series_of
from tests.support.prometheus import prometheus, write

HOURS = 30
MONTH = "2026-10"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus(tmp_path_factory.mktemp("report")) as url:
        write(url, (replace(each, samples=_in_october(each.samples)) for each in series_of(centre(HOURS))))
        yield url


def _in_october(samples: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Whatever the clock says, October 2026 is over wherever these tests run."""
    return [(moment - 31 * 86_400, value) for moment, value in samples]


def aicc(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["report", *map(str, arguments)])
    return done.exit_code, done.output


def test_a_tenants_month_is_printed_and_written(url: str, tmp_path: Path) -> None:
    code, said = aicc("--tenant", "blue", "--month", MONTH, "--prometheus", url, "--out", tmp_path)
    assert code == 0, said
    assert "714 of 744 hours have no record" in said
    assert re.search(r"│ chat +│ +≥ 10\.80 │", said)
    assert "Tenant blue (research)" in said
    assert "Tenant green" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"local-{MONTH}-blue.csv",
        f"local-{MONTH}-blue.html",
    ]


def test_everyone_is_one_statement_in_the_formats_that_are_asked_for(url: str, tmp_path: Path) -> None:
    code, said = aicc("--all", "--month", MONTH, "--prometheus", url, "--out", tmp_path, "--format", "csv")
    assert code == 0, said
    assert [path.name for path in tmp_path.iterdir()] == [f"local-{MONTH}-_all.csv"]
    assert re.search(r"│ difference +│ +0\.0000% │", said)


def test_programs_get_json_and_no_files(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["report", "--all", "--month", MONTH, "--prometheus", url, "--json"])
    found = json.loads(done.stdout)
    assert found["accounts"]["blue"]["models"]["chat"]["servedTokens"] == pytest.approx(10 * 3_600 * HOURS, rel=0.001)
    assert found["reconciliation"]["holds"]
    assert list(tmp_path.iterdir()) == []


def test_accounts_that_do_not_add_up_end_with_their_own_exit_code(tmp_path: Path) -> None:
    lost = {key: value for key, value in centre(HOURS).tenant_watts.items() if key[0] != "green"}
    with prometheus(tmp_path) as url:
        recorded = centre(HOURS, tenant_watts=lost)
        write(url, (replace(each, samples=_in_october(each.samples)) for each in series_of(recorded)))
        code, said = aicc("--tenant", "blue", "--month", MONTH, "--prometheus", url, "--out", tmp_path / "out")
    assert code == UnreconciledError.exit_code
    assert "Do not bill by these figures" in said
    assert (tmp_path / "out" / f"local-{MONTH}-blue.csv").exists()


def test_a_month_without_records_is_said_and_no_crash(url: str, tmp_path: Path) -> None:
    code, said = aicc("--tenant", "research", "--month", "2026-01", "--prometheus", url, "--out", tmp_path)
    assert code == 0, said
    assert "nothing was recorded in 2026-01: every figure is unknown" in said


def test_nobody_of_that_name_is_refused_with_a_suggestion(url: str, tmp_path: Path) -> None:
    code, said = aicc("--tenant", "researhc", "--month", MONTH, "--prometheus", url, "--out", tmp_path)
    assert code == 3
    assert "--tenant 'researhc' is neither declared in stack local nor in the records" in said
    assert "did you mean: research" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--month", "2026-1", "--all"], "YYYY-MM"),
        (["--month", "9999-01", "--all"], "has not begun"),
        ([], "one of the two"),
        (["--all", "--tenant", "blue"], "one of the two"),
        (["--all", "--format", "pdf"], "csv"),
    ],
)
def test_a_wrong_command_line_is_refused_before_anything_is_read(arguments: list[str], message: str) -> None:
    code, said = aicc(*arguments)
    assert code == 2
    assert message in said


def test_a_prometheus_url_that_is_none_is_refused_without_its_password() -> None:
    code, said = aicc("--all", "--month", MONTH, "--prometheus", "ftp://me:secret@host")
    assert code == 3
    assert "'host' is not a URL" in said
    assert "secret" not in said

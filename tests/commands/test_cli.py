"""The command line as its users and their scripts see it: exit codes, what goes to which stream, and plain text."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aicc import toolbox
from aicc.errors import exit_codes
from aicc.paths import REPO
from aicc.progress import reporter

CASES = REPO / "tests" / "config_cases"
COLOURS = {"FORCE_COLOR", "TTY_COMPATIBLE", "CLICOLOR_FORCE"}
Aicc = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def aicc(tmp_path: Path) -> Aicc:
    """Runs aicc from another folder, without a terminal, with a state folder of its own."""
    toolbox.ensure(["helm"], reporter())  # getting it would be told on stderr
    kept = {key: value for key, value in os.environ.items() if key not in COLOURS and not key.startswith("AICC_")}

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "aicc", *arguments],
            cwd=tmp_path,
            env={**kept, "PYTHONPATH": str(REPO), "XDG_STATE_HOME": str(tmp_path / "state"), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "\x1b" not in done.stdout + done.stderr, "no terminal, so no escape sequences"
        assert "Traceback" not in done.stderr
        return done

    return run


def test_plan_shows_the_stack_and_leaves_nothing_behind(aicc: Aicc, tmp_path: Path) -> None:
    done = aicc("plan")
    assert done.returncode == 0
    for part in ("Pools of jinshan-local", "96 × zhenwu-810e", "tenancy", "Nothing was changed."):
        assert part in done.stdout
    assert done.stderr == ""
    assert not (tmp_path / "state").exists()


def test_plan_for_programs_is_json_and_nothing_else(aicc: Aicc) -> None:
    done = aicc("plan", "--json")
    plan = json.loads(done.stdout)
    assert (plan["stack"], plan["center"], plan["cloud"]) == ("local", "jinshan-local", "local")
    assert sum(pool["nodes"] for pool in plan["pools"]) == 14
    assert sum(sum(counts.values()) for counts in plan["counts"].values()) > 50
    assert done.stderr == ""


def test_the_stack_can_be_named_by_the_environment_and_by_its_file(aicc: Aicc, tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.mine.yaml"
    shutil.copy(CASES / "local.ok.least.yaml", path)
    by_environment = json.loads(aicc("plan", "--json", AICC_STACK=str(path)).stdout)
    by_file = json.loads(aicc("plan", "--json", "--stack", "Pulumi.mine.yaml").stdout)
    assert by_environment == by_file
    assert (by_file["stack"], by_file["center"]) == ("mine", "c")


def test_an_unknown_stack_is_refused_with_the_nearest_name(aicc: Aicc) -> None:
    done = aicc("plan", "--stack", "locale")
    assert done.returncode == 3
    assert done.stdout == ""
    assert "error: stack 'locale' has no file Pulumi.locale.yaml" in done.stderr
    assert "→ did you mean: local" in done.stderr


@pytest.mark.parametrize("command", ["plan", "up", "down", "status"])
def test_an_invalid_stack_is_refused_before_anything_is_touched(aicc: Aicc, tmp_path: Path, command: str) -> None:
    path = tmp_path / "Pulumi.broken.yaml"
    shutil.copy(CASES / "local.error.is-not-an-instance-of-cloud-local.yaml", path)
    done = aicc(command, "--stack", str(path))
    assert done.returncode == 3
    assert done.stdout == ""
    for part in ("Pulumi.broken.yaml: 1 problem; nothing was changed.", "pools[0].instance", "did you mean: sim."):
        assert part in done.stderr
    assert not (tmp_path / "state").exists()


def test_render_says_what_it_wrote_and_refuses_a_folder_of_somebody_else_s(aicc: Aicc, tmp_path: Path) -> None:
    done = aicc("render", "--out", "rendered")
    assert done.returncode == 0
    count = len([path for path in (tmp_path / "rendered").rglob("*.yaml") if path.parent != tmp_path / "rendered"])
    assert done.stdout == f"{count} manifests and kustomization.yaml in rendered\n"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    refused = aicc("render", "--out", "mine")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "→ name an empty folder" in refused.stderr


@pytest.mark.parametrize("arguments", [["plan", "--stak", "local"], ["pln"], ["render"], ["up", "--timeout", "soon"]])
def test_a_wrong_command_line_is_refused_with_its_own_code(aicc: Aicc, arguments: list[str]) -> None:
    done = aicc(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Usage: " in done.stderr


def test_help_lists_every_command_and_every_exit_code(aicc: Aicc) -> None:
    done = aicc("--help")
    assert done.returncode == 0
    for command in ("plan", "render", "up", "status", "down", "doctor"):
        assert f" {command} " in done.stdout
    for code in exit_codes():
        assert f"{code}: " in done.stdout


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """As in `aicc plan --json | head -1`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aicc", "plan", "--json"],
        cwd=REPO,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait()

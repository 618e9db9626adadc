"""ci/preview.sh as a pull request's workflow runs it: one comment about all stacks, and an exit code."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aicc.paths import REPO
from tests.commands.projects import edit, environment, left, project

WORKFLOWS = REPO / ".github" / "workflows"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("original") / "project")


@pytest.fixture
def repo(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "project"))


def preview(repo: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """With the interpreter that runs the tests, not an environment of the copy's own."""
    aicc = repo.parent / "aicc"
    aicc.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aicc "$@"\n', encoding="utf-8")
    aicc.chmod(0o755)
    done = subprocess.run(
        [repo / "ci" / "preview.sh", *arguments],
        cwd=repo.parent,
        env=environment(repo, AICC=str(aicc)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert left(repo) == []
    return done


def test_every_stack_is_in_the_comment_with_what_changed_and_the_policies(repo: Path) -> None:
    edit(repo / "Pulumi.local.yaml", "nodes: 6", "nodes: 8")
    (repo / "examples" / "Pulumi.existing.yaml").unlink()
    done = preview(repo, "base")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "<!-- aicc preview -->"
    assert [line for line in lines if line.startswith("## ")] == [
        "## Stack existing is removed",
        "## Stack local: no resource differs",
    ]
    assert "| zhenwu: nodes | 6 | 8 | +2 |" in lines
    assert lines.count("No mandatory policy is broken.") == 1
    assert len(done.stdout) < 65_536


def test_a_stack_that_cannot_be_planned_fails_and_the_others_are_still_told(repo: Path) -> None:
    edit(repo / "Pulumi.local.yaml", "instance: sim.general", "instance: sim.genial")
    done = preview(repo, "base")
    assert done.returncode == 1
    assert "## Stack existing: no difference" in done.stdout
    assert "## Stack local cannot be compared" in done.stdout
    assert "did you mean: sim.general" in done.stdout
    assert "did you mean: sim.general" in done.stderr


def test_a_broken_mandatory_policy_fails_and_is_told(repo: Path) -> None:
    """A ceiling that the centre is above."""
    edit(repo / "Pulumi.local.yaml", "    pools:\n", "    limits: {annualTco2e: 0.001}\n    pools:\n")
    done = preview(repo, "base")
    assert done.returncode == 1
    assert "Mandatory policies are broken" in done.stdout
    assert "## Stack existing: no difference" in done.stdout


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["nowhere"], 128)])
def test_a_wrong_call_is_refused(repo: Path, arguments: list[str], code: int) -> None:
    done = preview(repo, *arguments)
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr


@pytest.mark.parametrize("path", sorted(WORKFLOWS.glob("*.yml")), ids=lambda path: path.name)
def test_workflows_pin_their_actions_and_hold_no_secrets(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    used = [line.partition("uses: ")[2] for line in text.splitlines() if "uses: " in line]
    assert used
    for action in used:
        name, _, rest = action.partition("@")
        commit, _, version = rest.partition(" # ")
        assert name.startswith("actions/")
        assert len(commit) == 40
        assert version.startswith("v")
    assert "secrets." not in text


def test_what_runs_the_pull_request_s_code_may_not_write_and_what_may_write_runs_none_of_it() -> None:
    preview, comment = (
        yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))
        for name in ("preview.yml", "preview-comment.yml")
    )
    assert preview["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in preview["jobs"].values())
    assert list(preview["on"]) == ["pull_request"]
    assert comment["permissions"] == {}
    assert list(comment["on"]) == ["workflow_run"]
    assert comment["on"]["workflow_run"]["workflows"] == [preview["name"]]
    for job in comment["jobs"].values():
        assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
        for step in job["steps"]:
            assert "checkout" not in step.get("uses", "")
            assert "${{" not in step.get("run", ""), "what others choose comes by the environment"

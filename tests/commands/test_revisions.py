"""`aicc diff` in real repositories: each revision is planned by its own code, and nothing is left behind."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.commands.projects import aicc, commit, edit, environment, git, left, project


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("original") / "project")


@pytest.fixture
def repo(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "project"))


def test_a_changed_stack_is_compared_with_its_base(repo: Path) -> None:
    edit(repo / "Pulumi.local.yaml", "nodes: 6", "nodes: 8")
    before = git(repo, "status", "--porcelain=v2", "--branch")
    done = aicc(repo, "diff", "base", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {"what": "zhenwu: nodes", "before": "6", "after": "8", "difference": "+2"} in found["pools"]
    watts = next(row for row in found["figures"] if row["what"] == "Power, peak (W)")
    assert watts["difference"].startswith("+")
    assert found["resources"] == []
    assert git(repo, "status", "--porcelain=v2", "--branch") == before
    assert git(repo, "worktree", "list").count("\n") == 1


def test_nothing_differs_from_head_where_nothing_was_changed(repo: Path) -> None:
    """Also nothing that depends on where the base was planned."""
    for stack in ("local", "existing"):
        done = aicc(repo, "diff", "HEAD", "--stack", stack)
        assert done.stdout.startswith(f"Stack {stack}: no difference, compared with HEAD ("), done.stderr


def test_the_base_is_planned_by_its_own_code_and_catalogue(repo: Path) -> None:
    host = repo / "infra" / "catalogue" / "host.yaml"
    figures = yaml.safe_load(host.read_text(encoding="utf-8"))
    figures["peakWattsPerVcpu"]["value"] *= 2
    host.write_text(yaml.safe_dump(figures), encoding="utf-8")
    found = json.loads(aicc(repo, "diff", "base", "--json").stdout)
    peak = next(row for row in found["figures"] if row["what"] == "Power, peak (W)")
    assert peak["before"] != peak["after"]
    assert found["pools"] == found["resources"] == []


def test_a_base_whose_code_knows_no_estimate_has_unknown_figures(repo: Path) -> None:
    plan = repo / "aicc" / "commands" / "plan.py"
    shutil.copy(plan, repo.parent / "plan.py")
    plan.write_text(plan.read_text(encoding="utf-8").replace('"estimate":', '"anything":'), encoding="utf-8")
    commit(repo, "older")
    shutil.copy(repo.parent / "plan.py", plan)
    done = aicc(repo, "diff", "older", "--json")
    assert done.returncode == 0, done.stderr
    peak = next(row for row in json.loads(done.stdout)["figures"] if row["what"] == "Power, peak (W)")
    assert (peak["before"], peak["difference"]) == ("unknown", "unknown")


def test_a_stack_may_be_new_removed_or_named_by_its_file(repo: Path) -> None:
    shutil.copy(repo / "Pulumi.local.yaml", repo / "Pulumi.fresh.yaml")
    (repo / "examples" / "Pulumi.existing.yaml").unlink()
    assert "Stack fresh is new" in aicc(repo, "diff", "base", "--stack", "fresh").stdout
    assert "Stack existing is removed" in aicc(repo, "diff", "base", "--stack", "existing").stdout
    assert "Stack local: no difference" in aicc(repo, "diff", "base", "--stack", "Pulumi.local.yaml").stdout


def test_a_stack_elsewhere_has_no_earlier_revision(repo: Path) -> None:
    shutil.copy(repo / "Pulumi.local.yaml", repo.parent / "Pulumi.other.yaml")
    done = aicc(repo, "diff", "base", "--stack", "../Pulumi.other.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert "a file elsewhere has no earlier revision" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["bas"], 1, ["revision 'bas' is not in this repository", "→ did you mean: base"]),
        (["--", "--output=x"], 1, ["revision '--output=x' is not in this repository", "git fetch"]),
        (["base", "--stack", "locale"], 3, ["stack 'locale' has no file Pulumi.locale.yaml", "→ did you mean: local"]),
    ],
    ids=["near", "like an option", "stack"],
)
def test_a_name_that_is_wrong_is_refused_with_the_nearest(
    repo: Path, arguments: list[str], code: int, said: list[str]
) -> None:
    done = aicc(repo, "diff", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    for text in said:
        assert text in done.stderr


def test_without_a_repository_it_says_so(repo: Path) -> None:
    shutil.rmtree(repo / ".git")
    done = aicc(repo, "diff", "HEAD", GIT_CEILING_DIRECTORIES=str(repo.parent))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{repo} is not a git repository that can be read: fatal: not a git repository" in done.stderr


def test_without_git_it_says_what_to_install(repo: Path) -> None:
    done = aicc(repo, "diff", "HEAD", PATH=str(Path(sys.executable).parent))
    assert (done.returncode, done.stdout) == (4, "")
    assert "git is not on PATH" in done.stderr


def test_a_base_that_cannot_be_planned_is_shown_with_its_own_error(repo: Path) -> None:
    edit(repo / "Pulumi.local.yaml", "instance: sim.general", "instance: sim.genial")
    commit(repo, "broken")
    git(repo, "checkout", "--quiet", "base", "--", "Pulumi.local.yaml")
    done = aicc(repo, "diff", "broken")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Pulumi.local.yaml of revision broken (" in done.stderr
    assert "did you mean: sim.general" in done.stderr


def test_a_stack_that_is_not_valid_now_is_refused_as_by_every_command(repo: Path) -> None:
    edit(repo / "Pulumi.local.yaml", "instance: sim.general", "instance: sim.genial")
    done = aicc(repo, "diff", "base")
    assert (done.returncode, done.stdout) == (3, "")
    assert "pools[0].instance" in done.stderr


def test_a_project_in_a_folder_of_a_larger_repository_is_compared_too(repo: Path) -> None:
    larger = repo.parent / "larger"
    larger.mkdir()
    shutil.rmtree(repo / ".git")
    inner = Path(shutil.move(repo, larger / "centre"))
    git(larger, "init", "--quiet")
    for key, value in (("user.name", "Somebody"), ("user.email", "somebody@example.com")):
        git(larger, "config", key, value)
    commit(larger, "base")
    edit(inner / "Pulumi.local.yaml", "nodes: 6", "nodes: 8")
    done = aicc(inner, "diff", "base")
    assert "zhenwu: nodes" in done.stdout, done.stderr


def test_it_works_inside_a_git_hook(repo: Path) -> None:
    """Git tells its hooks where its own index and folder are; another one is wanted here."""
    hook = {"GIT_DIR": str(repo / "nowhere"), "GIT_INDEX_FILE": str(repo / ".git" / "index")}
    assert "no difference" in aicc(repo, "diff", "HEAD", **hook).stdout


@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_behind(repo: Path, interrupt: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "aicc", "diff", "base"],
        cwd=repo,
        env=environment(repo),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not any(folder.joinpath("tree").exists() for folder in left(repo)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left(repo), "the base is laid out"
    process.send_signal(interrupt)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; nothing is lost" in said
    assert left(repo) == []
    assert git(repo, "status", "--porcelain") == ""

"""Copies of this project in git repositories of their own, so that tests can give it a history."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from aicc.paths import REPO

PARTS = ("aicc", "charts", "ci", "images", "infra", "policy", "tools")
STACKS = ("Pulumi.local.yaml", "examples/Pulumi.existing.yaml")
"""No cloud's: each takes seconds to plan, and they are planned elsewhere."""
_KEPT = {key: value for key, value in os.environ.items() if not key.startswith(("AICC", "GIT_"))}


def project(folder: Path) -> Path:
    """A copy with one commit, tagged `base`."""
    for part in PARTS:
        shutil.copytree(REPO / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Pulumi.yaml", *STACKS, *(path.name for path in REPO.glob("requirements*.txt"))):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPO / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    (folder / ".git" / "info" / "exclude").write_text("__pycache__/\n", encoding="utf-8")
    git(folder, "config", "user.name", "Somebody")
    git(folder, "config", "user.email", "somebody@example.com")
    commit(folder, "base")
    return folder


def commit(folder: Path, tag: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--no-gpg-sign", "--message", tag)
    git(folder, "tag", tag)


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], env=_KEPT, capture_output=True, text=True, check=True)
    return done.stdout


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """For a run of the copy; what it leaves in a temporary folder is seen under `tmp` beside it."""
    temporary = folder.parent / "tmp"
    temporary.mkdir(exist_ok=True)
    return {**_KEPT, "PYTHONPATH": str(folder), "TMPDIR": str(temporary), "NO_COLOR": "1", **more}


def aicc(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the copy's own code; nothing is left in a temporary folder."""
    done = run(folder, *arguments, **environment(folder, **more))
    assert left(folder) == []
    return done


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a project's code from its folder; no run ends with a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "aicc", *arguments],
        cwd=folder,
        env={**_KEPT, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def left(folder: Path) -> list[Path]:
    """What was not removed from the temporary folder."""
    return list((folder.parent / "tmp").iterdir())

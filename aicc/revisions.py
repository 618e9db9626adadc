"""A stack's plan at an earlier revision: its own code plans it, in a folder that is removed again.

The repository is only read: no worktree, no branch and no index of its own is touched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aicc.errors import AiccError, PrerequisiteError
from infra.config.issues import closest

_OWN_GIT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
"""Set inside git hooks, where they would lead git astray."""
_MAX_ERROR_LINES = 20


class RevisionError(AiccError):
    """A revision could not be found, or its stack could not be planned."""


@dataclass(frozen=True)
class Revision:
    """A commit whose files are in a folder for as long as it is being looked at."""

    name: str
    commit: str
    tree: Path


@contextmanager
def revision(name: str, repo: Path) -> Iterator[Revision]:
    """Put the project's files as of a revision into a temporary folder.

    Raises RevisionError, or PrerequisiteError without git.
    """
    prefix = _prefix(repo)
    commit = _commit(name, repo)
    with TemporaryDirectory(prefix="aicc-diff-") as folder:
        tree = Path(folder).resolve() / "tree"
        tree.mkdir()
        index = {"GIT_INDEX_FILE": str(tree.parent / "index")}
        _git(repo, "read-tree", f"{commit}:{prefix}", environment=index)
        top = Path(_git(repo, "rev-parse", "--show-toplevel").strip())
        _git(top, "checkout-index", "--all", f"--prefix={tree}/", environment=index)
        yield Revision(name, commit, tree)


def plan_at(found: Revision, stack: Path, repo: Path) -> dict[str, Any]:
    """What the revision's own code plans for a stack file in its tree, as `aicc plan --json` prints it.

    Raises RevisionError with what that code said.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AICC_")}
    done = subprocess.run(
        [sys.executable, "-m", "aicc", "plan", "--stack", str(stack), "--json"],
        cwd=found.tree,
        env={**environment, "PYTHONPATH": str(found.tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join(f"  {line}" for line in done.stderr.rstrip().splitlines()[-_MAX_ERROR_LINES:])
        raise RevisionError(
            f"{stack.name} of revision {found.name} ({found.commit[:12]}) cannot be planned:\n{said}",
            hint="compare with a later revision; its code runs with the Python packages that are installed now",
        )
    # A path of the temporary folder in an input would be a difference that is none.
    document: dict[str, Any] = json.loads(done.stdout.replace(str(found.tree), str(repo)))
    return document


def _prefix(repo: Path) -> str:
    """The project's folder within its repository."""
    if shutil.which("git") is None:
        raise PrerequisiteError("git is not on PATH", hint="install it (Debian: apt-get install git)")
    try:
        return _git(repo, "rev-parse", "--show-prefix").strip().rstrip("/")
    except RevisionError as error:
        raise RevisionError(
            f"{repo} is not a git repository that can be read: {error.message}",
            hint="compare in a clone: git clone, not a downloaded archive",
        ) from error


def _commit(name: str, repo: Path) -> str:
    try:
        return _git(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
    except RevisionError as error:
        names = _git(repo, "for-each-ref", "--format=%(refname:short)").split()
        near = closest(name, [*names, "HEAD"])
        raise RevisionError(
            f"revision {name!r} is not in this repository",
            hint=f"did you mean: {near}" if near else "fetch it first; a shallow clone has few: git fetch --unshallow",
        ) from error


def _git(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    kept = {key: value for key, value in os.environ.items() if key not in _OWN_GIT}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**kept, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RevisionError(done.stderr.strip() or f"git {arguments[0]} ended with {done.returncode}")
    return done.stdout

"""What a build may read: the image's folder, and beside it the pinned packages and tools that its files name.

- `requirements.txt`: wheels for the image's own Python, in `packages/`;
- `sources.txt`: source distributions, in `packages/`;
- `tools.txt`: Go programs of `aicc.toolbox`, one `name version` a line, in `bin/`.

Both kinds of packages are fetched with pip, as it is set up on this machine, and only by hash.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from aicc.errors import AiccError
from aicc.progress import Reporter
from aicc.pypi import download
from aicc.toolbox import TOOLS
from aicc.toolbox import ensure as ensure_tools
from infra.images import FOLDER

PYTHON = "3.11"
"""The base image's."""
_GLIBC = 36
"""The base image's minor version: wheels for older ones run there too."""


def prepare(name: str, target: Path, reporter: Reporter) -> None:
    """Fill `target` with all that building image `name` reads.

    Raises PrerequisiteError where a package or a tool cannot be had at its pinned version.
    """
    shutil.copytree(FOLDER / name, target, ignore=shutil.ignore_patterns(".*", "__pycache__", "*.md"))
    for listed, arguments in (("requirements.txt", _wheels), ("sources.txt", only_sources_of)):
        if (target / listed).exists():
            with reporter.step(f"Fetching the packages of image {name}"):
                download(target / listed, target / "packages", arguments(target / listed), what=f"image {name}")
    if (target / "tools.txt").exists():
        _copy_tools(name, target, reporter)


def only_sources_of(listed: Path) -> list[str]:
    """For these alone: pip would also build every tool from source that it reads their names with."""
    names = [line.partition("==")[0] for line in listed.read_text(encoding="utf-8").splitlines() if "==" in line]
    return ["--no-binary", ",".join(names)]


def _wheels(_: Path) -> list[str]:
    machine = os.uname().machine
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(_GLIBC, 4, -1)]
    names = [*platforms, f"manylinux2014_{machine}", f"linux_{machine}"]
    return [
        "--only-binary=:all:",
        f"--python-version={PYTHON}",
        "--implementation=cp",
        *(f"--abi={abi}" for abi in (f"cp{PYTHON.replace('.', '')}", "abi3", "none")),
        *(f"--platform={platform}" for platform in names),
    ]


def _copy_tools(name: str, target: Path, reporter: Reporter) -> None:
    pinned = [line.split() for line in (target / "tools.txt").read_text(encoding="utf-8").splitlines() if line.strip()]
    for tool, version in pinned:
        if tool not in TOOLS or TOOLS[tool].version != version:
            there = TOOLS[tool].version if tool in TOOLS else "no such tool"
            raise AiccError(
                f"images/{name}/tools.txt wants {tool} {version}, and the toolbox has {there}",
                hint="name the version in infra/versions.py",
            )
    (target / "bin").mkdir()
    for tool, binary in ensure_tools([tool for tool, _ in pinned], reporter).items():
        shutil.copy(binary, target / "bin" / tool)
        (target / "bin" / tool).chmod(0o755)

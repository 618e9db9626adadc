"""Building a tool from its pinned Go module. Go's own build cache makes an interrupted build resume."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from aicc import paths
from aicc.commandline import follow
from aicc.errors import PrerequisiteError
from aicc.progress import Reporter
from aicc.toolbox.catalogue import GIB, Tool
from aicc.toolbox.disk import require_space
from aicc.toolbox.golang import Go, find


def build(tool: Tool, target: Path, reporter: Reporter) -> None:
    """Compile `tool` to `target`.

    Raises PrerequisiteError with the compiler's last lines where it fails, or before it starts where the disk is full.
    """
    module = paths.TOOLS / tool.family.name
    go = find(module, reporter)
    _require_space(tool, go)
    with reporter.step(f"Fetching the sources of {tool.name} {tool.version}") as fetching:
        packages: list[str] = []

        def on_list_line(line: str) -> None:
            if line.startswith("go: "):
                fetching.update(detail=line.removeprefix("go: "))
            else:
                packages.append(line)

        tags = ["-tags", ",".join(tool.tags)]
        _run(tool, go, ["list", "-deps", *tags, tool.package], module, on_list_line)
    with reporter.step(f"Building {tool.name} {tool.version} from source", total=len(packages)) as compiling:
        known = frozenset(packages)
        done: set[str] = set()

        def on_build_line(line: str) -> None:
            if line in known:
                done.add(line)
                compiling.update(len(done), detail=line)

        flags = ["-v", "-trimpath", *tags, "-ldflags", _linker_flags(tool), "-o", str(target)]
        _run(tool, go, ["build", *flags, tool.package], module, on_build_line)
        compiling.update(len(packages))


def _linker_flags(tool: Tool) -> str:
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in tool.variables.items())])


def _require_space(tool: Tool, go: Go) -> None:
    objects, modules = go.settings("GOCACHE", "GOMODCACHE")
    needs = [
        (Path(objects), tool.family.objects_bytes),
        (Path(modules), tool.family.modules_bytes),
        (Path(tempfile.gettempdir()), GIB // 2),
        (paths.cache_dir(), GIB // 4),
    ]
    require_space(f"building {tool.name} from source", needs)


def _run(tool: Tool, go: Go, arguments: list[str], module: Path, on_line: Callable[[str], None]) -> None:
    """Run a Go command, handing on each line it prints; an interruption ends it and what it started."""
    status, last = follow([go.command, *arguments], on_line, environment=go.environment, folder=module)
    if status != 0:
        raise PrerequisiteError(
            f"`go {arguments[0]}` of {tool.name} {tool.version} failed:\n{last}",
            hint="mend what the last lines name and run the command again: what is compiled already is kept",
        )

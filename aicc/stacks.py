"""Finds a stack's file and turns it into a plan, before anything is touched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from aicc import paths
from aicc.errors import ConfigError
from aicc.models import declared
from infra.catalogue import load
from infra.config import InvalidCenterError
from infra.config.issues import closest
from infra.config.load import from_file
from infra.plan import CenterPlan, resolve


@dataclass(frozen=True)
class Stack:
    """A stack whose configuration is valid."""

    name: str
    path: Path
    plan: CenterPlan


def stack(name: str) -> Stack:
    """Load, validate and resolve a stack, by name or by its file.

    Raises ConfigError.
    """
    path = _file(name)
    try:
        found = Stack(_name(path), path, resolve(from_file(path), load()))
    except InvalidCenterError as error:
        raise ConfigError(str(InvalidCenterError(error.issues, path.name))) from error
    declared.check(found.plan)
    return found


def _file(name: str) -> Path:
    files = {_name(path): path for path in _files()}
    if name in files:
        return files[name]
    if re.fullmatch(r"Pulumi\.[A-Za-z0-9_.-]+\.yaml", Path(name).name) and Path(name).is_file():
        return Path(name).resolve()
    near = closest(name, files)
    hint = f"did you mean: {near}" if near else f"stacks here: {', '.join(sorted(files))}"
    raise ConfigError(f"stack {name!r} has no file Pulumi.{name}.yaml", hint=hint)


def _files() -> list[Path]:
    """Later ones win: a stack at the top hides an example of the same name."""
    return [*paths.REPO.glob("examples/Pulumi.*.yaml"), *paths.REPO.glob("Pulumi.*.yaml")]


def _name(path: Path) -> str:
    return path.name.removeprefix("Pulumi.").removesuffix(".yaml")

"""Goldens: what a stack is expected to be, as a reviewed file.

A golden is partial where completeness would only be noise: `values` holds the fields worth reviewing and is compared
as a subset, key by key; lists are compared whole. `counts` and `outputs` are complete, so that nothing appears unseen.
`pytest --update-goldens` writes the same fields anew, and fails so that the difference is read before it is kept.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

COMPLETE = ("counts", "outputs")


def check(path: Path, got: Mapping[str, Any], *, update: bool) -> None:
    """Raise AssertionError naming every difference between the golden at `path` and `got`, or where it was rewritten.

    `got` has the sections of a golden: values, counts, outputs.
    """
    expected = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    wrong = [*differences(expected, got), *_unseen(expected, got)]
    if not wrong:
        return
    listing = "\n".join(f"  {line}" for line in wrong)
    if not update:
        raise AssertionError(
            f"{path.name} differs:\n{listing}\nIf this is as intended: pytest --update-goldens, then review git diff."
        )
    kept = {section: _like(expected.get(section), value, section in COMPLETE) for section, value in got.items()}
    body = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=80)
    path.write_text(_heading(path) + body, encoding="utf-8")
    raise AssertionError(f"{path.name} was rewritten; review git diff, then run without the option.\n{listing}")


def differences(expected: Any, got: Any, path: str = "") -> Iterator[str]:
    """Where `got` does not have what `expected` says; keys that only `got` has are no difference."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for key, value in expected.items():
            place = f"{path}.{key}".lstrip(".")
            if key in got:
                yield from differences(value, got[key], place)
            else:
                yield f"{place}: expected {value!r}, got nothing"
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            yield f"{path}: expected {len(expected)} items, got {len(got)}"
        for index, (wanted, found) in enumerate(zip(expected, got, strict=False)):
            yield from differences(wanted, found, f"{path}[{index}]")
    elif expected != got:
        yield f"{path}: expected {expected!r}, got {got!r}"


def plain(value: Any) -> Any:
    """A plan as the data that YAML holds."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else str(value)
    return value


def _unseen(expected: Mapping[str, Any], got: Mapping[str, Any]) -> Iterator[str]:
    """What `got` has and a complete section of the golden has not."""
    for section in COMPLETE:
        yield from (
            line.replace("expected", "got").replace("got nothing", "expected nothing")
            for line in differences(got[section], expected.get(section, {}), section)
            if line.endswith("got nothing")
        )


def _heading(path: Path) -> str:
    """The comments that a golden begins with."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return "".join(itertools.takewhile(lambda line: line.startswith("#"), lines))


def _like(old: Any, new: Any, complete: bool) -> Any:
    """`new` with only the keys that `old` has; a list takes its keys from the element before where it grew."""
    if complete or not old:
        return new
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {key: _like(old[key], new[key], complete=False) for key in old if key in new}
    if isinstance(old, list) and isinstance(new, list) and old:
        return [_like(old[min(index, len(old) - 1)], item, complete=False) for index, item in enumerate(new)]
    return new

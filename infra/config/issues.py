"""What is wrong with a declared centre, said so that it can be mended: path, value, what is allowed, consequence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_MAX_SHOWN = 12


@dataclass(frozen=True)
class Issue:
    """One problem in the configuration."""

    path: str
    """Where, as `pools[0].instance`, relative to `ai-compute-center:center`."""
    problem: str
    """What is wrong with it, as a clause: `is not a known instance`."""
    value: Any = None
    """The value found; left out of the message when None."""
    allowed: str | None = None
    consequence: str | None = None
    suggestion: str | None = None

    def __str__(self) -> str:
        shown = "" if self.value is None else f" {_short(self.value)}"
        lines = [f"{self.path}:{shown} {self.problem}"]
        if self.allowed:
            lines.append(f"    allowed: {self.allowed}")
        if self.suggestion:
            lines.append(f"    did you mean: {self.suggestion}")
        if self.consequence:
            lines.append(f"    consequence: {self.consequence}")
        return "\n".join(lines)


class InvalidCenterError(ValueError):
    """The declared centre has one or more issues; nothing was changed."""

    def __init__(self, issues: Sequence[Issue], source: str = "ai-compute-center:center") -> None:
        self.issues = tuple(issues)
        self.source = source
        count = "1 problem" if len(self.issues) == 1 else f"{len(self.issues)} problems"
        listing = "\n".join(f"  {issue}".replace("\n", "\n  ") for issue in self.issues)
        super().__init__(f"{source}: {count}; nothing was changed.\n{listing}")


def unknown(path: str, value: str, choices: Iterable[str], problem: str, consequence: str | None = None) -> Issue:
    """The issue for a name that is not among `choices`, with a suggestion where one is close."""
    names = sorted(choices)
    shown = ", ".join(names[:_MAX_SHOWN]) + (f", … ({len(names)} in all)" if len(names) > _MAX_SHOWN else "")
    return Issue(
        path,
        problem,
        value,
        allowed=shown or "none is declared",
        suggestion=closest(value, names),
        consequence=consequence,
    )


def closest(value: str, choices: Iterable[str]) -> str | None:
    """The choice most like `value`, or None where nothing is close."""
    matches = difflib.get_close_matches(value, list(choices), n=1, cutoff=0.6)
    return matches[0] if matches else None


def _short(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"

"""Markdown for comments and pages. Whatever comes from a stack is escaped: it can neither break a table nor mention."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

_MAX_CODE = 160
_MENTION = re.compile(r"(?<!\w)@(?=\w)")
_INVISIBLE = "\N{ZERO WIDTH SPACE}"
"""GitHub looks for mentions after it has put in entities, so an entity would not do."""


def code(text: str) -> str:
    """A code span, on one line, also inside a table; a long text is cut."""
    line = " ".join(text.replace("`", "'").split())
    line = line if len(line) <= _MAX_CODE else f"{line[: _MAX_CODE - 1]}…"
    return f"`{line.replace('|', chr(92) + '|')}`" if line else "—"


def plain(text: str) -> str:
    """Running text on one line, without HTML, code spans or mentions."""
    for character, escaped in (("&", "&amp;"), ("<", "&lt;"), ("|", "&#124;"), ("`", "&#96;")):
        text = text.replace(character, escaped)
    return _MENTION.sub(f"@{_INVISIBLE}", " ".join(text.split()))


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, text: Collection[int] = (0,)) -> str:
    """A table of cells that are Markdown already; columns other than `text` are figures, and stand to the right."""
    lines = [head, ["---" if index in text else "---:" for index in range(len(head))], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def details(summary: str, body: str) -> str:
    """A part that is folded until somebody opens it."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"

"""Where words for people go."""

from __future__ import annotations

from rich.console import Console


def plain(*, stderr: bool = False, width: int | None = None) -> Console:
    """A console that shows text as it is: neither coloured by guess, nor row 100 (`file:100:`) as an emoji."""
    return Console(stderr=stderr, width=width, highlight=False, emoji=False)

"""What a statement can be written as; apart, so that the command line loads fast."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """What a statement is written as."""

    CSV = "csv"
    HTML = "html"

"""The images of one registry that a stack file names by digest: which they are, and their digests anew.

On the text, not on what it means, so that comments and order stay as its author wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping


def named(text: str, registry: str) -> tuple[str, ...]:
    """Return the names below `registry` that are pinned by digest, each once, in their order in the file."""
    return tuple(dict.fromkeys(found["name"] for found in _pattern(registry).finditer(text)))


def repinned(text: str, registry: str, digests: Mapping[str, str]) -> str:
    """Return the text with the digest (`sha256:…`) of every name in `digests`; nothing else is changed."""

    def pin(found: re.Match[str]) -> str:
        digest = digests.get(found["name"], found["digest"])
        return f"{found['repository']}@{digest}"

    return _pattern(registry).sub(pin, text)


def _pattern(registry: str) -> re.Pattern[str]:
    name = r"(?P<name>[a-z0-9]+(?:[._-]+[a-z0-9]+)*)"
    # Not preceded by what would make it the end of another registry's path.
    return re.compile(rf"(?<![\w./-])(?P<repository>{re.escape(registry)}/{name})@(?P<digest>sha256:[0-9a-f]{{64}})\b")

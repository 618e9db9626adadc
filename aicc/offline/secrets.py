"""Values that the program marked secret: they are applied to the cluster, and shown or written nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MASK = "[secret]"


@dataclass(frozen=True)
class Secret:
    """One secret value."""

    value: Any = field(repr=False)

    def __str__(self) -> str:
        return MASK


def reveal(value: Any) -> Any:
    """The value with its secrets in clear, for the API server only."""
    return _replace(value, lambda secret: reveal(secret.value))


def mask(value: Any) -> Any:
    """The value with its secrets masked, for people and files."""
    return _replace(value, lambda _: MASK)


def has_secret(value: Any) -> bool:
    """Whether a secret is anywhere in the value."""
    return bool(mask(value) != value)


def _replace(value: Any, instead: Any) -> Any:
    if isinstance(value, Secret):
        return instead(value)
    if isinstance(value, Mapping):
        return {key: _replace(item, instead) for key, item in value.items()}
    return [_replace(item, instead) for item in value] if isinstance(value, list) else value

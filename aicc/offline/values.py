"""Values that a plan cannot write as they are: secrets, shown nowhere, and what only the cloud can fill in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MASK = "[secret]"
LATER = "[known once created]"
"""Stands for a value that the cloud gives when it makes a resource: an id, an address, a key."""


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


def has_later(value: Any) -> bool:
    """Whether something that is not known yet is anywhere in the value."""
    if isinstance(value, Secret):
        return has_later(value.value)
    if isinstance(value, Mapping):
        return any(has_later(item) for item in value.values())
    return any(has_later(item) for item in value) if isinstance(value, list) else value == LATER


def without_later(value: Any) -> Any:
    """The value without what is not known yet."""
    if isinstance(value, Mapping):
        return {key: without_later(item) for key, item in value.items() if item != LATER}
    return [without_later(item) for item in value if item != LATER] if isinstance(value, list) else value


def _replace(value: Any, instead: Any) -> Any:
    if isinstance(value, Secret):
        return instead(value)
    if isinstance(value, Mapping):
        return {key: _replace(item, instead) for key, item in value.items()}
    return [_replace(item, instead) for item in value] if isinstance(value, list) else value

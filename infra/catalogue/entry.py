"""What every catalogue file is made of: closed entries, and figures that say where they are from."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Confidence = Literal["official", "secondary", "derived", "assumed", "conflicting", "unknown"]
Currency = Literal["CNY", "EUR", "USD"]
ENGINE_VERSION = r"^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}$"
"""As the catalogue and stack files give it: three numbers, which charts compare."""


class Entry(BaseModel):
    """Base of every catalogue entry: immutable, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class Disagreeing(Entry):
    """What another source says."""

    value: float
    source: str


class Figure(Entry):
    """A number with where it comes from."""

    value: float | None = Field(description="null where no figure was found")
    source: str
    date: date
    confidence: Confidence
    note: str | None = None
    others: tuple[Disagreeing, ...] = Field(default=(), description="Figures of other sources that do not agree.")

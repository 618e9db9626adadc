"""Figures of an estimate as people read them: `unknown`, or `≥ x` where a part is missing; neither is shown as 0.

It reads `Footprint.as_dict`, which plans carry as JSON, so that an old plan reads like a new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNKNOWN = "unknown"
CENTS_BELOW = 1_000
"""Money from here on is shown without its cents."""


@dataclass(frozen=True)
class Reading:
    """One figure."""

    value: float | None
    """None where nothing of it is known."""
    at_least: bool = False
    """Whether a part of it is missing."""
    decimals: int = 0
    currency: str = ""

    def __str__(self) -> str:
        if self.value is None:
            return UNKNOWN
        return ("≥ " if self.at_least else "") + self._text(self.value)

    def minus(self, before: Reading | None) -> str:
        """The difference to what it was: of the known parts alone, and saying so, where any is missing."""
        if before is None or self.value is None or before.value is None:
            return UNKNOWN
        change = round(self.value - before.value, 6)
        share = f" ({change / before.value:+.1%})" if before.value and change else ""
        known = " of the known part" if self.at_least or before.at_least else ""
        return (self._text(change, sign="+") + share if change else "0") + known

    def _text(self, value: float, sign: str = "") -> str:
        decimals = 2 if self.currency and abs(value) < CENTS_BELOW else self.decimals
        number = f"{value:{sign},.{decimals}f}"
        return f"{self.currency} {number}" if self.currency else number


def amount(footprint: Mapping[str, Any], key: str) -> Reading:
    """A figure by its path, as `watts.idle`."""
    value: Any = footprint
    for part in key.split("."):
        value = value[part]
    return Reading(value, key in footprint["atLeast"], decimals=3 if key.startswith("tco2e") else 0)


def money(footprint: Mapping[str, Any], key: str, currency: str) -> Reading:
    """An amount of money in one currency: nothing only where every price is known, and none is in that currency."""
    partial = key in footprint["atLeast"]
    return Reading(footprint[key].get(currency, None if partial else 0.0), partial, currency=currency)


def money_text(footprint: Mapping[str, Any], key: str) -> str:
    """An amount of money in all its currencies."""
    return " + ".join(str(money(footprint, key, currency)) for currency in footprint[key]) or UNKNOWN

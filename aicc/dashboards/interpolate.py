"""What Grafana puts in place of `$variables` in a PromQL expression, for those that the dashboards use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ALL = "$__all"
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>[A-Za-z_]\w*)\}|(?P<plain>[A-Za-z_]\w*))")
_LABEL_VALUES = re.compile(r"label_values\((?P<selector>.+),\s*(?P<label>[a-zA-Z_]\w*)\)")
_META = frozenset("\\.+*?()|[]{}^$")
"""What is more than itself in a regular expression of Prometheus'."""


class UnknownVariableError(ValueError):
    """An expression names a variable that nothing gives a value for."""


@dataclass(frozen=True)
class Span:
    """The time that is looked at, in seconds since 1970, and the distance between two points of a line."""

    start: int
    end: int
    step_seconds: int
    scrape_seconds: int
    """How far samples are apart: a rate needs several."""

    @property
    def seconds(self) -> int:
        """Its length."""
        return self.end - self.start

    @property
    def values(self) -> Mapping[str, str]:
        """What Grafana's own variables stand for."""
        rate = max(self.step_seconds + self.scrape_seconds, 4 * self.scrape_seconds)
        return {
            "__interval": f"{self.step_seconds}s",
            "__rate_interval": f"{rate}s",
            "__range": f"{self.seconds}s",
            "__range_s": str(self.seconds),
        }


@dataclass(frozen=True)
class Variable:
    """A variable of a dashboard, as it is declared."""

    name: str
    query: str
    all_value: str

    @classmethod
    def declared(cls, document: Mapping[str, Any]) -> list[Variable]:
        """Return those whose values come from Prometheus, in the order in which later ones may use earlier ones."""
        return [
            cls(item["name"], item["query"]["query"], item.get("allValue") or ".*")
            for item in document["templating"]["list"]
            if item["type"] == "query"
        ]

    def matcher(self, chosen: Sequence[str]) -> str:
        """Return a regular expression for the chosen values, to be put between PromQL's double quotes."""
        if not chosen or ALL in chosen:
            return self.all_value
        escaped = [_quoted(_escaped(value)) for value in chosen]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


@dataclass(frozen=True)
class LabelValues:
    """A variable's query: the values that a label has in some series."""

    selector: str
    label: str

    @classmethod
    def parse(cls, query: str) -> LabelValues:
        """Raises ValueError for what is no `label_values(selector, label)`."""
        found = _LABEL_VALUES.fullmatch(query)
        if found is None:
            raise ValueError(f"not label_values(selector, label): {query}")
        return cls(found["selector"], found["label"])


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """Put the values in. Raises UnknownVariableError."""

    def value(match: re.Match[str]) -> str:
        name = match["braced"] or match["plain"]
        if name not in values:
            raise UnknownVariableError(f"${name} in {text}")
        return values[name]

    return _VARIABLE.sub(value, text)


def _escaped(value: str) -> str:
    """As Go's regexp.QuoteMeta."""
    return "".join(f"\\{character}" if character in _META else character for character in value)


def _quoted(value: str) -> str:
    """As it is written between PromQL's double quotes."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

"""The shipped rules, and the metrics that their expressions name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from aicc import vocabulary
from tests.monitoring.rules.reconcile import CHART

KNOWN = {name for metrics in vocabulary.load().values() for name in metrics}
# Groups of records, in the order in which one needs the other.
ORDER = ("inventory", "accelerators", "power", "carbon", "serving", "budgets", "storage")
WORDS = {"and", "or", "unless", "bool", "offset", "by", "on", "without", "ignoring", "group_left", "group_right", "inf"}


def _rules(folder: str, file: str) -> list[dict[str, Any]]:
    document = yaml.safe_load((CHART / folder / f"{file}.yaml").read_text(encoding="utf-8"))
    return [rule | {"file": file} for group in document["groups"] for rule in group["rules"]]


RECORDS = [rule for file in ORDER for rule in _rules("rules", file)]
ALERTS = {
    rule["alert"]: rule for path in sorted((CHART / "alerts").glob("*.yaml")) for rule in _rules("alerts", path.stem)
}
RULES = [*RECORDS, *ALERTS.values()]


def named(expression: str) -> Iterator[str]:
    """The metrics of an expression: identifiers that are neither functions, labels, words nor numbers."""
    for pattern in re.findall(r'__name__=~"([^"]+)"', expression):
        matched = [name for name in KNOWN if re.fullmatch(pattern, name)]
        yield from matched or [pattern]
    text = re.sub(r'"(\\.|[^"\\])*"', "", expression)
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", text)
    text = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", "", text)
    for found in re.finditer(r"(?<![\w.])[a-zA-Z_:][\w:]*", text):
        called = text[found.end() :].lstrip().startswith("(")
        if not called and found.group().lower() not in WORDS:
            yield re.sub(r"_(bucket|sum|count)$", "", found.group()) if found.group() not in KNOWN else found.group()


def needed(rule: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records that a rule reads, and those that they read, in order: what has to be evaluated to test it."""
    wanted = set(named(rule["expr"]))
    size = 0
    while size != len(wanted):
        size = len(wanted)
        wanted |= {name for record in RECORDS if record["record"] in wanted for name in named(record["expr"])}
    return [record for record in RECORDS if record["record"] in wanted]

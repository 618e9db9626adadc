"""`aicc policy`: holds a plan against the policy pack, with neither the Pulumi CLI nor credentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aicc.offline.graph import Graph
from aicc.offline.record import Resource
from aicc.offline.values import LATER, Secret
from policy.evaluate import Finding, findings
from policy.model import UNKNOWN, Rule, Stack, Subject
from policy.rules import RULES

_STYLES = {"mandatory": "red", "advisory": "yellow", "undecided": "dim"}


@dataclass(frozen=True)
class Report:
    """What the pack says about a stack. A stack passes where nothing mandatory is violated."""

    rules: int
    resources: int
    mandatory: tuple[Finding, ...]
    advisory: tuple[Finding, ...]
    undecided: tuple[Finding, ...]
    """Rules that need a value which is known only once something is created."""

    @property
    def passes(self) -> bool:
        """Whether the stack may be brought up."""
        return not self.mandatory

    @property
    def summary(self) -> str:
        """One line."""
        return (
            f"{self.rules} rules over {self.resources} resources: {len(self.mandatory)} mandatory and "
            f"{len(self.advisory)} advisory violations, {len(self.undecided)} not decided before creation."
        )

    def as_json(self) -> dict[str, Any]:
        """Return the report for programs."""
        return {
            "passes": self.passes,
            "rules": self.rules,
            "resources": self.resources,
            **{name: [_as_json(finding) for finding in found] for name, found in _groups(self).items()},
        }


def check(graph: Graph, rules: Iterable[Rule] = RULES) -> Report:
    """Hold a plan's resources against the pack."""
    rules = tuple(rules)
    found = list(findings(rules, stack_of(graph.resources)))
    decided = [finding for finding in found if finding.decided]
    return Report(
        rules=len(rules),
        resources=len(graph.resources),
        mandatory=tuple(finding for finding in decided if finding.rule.enforcement == "mandatory"),
        advisory=tuple(finding for finding in decided if finding.rule.enforcement == "advisory"),
        undecided=tuple(finding for finding in found if not finding.decided),
    )


def violations(resources: Iterable[Resource]) -> list[Finding]:
    """Return what some resources violate, mandatory or not."""
    return [finding for finding in findings(RULES, stack_of(resources)) if finding.decided]


def stack_of(resources: Iterable[Resource]) -> Stack:
    """Recorded resources, as the rules see them: secrets and what is not known yet are out of sight."""
    return Stack(
        tuple(
            Subject(item.type, item.name, item.urn, _visible(item.inputs), item.protect, frozenset(item.dependencies))
            for item in resources
        )
    )


def show(report: Report, console: Console) -> None:
    """Print the report for people: violations one by one, what could not be decided by rule."""
    table = Table("rule", "what is wrong, and what is allowed", title="Policies", title_justify="left")
    for level in ("mandatory", "advisory"):
        for finding in _groups(report)[level]:
            table.add_row(Text(finding.rule.name, style=_STYLES[level]), Text(finding.message))
    for name, found in _by_rule(report.undecided).items():
        table.add_row(Text(name, style=_STYLES["undecided"]), Text(f"not decided for {len(found)}: {found[0].message}"))
    if table.rows:
        console.print(table)
    console.print(Text(report.summary))


def _visible(value: Any) -> Any:
    if isinstance(value, Secret) or value == LATER:
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _visible(item) for key, item in value.items()}
    return [_visible(item) for item in value] if isinstance(value, list) else value


def _groups(report: Report) -> dict[str, tuple[Finding, ...]]:
    return {"mandatory": report.mandatory, "advisory": report.advisory, "undecided": report.undecided}


def _by_rule(found: Iterable[Finding]) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for finding in found:
        groups.setdefault(finding.rule.name, []).append(finding)
    return groups


def _as_json(finding: Finding) -> dict[str, str]:
    return {"rule": finding.rule.name, "urn": finding.subject.urn, "message": finding.message}

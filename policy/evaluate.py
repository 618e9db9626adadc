"""Asks rules about resources and collects what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from policy.model import ResourceRule, Rule, Stack, StackRule, Subject, UndecidedError


@dataclass(frozen=True)
class Finding:
    """What one rule says about one resource."""

    rule: Rule
    subject: Subject
    text: str
    decided: bool = True
    """False where the rule could not see what it needs: `text` then names that."""

    @property
    def message(self) -> str:
        """For people: which resource, what is wrong, what is allowed."""
        said = self.text if self.decided else f"cannot be decided before it is created: {self.text} is not known"
        return f"{self.subject}: {said}"


def about(rule: Rule, subject: Subject, stack: Stack) -> Iterator[Finding]:
    """What the rule says about the resource."""
    try:
        for text in _said(rule, subject, stack):
            yield Finding(rule, subject, text)
    except UndecidedError as undecided:
        yield Finding(rule, subject, undecided.what, decided=False)


def findings(rules: Iterable[Rule], stack: Stack) -> Iterator[Finding]:
    """What the rules say about a whole stack, rule by rule."""
    for rule in rules:
        for subject in stack.subjects:
            yield from about(rule, subject, stack)


def _said(rule: Rule, subject: Subject, stack: Stack) -> Iterable[str]:
    match rule:
        case ResourceRule():
            return rule.check(subject)
        case StackRule():
            return rule.check(subject, stack)
    raise TypeError(f"{rule.name} is neither a rule about a resource nor one about a stack")

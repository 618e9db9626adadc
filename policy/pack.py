"""The rules as policies of Pulumi's own policy SDK. What they say is decided in `policy.rules`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policy.evaluate import Finding, about, findings
from policy.model import UNKNOWN, ResourceRule, Rule, Stack, StackRule, Subject
from policy.rules import RULES

NAME = "ai-compute-center"
UNDECIDED = "not-decided"
"""Resources about which a rule could not decide yet, since a value is known only once something is created."""


def policies(rules: Iterable[Rule] = RULES) -> list[Policy]:
    """A policy for each rule, and one each, for resources and the stack, that says what no rule could decide."""
    rules = tuple(rules)
    of_resource = tuple(rule for rule in rules if isinstance(rule, ResourceRule))
    of_stack = tuple(rule for rule in rules if isinstance(rule, StackRule))
    advisory = EnforcementLevel.ADVISORY
    return [
        *(_policy(rule) for rule in rules),
        ResourceValidationPolicy(
            UNDECIDED,
            "Every rule about a resource can be decided.",
            lambda args, report: _report(_of_resource(args, of_resource), report, decided=False),
            advisory,
        ),
        StackValidationPolicy(
            f"{UNDECIDED}-of-stack",
            "Every rule about the stack can be decided.",
            lambda args, report: _report(findings(of_stack, _stack(args)), report, decided=False),
            advisory,
        ),
    ]


def _policy(rule: Rule) -> Policy:
    level = EnforcementLevel(rule.enforcement)
    if isinstance(rule, ResourceRule):
        return ResourceValidationPolicy(
            rule.name,
            rule.description,
            lambda args, report: _report(_of_resource(args, [rule]), report, decided=True),
            level,
        )
    return StackValidationPolicy(
        rule.name,
        rule.description,
        lambda args, report: _report(findings([rule], _stack(args)), report, decided=True),
        level,
    )


def _of_resource(args: ResourceValidationArgs, rules: Iterable[Rule]) -> Iterable[Finding]:
    subject = Subject(args.resource_type, args.name, args.urn, plain(args.props), bool(args.opts.protect))
    alone = Stack((subject,))
    return (finding for rule in rules for finding in about(rule, subject, alone))


def _stack(args: StackValidationArgs) -> Stack:
    return Stack(tuple(_subject(resource) for resource in args.resources))


def _subject(resource: PolicyResource) -> Subject:
    return Subject(
        resource.resource_type,
        resource.name,
        resource.urn,
        plain(resource.props),
        bool(resource.opts.protect),
        frozenset(other.urn for other in resource.dependencies),
    )


def _report(found: Iterable[Finding], report: ReportViolation, *, decided: bool) -> None:
    for finding in found:
        if finding.decided is decided:
            text = finding.message if decided else f"{finding.rule.name}: {finding.message}"
            report(text, finding.subject.urn)


def plain(found: Any) -> Any:
    """Properties without the SDK's proxies, which raise an error wherever an unknown value is touched."""
    if isinstance(found, Mapping):
        return {key: _item(found, key) for key in found}
    if isinstance(found, str) or not hasattr(found, "__getitem__"):
        return found
    return [_item(found, index) for index in range(len(found))]


def _item(holder: Any, key: Any) -> Any:
    try:
        return plain(holder[key])
    except UnknownValueError:
        return UNKNOWN

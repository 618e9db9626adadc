"""The rules as policies of Pulumi's SDK: the same words as offline, and no trap in its proxies."""

from __future__ import annotations

import runpy
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from aicc.paths import REPO
from policy.evaluate import findings
from policy.model import ResourceRule, Subject
from policy.pack import UNDECIDED, policies
from policy.rules import RULES
from tests.policy.build import Case, center, subject
from tests.policy.cases import CASES
from tests.policy.tokens import EKS, NAS, OSS

PACK = {policy.name: policy for policy in policies()}
RULE = {rule.name: rule for rule in RULES}


def options(found: Subject) -> PolicyResourceOptions:
    return PolicyResourceOptions(found.protect, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])


def resource(found: Subject) -> PolicyResource:
    props = unknown_checking_proxy(dict(found.props))
    return PolicyResource(found.type, props, found.urn, found.name, options(found), None, None, [], {})


def run(policy: Policy, subjects: tuple[Subject, ...]) -> list[tuple[str, str | None]]:
    """What a policy reports: message and URN."""
    reported: list[tuple[str, str | None]] = []

    def report(message: str, urn: str | None = None) -> None:
        reported.append((message, urn))

    if isinstance(policy, ResourceValidationPolicy):
        for found in subjects:
            props = unknown_checking_proxy(dict(found.props))
            policy.validate(
                ResourceValidationArgs(found.type, props, found.urn, found.name, options(found), None), report
            )
        return reported
    resources = {found.urn: resource(found) for found in subjects}
    for found in subjects:
        resources[found.urn].dependencies += [resources[urn] for urn in found.dependencies if urn in resources]
    policy.validate(StackValidationArgs(list(resources.values())), report)
    return reported


@pytest.mark.parametrize("case", CASES, ids=str)
def test_pulumi_is_told_what_aicc_is_told(case: Case) -> None:
    offline = [(finding.message, finding.subject.urn) for finding in findings([RULE[case.rule]], case.stack)]
    assert run(PACK[case.rule], case.subjects) == offline


def test_every_rule_is_a_policy_with_its_enforcement() -> None:
    assert list(PACK) == [*RULE, UNDECIDED, f"{UNDECIDED}-of-stack"]
    for name, rule in RULE.items():
        assert PACK[name].description == rule.description
        assert PACK[name].enforcement_level == EnforcementLevel(rule.enforcement)
        assert isinstance(PACK[name], ResourceValidationPolicy) == isinstance(rule, ResourceRule)


@pytest.mark.parametrize(
    ("rule", "props"),
    [
        ("encrypted-at-rest", {"encryptType": UNKNOWN_STRING_VALUE}),
        ("api-server-private-or-listed", {"vpcConfig": {"publicAccessCidrs": [UNKNOWN_STRING_VALUE]}}),
        ("api-server-private-or-listed", {"vpcConfig": {"publicAccessCidrs": UNKNOWN_STRING_VALUE}}),
    ],
)
def test_unknown_values_are_reported_as_not_decided_and_only_there(rule: str, props: dict[str, Any]) -> None:
    found = subject(NAS if rule == "encrypted-at-rest" else EKS, props)
    assert run(PACK[rule], (found,)) == []
    assert [text for text, _ in run(PACK[UNDECIDED], (found,)) if text.startswith(f"{rule}: ")]
    assert PACK[UNDECIDED].enforcement_level == EnforcementLevel.ADVISORY


def test_what_the_stack_cannot_decide_is_reported_for_the_stack() -> None:
    switch = subject("alicloud:vpc/switch:Switch", {"zoneId": UNKNOWN_STRING_VALUE})
    [(text, urn)] = run(PACK[f"{UNDECIDED}-of-stack"], (center(), switch))
    assert (text.partition(":")[0], urn) == ("resources-in-allowed-regions", switch.urn)


def test_no_module_of_the_pack_hides_one_of_python_s_own() -> None:
    """Pulumi starts the pack in its own folder, which is then first on the path."""
    assert {path.stem for path in (REPO / "policy").iterdir()} & sys.stdlib_module_names == set()


def test_the_example_of_a_policy_is_a_policy(tmp_path: Path) -> None:
    page = (REPO / "docs" / "howto" / "add-a-policy.md").read_text(encoding="utf-8")
    source = textwrap.dedent(page.split("   ```python\n")[1].split("   ```\n")[0])
    (tmp_path / "example.py").write_text(source, encoding="utf-8")
    [rule] = runpy.run_path(str(tmp_path / "example.py"))["RULES"]
    [policy, *_] = policies([rule])
    assert run(policy, (subject(OSS, {"versioning": {"status": "Enabled"}}),)) == []
    [(text, _)] = run(policy, (subject(OSS),))
    assert text == "Bucket it (alicloud): keeps no old versions; versioning.status must be Enabled"

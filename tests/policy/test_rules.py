"""Every rule, by itself: what it passes, what it fails, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.evaluate import Finding, findings
from policy.model import UNKNOWN, Stack, Subject
from policy.read import is_world
from policy.rules import RULES
from tests.policy.build import Case, center, pod, subject
from tests.policy.cases import CASES
from tests.policy.tokens import ACK, EKS, NAS, OSS, S3

BY_NAME = {rule.name: rule for rule in RULES}


def said(case: Case) -> list[Finding]:
    return list(findings([BY_NAME[case.rule]], case.stack))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_says_what_is_wrong_and_nothing_else(case: Case) -> None:
    found = said(case)
    assert all(finding.decided for finding in found)
    assert len(found) == len(case.says), [finding.message for finding in found]
    for finding, part in zip(found, case.says, strict=True):
        assert part in finding.message


def test_every_rule_has_a_passing_and_a_failing_case() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert {case.rule for case in CASES if not case.says} == set(names)
    assert {case.rule for case in CASES if case.says} == set(names)


@pytest.mark.parametrize("case", [case for case in CASES if case.says], ids=str)
def test_a_message_names_the_resource_what_is_wrong_and_what_is_allowed(case: Case) -> None:
    for finding in said(case):
        kind = finding.subject.type.rpartition(":")[2]
        assert finding.message.startswith(f"{kind} {finding.subject.name} (")
        allowed = r" must | may\b| list the addresses |give it |name the accounts|allows |declare |has accelerators"
        assert re.search(allowed, finding.message) or "; unknown: " in finding.message


def test_names_and_descriptions_are_fit_for_a_list() -> None:
    for rule in RULES:
        assert re.fullmatch(r"[a-z][a-z-]{3,}[a-z]", rule.name)
        assert rule.description.endswith(".")
        assert len(rule.description) < 80


@pytest.mark.parametrize(
    ("rule", "found", "what"),
    [
        ("encrypted-at-rest", subject(NAS, {"encryptType": UNKNOWN}), "encryptType"),
        (
            "encrypted-at-rest",
            subject("aws:ec2/launchTemplate:LaunchTemplate", {"blockDeviceMappings": UNKNOWN}),
            "block",
        ),
        ("api-server-private-or-listed", subject(EKS, {"vpcConfig": UNKNOWN}), "vpcConfig.endpointPublicAccess"),
        (
            "traffic-in-listed",
            subject("alicloud:nas/accessRule:AccessRule", {"sourceCidrIp": UNKNOWN}),
            "sourceCidrIp",
        ),
        ("tags-required", subject(OSS, {"tags": UNKNOWN}), "tags"),
        ("host-isolation", pod(containers=[UNKNOWN]), "containers"),
        (
            "host-isolation",
            subject("kubernetes:apps/v1:Deployment", {"metadata": {}, "spec": {"template": UNKNOWN}}),
            "template",
        ),
        ("images-by-digest", pod(), "ai-compute-center:index:Center"),
        ("region-allowed", center(region=None, limits={"regions": ["cn-shanghai"]}), "region"),
    ],
)
def test_what_a_rule_cannot_see_is_neither_passed_nor_failed(rule: str, found: Subject, what: str) -> None:
    by_tag = pod(containers=[{"name": "main", "image": "a:1"}])
    subjects = (by_tag,) if rule == "images-by-digest" else (found,)
    [finding] = said(Case(rule, subjects))
    assert not finding.decided
    assert what in finding.text
    assert "cannot be decided before it is created" in finding.message


def test_a_key_that_is_known_only_later_is_a_key() -> None:
    cluster = subject(ACK, {"encryptionProviderKey": UNKNOWN, "disableEncryption": False})
    assert said(Case("kubernetes-secrets-encrypted", (cluster,))) == []


def test_what_is_known_of_a_list_is_said_even_where_the_rest_is_not() -> None:
    wide = subject(EKS, {"vpcConfig": {"publicAccessCidrs": ["0.0.0.0/0", UNKNOWN]}})
    first, second = said(Case("api-server-private-or-listed", (wide,)))
    assert (first.decided, second.decided) == (True, False)


@given(st.integers(0, 32), st.ip_addresses(v=4))
def test_the_world_cut_in_pieces_is_still_the_world(bits: int, address: Any) -> None:
    assert is_world(f"{address}/{bits}") is (bits < 8)


@given(st.integers(0, 128), st.ip_addresses(v=6))
def test_the_newer_world_too(bits: int, address: Any) -> None:
    assert is_world(f"{address}/{bits}") is (bits < 16)


def test_no_rule_fails_on_resources_that_it_does_not_know() -> None:
    stranger = subject("random:index/randomId:RandomId", {"byteLength": 4})
    assert list(findings(RULES, Stack((center(), stranger)))) == []


@pytest.mark.parametrize("kind", sorted({case.subjects[-1].type for case in CASES}))
def test_no_rule_breaks_on_a_resource_without_properties(kind: str) -> None:
    assert all(finding.message for finding in findings(RULES, Stack((subject(kind, {}),))))


def test_no_message_holds_a_secret() -> None:
    word = "hunter2"
    props = {"data": {"password": word}, "stringData": {"password": word}, "password": word, "userData": word}
    stack = Stack(tuple(subject(kind, props, name=kind) for kind in ("kubernetes:core/v1:Secret", *_kinds())))
    assert [finding for finding in findings(RULES, stack) if word in finding.message] == []


def _kinds() -> Iterator[str]:
    yield from (S3, EKS, ACK, NAS, "alicloud:cs/nodePool:NodePool", "aws:ec2/launchTemplate:LaunchTemplate")

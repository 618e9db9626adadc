"""The whole pack over every stack that has a file, and the report that `aicc policy` prints."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from rich.console import Console

from aicc.commands import policy
from aicc.offline.graph import Graph
from aicc.offline.record import Resource, plain
from aicc.offline.values import LATER, Secret
from infra.catalogue import load
from infra.config.models import Limits
from infra.declaration import TYPE, properties
from infra.estimate import estimate
from infra.plan import CenterPlan
from policy.model import UNKNOWN
from tests.policy.tokens import NAS, OSS
from tests.support.graphs import STACKS

# The clouds' SDKs warn of modules of their own when they are imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.parametrize("name", sorted(STACKS))
def test_no_stack_violates_a_mandatory_rule(name: str, stack_graphs: Mapping[str, Graph]) -> None:
    report = policy.check(stack_graphs[name])
    assert [finding.message for finding in report.mandatory] == []
    assert report.passes
    assert report.resources > 50


@pytest.mark.parametrize(
    "name", sorted(name for name in STACKS if name.startswith(("alicloud", "aws", "azure", "gcp")))
)
def test_the_rules_know_the_resources_of_every_cloud(name: str, stack_graphs: Mapping[str, Graph]) -> None:
    """With nothing said about any of them, a rule that passes is one that does not know them."""
    graph = stack_graphs[name]
    bare = [item if item.type == TYPE else replace(item, inputs={}, protect=False) for item in graph.resources]
    broken = {finding.rule.name for finding in policy.violations(bare)}
    assert broken >= {
        "api-server-private-or-listed",
        "buckets-private",
        "kubernetes-secrets-encrypted",
        "nodes-private" if name.startswith("gcp") else "encrypted-at-rest",
        "own-keys",
        "stateful-protected",
        "tags-required",
    }


def test_a_bucket_that_is_opened_is_found_in_its_stack(local_graph: Graph) -> None:
    opened = replace(local_graph, resources=(*local_graph.resources, made(OSS, {"acl": "public-read"})))
    report = policy.check(opened)
    assert not report.passes
    broken = {finding.rule.name for finding in report.mandatory}
    assert {"buckets-private", "buckets-stay-private", "buckets-encrypted", "stateful-protected"} <= broken


def made(type_: str, inputs: Mapping[str, object], *, protect: bool = False) -> Resource:
    return Resource(f"urn:pulumi:t::p::{type_}::it", type_, "it", "", (), custom=True, inputs=inputs, protect=protect)


def test_the_ceilings_are_held_against_what_the_program_declares(local_plan: CenterPlan) -> None:
    limits = Limits.model_validate({"monthlyCost": {"CNY": 1}, "annualTco2e": 1, "regions": ("cn-shanghai",)})
    plan = replace(local_plan, limits=limits)
    declared = plain(properties(plan, estimate(plan, load())))
    report = policy.check(Graph("local", (made(TYPE, declared),), {}))
    assert [finding.rule.name for finding in report.mandatory] == ["annual-carbon-within-ceiling"]
    unknown = [finding.text for finding in report.advisory if finding.rule.name == "monthly-cost-known"]
    assert len(unknown) == len({pool.instance for pool in plan.pools})
    assert [finding.rule.name for finding in report.undecided] == ["region-allowed"]


def test_secrets_and_later_values_are_out_of_the_rules_sight() -> None:
    inputs = {"encryptType": LATER, "kmsKeyId": Secret("key-1"), "tags": {"owner": "a", "x": [Secret("b"), LATER]}}
    [found] = policy.stack_of([made(NAS, inputs, protect=True)]).subjects
    assert found.props == {"encryptType": UNKNOWN, "kmsKeyId": UNKNOWN, "tags": {"owner": "a", "x": [UNKNOWN, UNKNOWN]}}
    assert found.protect


def test_violations_are_those_that_are_decided() -> None:
    found = policy.violations([made(NAS, {"encryptType": LATER}, protect=True)])
    assert {finding.rule.name for finding in found} == {"own-keys", "tags-required"}


def test_the_report_is_shown_to_people_and_to_programs(local_graph: Graph) -> None:
    strange = (made(NAS, {"encryptType": LATER}), made("aws:fsx/lustreFileSystem:LustreFileSystem", {}))
    report = policy.check(replace(local_graph, resources=strange))
    output = io.StringIO()
    policy.show(report, Console(file=output, width=200))
    shown = output.getvalue()
    assert "stateful-protected" in shown
    assert "own-keys" in shown
    assert "not decided for 1: FileSystem it (alicloud)" in shown
    assert report.summary in shown
    document = json.loads(json.dumps(report.as_json()))
    assert document["passes"] is False
    assert {item["rule"] for item in document["undecided"]} == {"encrypted-at-rest"}
    assert {item["rule"] for item in document["advisory"]} == {"own-keys"}


def test_a_stack_without_violations_has_a_summary_only(local_graph: Graph) -> None:
    output = io.StringIO()
    policy.show(policy.check(local_graph), Console(file=output, width=200))
    assert "0 mandatory and 0 advisory violations, 0 not decided" in output.getvalue()
    assert "what is wrong" not in output.getvalue()

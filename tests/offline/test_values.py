"""A secret reaches the cluster and nothing else; what only the cloud knows is marked as such."""

from __future__ import annotations

import json
from pathlib import Path

import pulumi
import pytest

from aicc.commands.plan import as_json
from aicc.commands.render import render
from aicc.errors import ConfigError
from aicc.offline import charts
from aicc.offline.graph import Graph
from aicc.offline.record import Resource, plain
from aicc.offline.values import LATER, MASK, Secret, has_later, has_secret, mask, reveal
from aicc.paths import REPO
from aicc.progress import reporter
from aicc.stacks import stack

CANARY = "canary-7f3b"
UNKNOWN = pulumi.output.Unknown()  # type: ignore[no-untyped-call]
URN = "urn:pulumi:local::ai-compute-center::kubernetes:core/v1:Secret::key"


def _graph() -> Graph:
    wrapped = pulumi.runtime.rpc.wrap_rpc_secret({"key": CANARY})
    inputs = plain(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": "n"}, "stringData": wrapped}
    )
    resource = Resource(URN, "kubernetes:core/v1:Secret", "key", "", (), custom=True, inputs=inputs)
    return Graph("local", (resource,), {"key": Secret(CANARY)})


def test_it_is_applied_in_clear() -> None:
    (manifest,) = _graph().manifests
    assert manifest.body["stringData"] == {"key": CANARY}
    assert manifest.secret


def test_it_is_masked_in_the_plan() -> None:
    text = json.dumps(as_json(stack("local"), _graph()))
    assert CANARY not in text
    assert MASK in text


def test_its_object_is_left_out_of_a_rendering(tmp_path: Path) -> None:
    assert render(_graph(), tmp_path) == []
    assert not any(CANARY in path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.yaml"))


def test_it_is_not_in_any_representation() -> None:
    assert CANARY not in repr(_graph())
    assert has_secret(_graph().resources[0].inputs)


def test_a_chart_may_not_be_given_one() -> None:
    inputs = {"chart": str(REPO / "charts" / "model-server"), "namespace": "n", "values": {"key": Secret(CANARY)}}
    chart = Resource(f"{URN}-chart", charts.CHART_TYPE, "release", "", (), custom=False, inputs=inputs)
    with pytest.raises(ConfigError, match="secret value") as error:
        charts.expand([chart], reporter())
    assert CANARY not in str(error.value)


def test_what_the_engine_does_not_know_yet_is_marked_wherever_it_is() -> None:
    inputs = plain({"a": [{"b": UNKNOWN}], "c": 1})
    assert inputs == {"a": [{"b": LATER}], "c": 1}
    assert has_later(inputs)
    assert has_later(Secret(inputs))
    assert not has_later({"a": [1, None, "known"], "c": Secret("x")})


def test_an_object_that_waits_for_the_cloud_is_known_to_be_incomplete() -> None:
    """Only the engine can finish it: it is neither applied offline nor written to a rendering."""
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}}
    whole = Resource(URN, "kubernetes:core/v1:ConfigMap", "a", "", (), custom=True, inputs=inputs)
    part = Resource(f"{URN}2", "kubernetes:core/v1:ConfigMap", "b", "", (), True, {**inputs, "data": {"id": LATER}})
    found = {item.urn: item.incomplete for item in Graph("x", (whole, part), {}).manifests}
    assert found == {whole.urn: False, part.urn: True}


def test_masking_and_revealing_change_nothing_else() -> None:
    value = {"a": [Secret({"b": Secret(1)}), 2], "c": LATER}
    assert reveal(value) == {"a": [{"b": 1}, 2], "c": LATER}
    assert mask(value) == {"a": [MASK, 2], "c": LATER}

"""A secret reaches the cluster and nothing else."""

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
from aicc.offline.secrets import MASK, Secret, has_secret
from aicc.paths import REPO
from aicc.progress import reporter
from aicc.stacks import stack

CANARY = "canary-7f3b"
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

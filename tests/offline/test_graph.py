from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicc.offline.charts import CHART_TYPE
from aicc.offline.graph import Graph, layer_of, ordered
from aicc.offline.record import Resource, record
from aicc.paths import REPO
from infra.config.load import KEY, raw_config

COMPONENT = "urn:pulumi:x::ai-compute-center::ai-compute-center:layers:Serving"
BEFORE = Path.cwd()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


def plan_json(seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "aicc", "plan", "--json"],
        cwd=REPO,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_every_process_makes_the_same_plan_to_the_byte() -> None:
    """Whatever the order of sets, of concurrent registrations and of protobuf's maps."""
    first, *others = [plan_json(seed) for seed in ("0", "1", "42", "4294967295", "random")]
    assert len(json.loads(first)["resources"]) > 60
    for other in others:
        assert other == first


@st.composite
def recorded(draw: st.DrawFn) -> list[Resource]:
    """Objects and charts with some objects each, in any order, where each depends on some that are made before it."""
    made: list[Resource] = []
    found: list[Resource] = []
    for index in range(draw(st.integers(min_value=1, max_value=12))):
        needs = tuple(sorted(draw(st.sets(st.sampled_from([item.urn for item in made]))))) if made else ()
        if draw(st.booleans()):
            made.append(_object(f"o{index}", COMPONENT, needs))
        else:
            chart = Resource(
                f"{COMPONENT}${CHART_TYPE}::c{index}", CHART_TYPE, f"c{index}", COMPONENT, needs, False, {}
            )
            count = draw(st.integers(min_value=1, max_value=3))
            found += [_object(f"c{index}:{child}", chart.urn, needs) for child in range(count)]
            made.append(chart)
    return draw(st.permutations([*made, *found]))


def _object(name: str, parent: str, needs: tuple[str, ...]) -> Resource:
    kind = "kubernetes:core/v1:ConfigMap"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    return Resource(f"{parent}${kind}::{name}", kind, name, parent, needs, True, body)


@given(recorded())
def test_an_object_comes_in_the_wave_right_after_all_it_depends_on(resources: list[Resource]) -> None:
    waves = {manifest.urn: manifest.wave for manifest in Graph("x", tuple(resources), {}).manifests}
    for resource in resources:
        if resource.urn in waves:
            assert waves[resource.urn] == max((waves[urn] + 1 for urn in needed(resource, resources)), default=0)


def needed(resource: Resource, resources: list[Resource]) -> list[str]:
    """The objects that a resource depends on, a chart standing for what it renders to."""
    return [
        urn
        for need in resource.dependencies
        for urn in ([item.urn for item in resources if item.parent == need] or [need])
    ]


def test_the_local_stack_s_waves_are_those_of_its_layers(local_graph: Graph) -> None:
    waves: dict[str, set[int]] = {}
    for manifest in local_graph.manifests:
        waves.setdefault(manifest.layer, set()).add(manifest.wave)
    assert max(waves["foundation"]) < min(waves["tenancy"])
    assert max(waves["tenancy"] | waves["accelerators"]) < min(waves["serving"])


def test_manifests_are_in_the_order_of_their_waves(local_graph: Graph) -> None:
    assert [item.wave for item in local_graph.manifests] == sorted(item.wave for item in local_graph.manifests)


def test_counts_are_of_every_object(local_graph: Graph) -> None:
    assert sum(sum(counts.values()) for counts in local_graph.counts.values()) == len(local_graph.manifests)


def test_a_resource_outside_every_layer_belongs_to_the_cloud() -> None:
    urn = "urn:pulumi:x::ai-compute-center::alicloud:cs/managedKubernetes:ManagedKubernetes::cluster"
    cluster = Resource(urn, "alicloud:cs/managedKubernetes:ManagedKubernetes", "cluster", "", (), True, {})
    graph = Graph("x", (cluster,), {})
    assert layer_of(cluster) == "cloud"
    assert graph.cloud_resources == [cluster]
    assert graph.manifests == ()
    assert graph.counts == {"cloud": {cluster.type: 1}}


def test_an_object_is_written_as_people_write_it() -> None:
    body = {
        "spec": {"b": 1, "a": [{"value": "v", "name": "n"}]},
        "metadata": {"labels": {}, "name": "n"},
        "kind": "K",
        "apiVersion": "v1",
        "data": {},
    }
    assert json.dumps(ordered(body)) == json.dumps(
        {
            "apiVersion": "v1",
            "kind": "K",
            "metadata": {"name": "n", "labels": {}},
            "data": {},
            "spec": {"a": [{"name": "n", "value": "v"}], "b": 1},
        }
    )


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_ordering_changes_nothing_and_is_stable(body: dict[str, Any]) -> None:
    assert ordered(body) == body
    assert json.dumps(ordered(dict(reversed(body.items())))) == json.dumps(ordered(body))


def test_a_centre_that_is_not_valid_ends_the_program_with_its_issues() -> None:
    """The Pulumi CLI shows a RunError without a traceback."""
    with pytest.raises(pulumi.RunError, match='name: "NOT A NAME" is not well formed') as refusal:
        record("x", {KEY: {"name": "NOT A NAME"}})
    assert "nothing was changed" in str(refusal.value)


def test_a_stack_without_a_centre_says_where_it_belongs() -> None:
    with pytest.raises(pulumi.RunError, match=f"config.{KEY}: is missing"):
        record("x", {})


def test_the_program_runs_again_in_the_same_process(local_graph: Graph) -> None:
    """The SDK keeps its settings in globals; a second run, and one after a failed run, starts afresh."""
    again = record("other", raw_config(REPO / "Pulumi.local.yaml"))
    charts = {item.urn for item in local_graph.resources if item.type == CHART_TYPE}
    expected = {item.urn for item in local_graph.resources if item.parent not in charts}
    assert {item.urn.replace("urn:pulumi:other:", "urn:pulumi:local:") for item in again.resources} == expected
    assert Path.cwd() == BEFORE

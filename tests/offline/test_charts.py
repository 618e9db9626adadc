"""Charts by the real helm, with a cache of the test's own."""

from __future__ import annotations

import json
import shutil
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aicc import toolbox
from aicc.errors import ConfigError
from aicc.offline import charts
from aicc.offline.charts import CHART_TYPE, expand
from aicc.offline.helm import Release, render_alone, render_together
from aicc.offline.record import Resource
from aicc.paths import CHARTS
from aicc.progress import reporter
from infra.layers.serving import values
from infra.plan import CenterPlan, ModelPlan

CHART = CHARTS / "model-server"

HEAD = "urn:pulumi:local::ai-compute-center::ai-compute-center:layers:Serving$kubernetes:helm.sh/v4:Chart"


def chart_of(model: ModelPlan, chart: Path = CHART, **changes: Any) -> Resource:
    inputs = {"chart": str(chart), "namespace": model.namespace, "values": {**values(model), **changes}}
    return Resource(f"{HEAD}::{model.release}", CHART_TYPE, model.release, "parent", ("first",), False, inputs)


@pytest.fixture(scope="session")
def helm() -> Path:
    return toolbox.ensure(["helm"], reporter())["helm"]


@pytest.fixture
def cache(tmp_path: Path, helm: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of renderings; helm is on PATH."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(helm.parent), prepend=":")
    return tmp_path / "aicc" / "charts"


@pytest.fixture
def model(local_plan: CenterPlan) -> ModelPlan:
    return local_plan.models[0]


def objects(resource: Resource) -> list[Resource]:
    return expand([resource], reporter())[1:]


def only(cache: Path) -> Path:
    [entry] = cache.iterdir()
    return entry


def test_a_chart_is_followed_by_its_objects_as_the_provider_names_them(cache: Path, model: ModelPlan) -> None:
    chart = chart_of(model)
    found, *children = expand([chart], reporter())
    assert found == chart
    deployment = next(child for child in children if child.type == "kubernetes:apps/v1:Deployment")
    assert deployment.name == f"{model.release}:{model.namespace}/{model.release}"
    assert deployment.urn == f"{HEAD}$kubernetes:apps/v1:Deployment::{deployment.name}"
    for child in children:
        assert (child.parent, child.dependencies, child.custom) == (chart.urn, ("first",), True)


def test_a_cached_rendering_is_used_as_it_is(cache: Path, model: ModelPlan) -> None:
    rendered = objects(chart_of(model))
    assert objects(chart_of(model)) == rendered
    entry = only(cache)
    entry.write_text("[]", encoding="utf-8")
    assert objects(chart_of(model)) == []


@pytest.mark.parametrize("damage", [b"", b"[{", b"\xff\x00", b"null", b"{}", b'"text"'])
def test_a_corrupted_rendering_is_made_again(cache: Path, model: ModelPlan, damage: bytes) -> None:
    rendered = objects(chart_of(model))
    entry = only(cache)
    entry.write_bytes(damage)
    assert objects(chart_of(model)) == rendered
    assert len(json.loads(entry.read_text(encoding="utf-8"))) == len(rendered)


def test_a_rendering_is_kept_for_exactly_what_it_was_made_from(cache: Path, model: ModelPlan, tmp_path: Path) -> None:
    copies = [tmp_path / name / CHART.name for name in ("same", "changed")]
    for copy in copies:
        shutil.copytree(CHART, copy)
    with (copies[1] / "values.yaml").open("a", encoding="utf-8") as file:
        file.write("# a comment\n")
    base = Release(model.release, model.namespace, CHART, values(model))
    keys = [
        base.key,
        replace(base, name="model-other").key,
        replace(base, namespace="tenant-other").key,
        replace(base, values={**base.values, "drainSeconds": 31}).key,
        replace(base, chart=copies[1]).key,
    ]
    assert len(set(keys)) == len(keys)
    assert replace(base, chart=copies[0], values=dict(reversed(list(base.values.items())))).key == base.key


def test_the_cache_is_private_and_bounded(cache: Path, model: ModelPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "MAX_CACHED", 2)
    for seconds in range(30, 34):
        objects(chart_of(model, drainSeconds=seconds))
    assert len(list(cache.iterdir())) == 2
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_a_chart_that_refuses_its_values_is_an_error_with_helm_s_message(cache: Path, model: ModelPlan) -> None:
    with pytest.raises(ConfigError) as refusal:
        objects(chart_of(model, replicas={"min": 3, "max": 2}))
    assert "chart model-server refuses the values of model-qwen3-32b" in refusal.value.message
    assert "replicas.min is 3, which is more than replicas.max (2)" in refusal.value.message
    assert list(cache.iterdir()) == []


def test_among_many_the_release_that_is_refused_is_named(cache: Path, local_plan: CenterPlan) -> None:
    good, bad = local_plan.models[:2]
    with pytest.raises(ConfigError, match=f"refuses the values of {bad.release}: ") as refusal:
        expand([chart_of(good), chart_of(bad, engine="tensorrt")], reporter())
    assert "'vllm', 'sglang'" in refusal.value.message


def test_a_chart_that_is_not_there_is_an_error(cache: Path, model: ModelPlan) -> None:
    with pytest.raises(ConfigError, match="model-server"):
        objects(chart_of(model, chart=CHARTS / "absent" / "model-server"))


def test_rendering_together_gives_what_rendering_alone_gives(helm: Path, local_plan: CenterPlan) -> None:
    releases = [Release(model.release, model.namespace, CHART, values(model)) for model in local_plan.models]
    assert render_together(CHART, releases, helm) == [render_alone(release, helm) for release in releases]

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from aicc import toolbox
from aicc.commands.render import INDEX, NotOursError, path_of, render
from aicc.offline.graph import Graph
from aicc.offline.values import LATER
from aicc.progress import reporter
from infra.versions import VELERO
from tests.support.kubeconform import kubeconform

WAVE = "argocd.argoproj.io/sync-wave"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "rendered"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def index(folder: Path) -> list[str]:
    document: dict[str, Any] = yaml.safe_load((folder / INDEX).read_text(encoding="utf-8"))
    assert document["kind"] == "Kustomization"
    resources: list[str] = document["resources"]
    return resources


def without(graph: Graph, layer: str) -> Graph:
    """The stack without one layer, as a later version of it could be."""
    kept = tuple(item for item in graph.resources if f":layers:{layer.capitalize()}" not in item.urn)
    return Graph(graph.stack, kept, graph.outputs)


def test_there_is_one_file_for_each_object_with_the_object_in_it(local_graph: Graph, out: Path) -> None:
    written = render(local_graph, out)
    assert len(set(written)) == len(local_graph.manifests)
    for path, manifest in zip(written, local_graph.manifests, strict=True):
        assert path == out / path_of(manifest)
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        annotations = body["metadata"].pop("annotations", {})
        assert annotations.pop(WAVE, None) == ("1" if manifest.layer == "serving" else None)
        assert body | {"metadata": body["metadata"] | ({"annotations": annotations} if annotations else {})} == (
            manifest.body
        )


def test_models_come_in_a_later_wave_only_where_weights_are_fetched(local_graph: Graph, out: Path) -> None:
    render(without(local_graph, "weights"), out)
    assert not [name for name, content in files(out).items() if WAVE.encode() in content]


def test_the_index_names_every_file_in_dependency_order(local_graph: Graph, out: Path) -> None:
    render(local_graph, out)
    waves = {str(path_of(manifest)): manifest.wave for manifest in local_graph.manifests}
    named = index(out)
    assert set(named) == set(waves) == set(files(out)) - {INDEX}
    assert [waves[name] for name in named] == sorted(waves.values())


def test_rendering_again_changes_nothing(local_graph: Graph, out: Path) -> None:
    render(local_graph, out)
    before = files(out)
    render(local_graph, out)
    assert files(out) == before


def test_rendering_again_removes_what_left_the_stack(local_graph: Graph, out: Path) -> None:
    render(local_graph, out)
    smaller = without(local_graph, "serving")
    render(smaller, out)
    assert len(files(out)) == len(smaller.manifests) + 1
    assert not any(name.startswith("serving/") for name in index(out))


def test_an_interrupted_rendering_is_completed_by_the_next(local_graph: Graph, out: Path) -> None:
    render(local_graph, out)
    whole = files(out)
    for path in sorted(out.rglob("*.yaml"))[::2]:
        if path.name != INDEX:
            path.unlink()
    render(local_graph, out)
    assert files(out) == whole


def test_what_others_put_beside_the_rendering_stays(local_graph: Graph, out: Path) -> None:
    render(local_graph, out)
    (out / "README.md").write_text("ours\n", encoding="utf-8")
    extra = out.parent / "common.yaml"
    extra.write_text("kind: ConfigMap\n", encoding="utf-8")
    document = (out / INDEX).read_text(encoding="utf-8")
    (out / INDEX).write_text(document.replace("resources:\n", "resources:\n- ../common.yaml\n"), encoding="utf-8")
    render(without(local_graph, "serving"), out)
    assert extra.exists()
    assert (out / "README.md").exists()


@pytest.mark.parametrize("name", ["notes.txt", INDEX, ".git/config"])
def test_a_folder_of_somebody_else_s_is_refused_before_anything_is_written(
    local_graph: Graph, out: Path, name: str
) -> None:
    foreign = out / name
    foreign.parent.mkdir(parents=True)
    foreign.write_text("resources: []\n", encoding="utf-8")
    before = files(out)
    with pytest.raises(NotOursError, match="was not written by `aicc render`") as refusal:
        render(local_graph, out)
    assert refusal.value.hint
    assert files(out) == before


def test_charts_of_others_are_named_with_their_versions_and_what_is_not_known_yet_is_left_out(
    stack_graphs: Mapping[str, Graph], out: Path
) -> None:
    graph = stack_graphs["aws-us-west-2"]
    render(graph, out)
    document = yaml.safe_load((out / INDEX).read_text(encoding="utf-8"))
    charts = {chart["releaseName"]: chart for chart in document["helmCharts"]}
    assert set(charts) == {chart.name for chart in graph.upstream_charts}
    assert charts["kueue"]["repo"] == "oci://registry.k8s.io/kueue/charts"
    assert (charts["velero"]["name"], charts["velero"]["version"]) == (VELERO.chart, VELERO.version)
    assert charts["velero"]["repo"] == VELERO.repository
    assert all(chart["skipHooks"] for chart in charts.values()), "Grafana's chart has a Pod for its test"
    left = {manifest.kind for manifest in graph.manifests if manifest.incomplete}
    assert left, "a StorageClass names a key that is not there yet"
    assert not any(LATER in path.read_text(encoding="utf-8") for path in out.rglob("*.yaml"))


def test_a_file_in_place_of_the_folder_is_refused(local_graph: Graph, out: Path) -> None:
    out.write_text("", encoding="utf-8")
    with pytest.raises(NotOursError, match="is not a folder"):
        render(local_graph, out)


def test_every_manifest_fits_kubernetes_own_schemas(local_graph: Graph, out: Path) -> None:
    kubeconform(toolbox.ensure(["kubeconform"], reporter())["kubeconform"], render(local_graph, out))


@pytest.mark.cluster
def test_kubectl_reads_the_index(local_graph: Graph, out: Path) -> None:
    render(local_graph, out)
    kubectl = toolbox.ensure(["kubectl"], reporter())["kubectl"]
    done = subprocess.run([kubectl, "kustomize", str(out)], capture_output=True, text=True, check=True)
    assert len([document for document in yaml.safe_load_all(done.stdout) if document]) == len(local_graph.manifests)

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import ValidationError

from infra.catalogue import Accelerator, Instance, load
from infra.catalogue.entry import Figure
from infra.catalogue.loader import HERE, CatalogueError
from infra.catalogue.schema import DaemonSetPlugin, Precision
from infra.config.clouds import Cloud

ACCELERATORS = sorted((HERE / "accelerators").glob("*.yaml"))
INSTANCES = sorted((HERE / "instances").glob("*.yaml"))
FIGURES = sorted(name for name, field in Accelerator.model_fields.items() if field.annotation is Figure)
REQUIRED = {
    "zhenwu-810e",
    "zhenwu-m890",
    "nvidia-a10",
    "nvidia-l20",
    "nvidia-h20",
    "nvidia-a100",
    "nvidia-a100-40g",
    "nvidia-h100",
    "nvidia-h200",
    "nvidia-b200",
    "nvidia-gb200",
    "amd-mi300x",
    "amd-mi325x",
    "ascend-910b",
    "ascend-910c",
    "google-tpu-v5e",
    "google-tpu-v6e",
    "aws-trainium2",
    "aws-inferentia2",
    "intel-gaudi3",
    "cambricon-mlu590",
    "hygon-dcu",
}


def raw(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


EVERY_INSTANCE: dict[str, Instance] = {
    f"{cloud} {name}": instance for cloud, instances in load().instances.items() for name, instance in instances.items()
}
EVERY_FIGURE: dict[str, Figure] = {
    **{f"{item.id} {name}": getattr(item, name) for item in load().accelerators.values() for name in FIGURES},
    **{
        f"{item.id} {precision}": figure
        for item in load().accelerators.values()
        for precision, figure in item.dense_tflops.items()
    },
    **{
        f"{name} price in {region}": price
        for name, instance in EVERY_INSTANCE.items()
        for region, price in instance.prices.items()
    },
}


def test_every_file_is_loaded_under_its_name() -> None:
    assert list(load().accelerators) == [path.stem for path in ACCELERATORS]
    assert list(load().instances) == [path.stem for path in INSTANCES]
    assert set(load().accelerators) >= REQUIRED


def test_instances_are_of_a_cloud_that_can_be_declared() -> None:
    union = get_args(Cloud)[0]
    kinds = {get_args(member.model_fields["kind"].annotation)[0] for member in get_args(union)}
    assert set(load().instances) <= kinds


@pytest.mark.parametrize("figure", EVERY_FIGURE.values(), ids=EVERY_FIGURE)
def test_a_figure_has_a_source_and_is_null_exactly_where_it_is_unknown(figure: Figure) -> None:
    assert figure.source.strip()
    assert (figure.value is None) == (figure.confidence == "unknown")
    assert figure.value is None or figure.value > 0, "zero would be taken for a measurement"


@pytest.mark.parametrize("figure", EVERY_FIGURE.values(), ids=EVERY_FIGURE)
def test_conflicting_figures_name_the_others(figure: Figure) -> None:
    assert (figure.confidence == "conflicting") == bool(figure.others)


@pytest.mark.parametrize("accelerator", load().accelerators.values(), ids=lambda item: item.id)
def test_half_precision_is_always_looked_up(accelerator: Accelerator) -> None:
    """It is what accelerators are compared by; where nothing was found, the file says so."""
    assert "fp16" in accelerator.dense_tflops


@pytest.mark.parametrize("accelerator", load().accelerators.values(), ids=lambda item: item.id)
def test_a_power_metric_has_a_unit_and_a_missing_one_a_reason(accelerator: Accelerator) -> None:
    exporter = accelerator.exporter
    if exporter is None:
        return
    assert exporter.name.strip()
    assert exporter.source.strip()
    assert (exporter.power_metric is None) == (exporter.power_unit is None)
    assert exporter.power_metric is not None or exporter.note


@pytest.mark.parametrize("accelerator", load().accelerators.values(), ids=lambda item: item.id)
def test_images_are_pinned_as_far_as_they_can_be(accelerator: Accelerator) -> None:
    plugin = accelerator.kubernetes.device_plugin
    if isinstance(plugin, DaemonSetPlugin):
        assert "@sha256:" in plugin.image, "it runs on every node of the accelerator"
    for engine, serving in accelerator.serving.items():
        assert ":" in serving.image.rsplit("/", 1)[-1], f"{engine}: an image without a tag is another one tomorrow"


@pytest.mark.parametrize("accelerator", load().accelerators.values(), ids=lambda item: item.id)
def test_parts_of_a_piece_are_resources_of_their_own(accelerator: Accelerator) -> None:
    kubernetes = accelerator.kubernetes
    assert len(set(kubernetes.sharing_resources)) == len(kubernetes.sharing_resources)
    assert kubernetes.resource not in kubernetes.sharing_resources
    assert all("/" in resource for resource in kubernetes.sharing_resources)


@pytest.mark.parametrize("accelerator", load().accelerators.values(), ids=lambda item: item.id)
def test_an_accelerator_can_be_placed(accelerator: Accelerator) -> None:
    kubernetes = accelerator.kubernetes
    assert "/" in kubernetes.resource, "an extended resource has a domain"
    assert kubernetes.taints, "pods without accelerators would fill its nodes"
    assert sorted(set(kubernetes.counts_per_pod)) == list(kubernetes.counts_per_pod)
    assert kubernetes.counts_per_pod[0] == 1
    assert [value for value in kubernetes.labels.values() if "{count}" not in value], "a RuntimeClass selects by these"


def test_no_two_accelerators_have_the_same_node_selector() -> None:
    """A pod for one would be placed on the other."""
    labels = [
        frozenset((key, value) for key, value in item.kubernetes.labels.items() if "{count}" not in value)
        for item in load().accelerators.values()
    ]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("instance", EVERY_INSTANCE.values(), ids=EVERY_INSTANCE)
def test_an_instance_is_whole(instance: Instance) -> None:
    assert (instance.accelerator is None) == (instance.accelerators == 0)
    assert instance.vcpu > 0
    assert instance.memory_gib > 0
    assert instance.source.strip()
    assert instance.confidence != "unknown"
    if instance.accelerator:
        accelerator = load().accelerators[instance.accelerator]
        assert instance.accelerators in accelerator.kubernetes.counts_per_pod, "a pod can have the whole node"


@pytest.mark.parametrize("path", [*ACCELERATORS, *INSTANCES], ids=lambda path: path.name)
def test_a_file_names_its_schema_for_editors(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve().is_file()


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_without_a_source_is_refused(figure: str) -> None:
    alias = str(Accelerator.model_fields[figure].alias)
    for missing in ("value", "source", "date", "confidence"):
        data = raw(ACCELERATORS[0])
        del data[alias][missing]
        with pytest.raises(ValidationError, match=missing):
            Accelerator.model_validate(data)


@pytest.mark.parametrize("precision", get_args(Precision))
def test_a_precision_without_a_source_is_refused(precision: str) -> None:
    figure = {"value": 1, "date": "2026-11-24", "confidence": "official"}
    with pytest.raises(ValidationError, match=rf"denseTflops\.{precision}\.source"):
        Accelerator.model_validate({**raw(ACCELERATORS[0]), "denseTflops": {precision: figure}})


BROKEN: dict[str, tuple[str, str]] = {
    "syntax": ("id: [", "cannot be read as YAML"),
    "no mapping": ("- zhenwu-810e\n", "is not a mapping"),
    "empty": ("", "is not a mapping"),
    "missing fields": ("id: new\nname: New\n", "Field required"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the catalogue to break."""
    return Path(shutil.copytree(HERE, tmp_path / "catalogue", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named(folder: Path, text: str, message: str) -> None:
    (folder / "accelerators" / "new.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError, match=rf"^new\.yaml: (?s:.*){message}"):
        load(folder)


def changed(path: Path, **values: Any) -> None:
    path.write_text(yaml.safe_dump({**raw(path), **values}), encoding="utf-8")


def test_an_unknown_key_is_refused_by_file(folder: Path) -> None:
    changed(folder / "accelerators" / "nvidia-h20.yaml", tdpWatts=400)
    with pytest.raises(CatalogueError, match=r"^nvidia-h20\.yaml: (?s:.*)tdpWatts(?s:.*)not permitted"):
        load(folder)


def test_an_unknown_precision_is_refused_by_file(folder: Path) -> None:
    path = folder / "accelerators" / "nvidia-h20.yaml"
    changed(path, denseTflops={"fp12": raw(path)["denseTflops"]["fp16"]})
    with pytest.raises(CatalogueError, match=r"^nvidia-h20\.yaml: (?s:.*)fp12"):
        load(folder)


def test_an_id_other_than_the_file_s_name_is_refused(folder: Path) -> None:
    changed(folder / "accelerators" / "nvidia-h20.yaml", id="nvidia-h21")
    with pytest.raises(CatalogueError, match=r"^nvidia-h20\.yaml: id is 'nvidia-h21'"):
        load(folder)


def test_an_instance_with_an_accelerator_that_has_no_file_is_refused(folder: Path) -> None:
    (folder / "accelerators" / "ascend-910b.yaml").unlink()
    with pytest.raises(CatalogueError, match=r"^local\.yaml: sim\.ascend-910b\.8x has accelerator 'ascend-910b'"):
        load(folder)


def test_an_instance_with_an_unknown_key_is_refused_by_file(folder: Path) -> None:
    changed(folder / "instances" / "local.yaml", broken={"vcpus": 4})
    with pytest.raises(CatalogueError, match=r"^local\.yaml: "):
        load(folder)


def test_the_catalogue_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load().accelerators["zhenwu-810e"].name = "other"  # type: ignore[misc]

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from aicc.paths import REPO
from infra.catalogue import Instance, load
from infra.catalogue.entry import Figure
from infra.catalogue.loader import HERE, CatalogueError
from infra.catalogue.places import Grid, Host, Operator, Region, Service
from infra.catalogue.schema import Price

CATALOGUE = load()
FILES = sorted(path for kind in ("instances", "services", "grids") for path in (HERE / kind).glob("*.yaml"))
FILES += [HERE / "operators.yaml", HERE / "host.yaml"]

FIGURES: dict[str, Figure] = {
    **{
        f"{name} {year}": figure
        for name, grid in CATALOGUE.grids.items()
        for year, figure in grid.gco2e_per_kwh.items()
    },
    **{f"{name} {period}": figure for name, item in CATALOGUE.operators.items() for period, figure in item.pue.items()},
    **{
        f"host {name}": getattr(CATALOGUE.host, name)
        for name, field in Host.model_fields.items()
        if field.annotation is Figure
    },
}
REGIONS: dict[str, Region] = {
    f"{cloud} {name}": region
    for cloud, service in CATALOGUE.services.items()
    for name, region in service.regions.items()
}
INSTANCES: dict[str, tuple[str, Instance]] = {
    f"{cloud} {name}": (cloud, instance)
    for cloud, instances in CATALOGUE.instances.items()
    for name, instance in instances.items()
}
PRICES: dict[str, Price] = {
    f"{name} in {region}": price
    for name, (_, instance) in INSTANCES.items()
    for region, price in instance.prices.items()
}

REQUIRED_REGIONS = {
    "alicloud": {"cn-shanghai", "cn-hangzhou", "cn-beijing", "cn-wulanchabu", "cn-zhangjiakou", "cn-shenzhen"},
    "aws": {"us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1"},
    "gcp": {"us-central1", "europe-west4", "asia-southeast1"},
    "azure": {"eastus", "westus3", "swedencentral", "southeastasia"},
}


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_a_figure_has_a_source_and_is_null_exactly_where_it_is_unknown(figure: Figure) -> None:
    assert figure.source.strip()
    assert (figure.value is None) == (figure.confidence == "unknown")
    assert figure.value is None or figure.value > 0, "zero would be taken for a measurement"


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_conflicting_figures_name_the_others_and_derived_ones_say_how(figure: Figure) -> None:
    assert (figure.confidence == "conflicting") == bool(figure.others)
    assert figure.confidence != "derived" or figure.note


@pytest.mark.parametrize(("cloud", "regions"), REQUIRED_REGIONS.items(), ids=REQUIRED_REGIONS)
def test_the_main_regions_are_known(cloud: str, regions: set[str]) -> None:
    assert regions <= set(CATALOGUE.services[cloud].regions)


@pytest.mark.parametrize("cloud", CATALOGUE.services)
def test_a_service_has_instances_with_and_without_accelerators(cloud: str) -> None:
    kinds = {instance.accelerator is None for instance in CATALOGUE.instances[cloud].values()}
    assert kinds == {True, False}


@pytest.mark.parametrize("service", CATALOGUE.services.values(), ids=CATALOGUE.services)
def test_a_newer_kubernetes_is_supported_for_longer(service: Service) -> None:
    minors = {tuple(map(int, version.split("."))): offered.until for version, offered in service.kubernetes.items()}
    ends = [minors[minor] for minor in sorted(minors) if minors[minor] is not None]
    assert ends == sorted(set(ends))  # type: ignore[type-var]


@pytest.mark.parametrize("region", REGIONS.values(), ids=REGIONS)
def test_a_region_has_a_source_and_different_zones(region: Region) -> None:
    assert region.source.strip()
    assert region.confidence != "unknown"
    assert region.zones is None or (region.zones and len(set(region.zones)) == len(region.zones))


@pytest.mark.parametrize("region", [region for region in REGIONS.values() if region.grid], ids=lambda item: item.name)
def test_the_grid_of_a_region_has_an_intensity(region: Region) -> None:
    figures = CATALOGUE.grids[str(region.grid)].gco2e_per_kwh.values()
    assert [figure for figure in figures if figure.value is not None]


@pytest.mark.parametrize("grid", CATALOGUE.grids.values(), ids=CATALOGUE.grids)
def test_an_intensity_is_in_grams_and_of_a_year_that_was_over(grid: Grid) -> None:
    """In kilograms it would be below one; coal alone is below 1,500."""
    assert grid.gco2e_per_kwh
    for year, figure in grid.gco2e_per_kwh.items():
        assert year < figure.date.year
        assert figure.value is None or 1 < figure.value < 1500


@pytest.mark.parametrize("operator", CATALOGUE.operators.values(), ids=CATALOGUE.operators)
def test_pue_is_at_least_one_and_oldest_first(operator: Operator) -> None:
    assert list(operator.pue) == sorted(operator.pue), "the estimate takes the last"
    assert all(figure.value is None or 1 <= figure.value < 3 for figure in operator.pue.values())


def test_a_busy_host_draws_more_than_an_idle_one() -> None:
    idle, peak = CATALOGUE.host.idle_watts_per_vcpu.value, CATALOGUE.host.peak_watts_per_vcpu.value
    assert idle is not None
    assert peak is not None
    assert idle < peak


@pytest.mark.parametrize("price", PRICES.values(), ids=PRICES)
def test_a_price_is_above_zero_or_unknown(price: Price) -> None:
    assert price.source.strip()
    assert (price.value is None) == (price.confidence == "unknown")
    assert price.value is None or price.value > 0


@pytest.mark.parametrize(("cloud", "instance"), INSTANCES.values(), ids=INSTANCES)
def test_an_instance_is_where_its_cloud_has_regions_and_zones(cloud: str, instance: Instance) -> None:
    offered = instance.zones or {}
    if cloud not in CATALOGUE.services:
        assert not offered
        assert not instance.prices
        return
    regions = CATALOGUE.services[cloud].regions
    assert {*offered, *instance.prices} <= set(regions)
    assert instance.zones is None or set(instance.prices) <= set(offered), "a price where it is not offered"
    for name, zones in offered.items():
        known = regions[name].zones
        assert known is None or set(zones) <= set(known)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_names_its_schema_for_editors(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve().is_file()


KINDS = ["instances/aws.yaml", "services/aws.yaml", "grids/aws.yaml", "operators.yaml", "host.yaml"]
MISTAKES: dict[str, str] = {
    "syntax": "name: [",
    "no mapping": "- us-east-1\n",
    "empty": "",
    "unknown key": "speed: 5\n",
    "unknown key within": "p5.48xlarge: {speed: 5}\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the catalogue to break."""
    return Path(shutil.copytree(HERE, tmp_path / "catalogue", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", MISTAKES.values(), ids=MISTAKES)
def test_a_broken_file_is_refused_by_name(folder: Path, kind: str, text: str) -> None:
    (folder / kind).write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError, match=rf"^{re.escape(Path(kind).name)}: "):
        load(folder)


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("operator: aws", "operator: amazon", "services/aws.yaml: operator is 'amazon', which is not in the catalogue"),
        ("grid: aws-us-west-2", "grid: oregon", "services/aws.yaml: regions.us-west-2.grid is 'oregon'"),
    ],
)
def test_a_reference_to_nothing_is_refused_by_place(folder: Path, old: str, new: str, message: str) -> None:
    replaced(folder / "services" / "aws.yaml", old, new)
    with pytest.raises(CatalogueError, match=f"^{re.escape(message)}"):
        load(folder)


@pytest.mark.parametrize("missing", ["source", "date", "confidence", "currency"])
def test_a_price_without_its_origin_is_refused(folder: Path, missing: str) -> None:
    path = folder / "instances" / "aws.yaml"
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    price = content["p5.48xlarge"]["prices"]["us-west-2"]
    content["p5.48xlarge"]["prices"]["us-west-2"] = {key: value for key, value in price.items() if key != missing}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(CatalogueError, match=rf"^aws\.yaml: (?s:.*)us-west-2\.{missing}"):
        load(folder)


def examples(page: str) -> list[Any]:
    """The YAML of a how-to page."""
    text = (REPO / "docs" / "howto" / page).read_text(encoding="utf-8")
    found = re.findall(r"^( *)```yaml\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE)
    return [yaml.safe_load(re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)) for indent, body in found]


def test_the_example_of_an_instance_fits_the_catalogue() -> None:
    instances, stack = examples("add-an-instance.md")
    for name, instance in TypeAdapter(dict[str, Instance]).validate_python(instances).items():
        assert name not in CATALOGUE.instances["alicloud"], "an example of what is there already"
        assert {*(instance.zones or {}), *instance.prices} <= set(CATALOGUE.services["alicloud"].regions)
    assert stack["pools"][0]["instance"] in instances


def test_the_examples_of_places_fit_the_catalogue() -> None:
    grids, stack, service, operators = examples("add-a-grid.md")
    assert set(TypeAdapter(dict[str, Grid]).validate_python(grids)).isdisjoint(CATALOGUE.grids)
    assert stack["config"]["ai-compute-center:center"]["green"]["grid"] in CATALOGUE.grids
    for name, region in TypeAdapter(dict[str, Region]).validate_python(service["regions"]).items():
        assert name not in CATALOGUE.services["alicloud"].regions
        assert region.grid in CATALOGUE.grids
    assert set(TypeAdapter(dict[str, Operator]).validate_python(operators)).isdisjoint(CATALOGUE.operators)

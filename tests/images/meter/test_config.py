"""The meter's configuration is read whole or refused, with the field's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from images.meter.meter.config import ConfigError, load
from tests.images.meter import examples


def test_what_is_left_out_is_unknown_and_never_zero(tmp_path: Path) -> None:
    found = examples.config(tmp_path)
    system = found.pools[1]
    assert system.host_idle_watts is None
    assert system.embodied_gco2e_per_hour is None
    assert system.price_per_hour is None
    assert system.nodes is None
    assert found.tenants[1].budget_kwh is None
    assert found.models[1].tpot_seconds is None


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("version", 2, "version: 2 is not 1"),
        ("center", None, "center: is missing"),
        ("surprise", 1, "surprise: is not a known key"),
        ("assumedUtilizationRatio", 1.5, "assumedUtilizationRatio: 1.5 is not from 0 to 1"),
        ("pue.value", 0.9, "pue.value: 0.9 is less than 1"),
        ("grid.gco2ePerKwh", 0, "grid.gco2ePerKwh: 0 is not above 0; what is unknown is left out"),
        ("grid.gco2ePerKwh", float("nan"), "grid.gco2ePerKwh: nan is not a number"),
        ("pools.0.hostIdleWatts", -3, "pools[0].hostIdleWatts: -3 is not above 0"),
        ("pools.0.hostIdleWatts", True, "pools[0].hostIdleWatts: True is not a number"),
        ("pools.0.nodeLabels", {}, "pools[0].nodeLabels: is not a mapping of labels, or is empty"),
        ("pools.0.watts", 3, "pools[0].watts: is not a known key"),
        ("pools.1.name", "zhenwu", "pools: zhenwu is there twice"),
        ("models.0.slo", None, "models[0].slo: is missing"),
        ("grid.profile", {"timeZone": "UTC", "hourly": [1.0] * 23}, "grid.profile.hourly: has 23 hours"),
        ("grid.profile", {"timeZone": "Mars/Olympus", "hourly": [1.0] * 24}, "'Mars/Olympus' is not a time zone"),
        (
            "grid.feed",
            {"url": "http://10.0.0.1/", "format": "plain", "pollSeconds": 60, "staleSeconds": 600},
            "grid.feed.url: is neither https nor on loopback",
        ),
        (
            "grid.feed",
            {"url": "https://a.example/", "format": "xml", "pollSeconds": 60, "staleSeconds": 600},
            "grid.feed.format: 'xml' is not one of plain",
        ),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, path: str, value: Any, message: str) -> None:
    found: Any = examples.document()
    *parents, last = path.split(".")
    section = found
    for part in parents:
        section = section[int(part)] if part.isdecimal() else section[part]
    if value is None:
        section.pop(last)
    else:
        section[last] = value
    with pytest.raises(ConfigError) as error:
        examples.config(tmp_path, found)
    assert message in str(error.value)
    assert "meter.yaml" in str(error.value)


@pytest.mark.parametrize("text", ["[]", "{", "\x00", ""])
def test_what_is_no_configuration_at_all_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "meter.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"meter\.yaml"):
        load(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.yaml")


def test_yaml_that_the_plan_writes_is_read(tmp_path: Path, local_plan: Any) -> None:
    path = tmp_path / "meter.yaml"
    path.write_text(yaml.safe_dump(dict(local_plan.monitoring.meter)), encoding="utf-8")
    found = load(path)
    assert {pool.name for pool in found.pools} == {pool.name for pool in local_plan.pools}
    assert found.resources == {"alibabacloud.com/ppu", "nvidia.com/gpu", "huawei.com/Ascend910"}

"""A simulated node: what its exporter says, how its energy adds up, and how it fails when told to."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from aicc.local.monitoring.simulator.allocation import Claim
from aicc.local.monitoring.simulator.curves import Rating
from aicc.local.monitoring.simulator.faults import FaultFile, parse
from aicc.local.monitoring.simulator.node import STEP_SECONDS, Node, Pool
from aicc.local.monitoring.simulator.vocabulary import EXPORTERS, exposition
from aicc.paths import REPO

START = 1_800_000_000.0
VENDORS = sorted(EXPORTERS)
NO_FAULTS = FaultFile(REPO / "there-is-no-such-file")


def node(vendor: str = "t-head", devices: int = 4, seed: str = "seed") -> Node:
    rating = Rating(57.0, 400.0, 98_304)
    return Node("n1", Pool("pool", "Some accelerator", vendor, "example.com/x", devices, rating), seed, START)


def claim(devices: int, name: str = "pod") -> Claim:
    return Claim(name, "tenant-research", name, "engine", devices, job=True)


def joules(of: Node, at: float) -> list[float]:
    return [reading.joules or 0.0 for reading in of.read(NO_FAULTS, at)]


@given(st.lists(st.floats(min_value=-3_600, max_value=36_000), min_size=2, max_size=10))
def test_energy_never_falls_whatever_the_clock_does(offsets: list[float]) -> None:
    own = node(devices=2)
    before = joules(own, START)
    for offset in offsets:
        after = joules(own, START + offset)
        assert all(new >= old for old, new in zip(before, after, strict=True))
        before = after


@given(st.lists(st.integers(min_value=1, max_value=1_800), max_size=8).map(sorted))
def test_energy_does_not_depend_on_when_it_was_asked_for(moments: list[int]) -> None:
    asked, quiet = node(devices=2), node(devices=2)
    for own in (asked, quiet):
        own.bind([claim(1)], START)
    for moment in moments:
        joules(asked, START + moment)
    assert joules(asked, START + 1_800) == joules(quiet, START + 1_800)


def test_energy_is_power_times_time() -> None:
    own = node(devices=1)
    own.bind([claim(1)], START)
    steps = [START + STEP_SECONDS * step for step in range(1, 121)]
    drawn = [reading.watts or 0.0 for at in steps for reading in own.read(NO_FAULTS, at)]
    assert joules(own, steps[-1]) == pytest.approx([sum(drawn) * STEP_SECONDS])


def test_a_machine_that_slept_adds_an_hour_at_most() -> None:
    own = node(devices=1)
    [added] = joules(own, START + 30 * 86_400)
    assert 0 < added <= 400 * 3_601


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_series_says_that_it_is_simulated_and_parses(vendor: str) -> None:
    own = node(vendor)
    own.bind([claim(1)], START)
    families = list(text_string_to_metric_families(exposition(own.samples(NO_FAULTS, START))))
    samples = [sample for family in families for sample in family.samples]
    assert samples
    assert all(sample.labels["simulated"] == "true" for sample in samples)
    assert all(math.isfinite(sample.value) and sample.value >= 0 for sample in samples)
    # As a real exporter's, no series is there twice.
    assert len({(sample.name, *sorted(sample.labels.items())) for sample in samples}) == len(samples)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_shipped_rules_read_what_exporters_say(vendor: str) -> None:
    """But for what no rule needs."""
    rules = (REPO / "charts/monitoring/rules/accelerators.yaml").read_text()
    said = {name for name, _, _ in node(vendor).samples(NO_FAULTS, START)}
    unread = {name for name in said if name not in rules and name.removeprefix("gpu_") not in rules}
    assert unread <= {
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION",
        "DCGM_FI_DEV_XID_ERRORS",
        "gpu_energy_consumed",
        "gpu_gfx_activity",
        "gpu_junction_temperature",
        "gpu_package_power",
        "npu_chip_info_health_status",
    }


def test_the_pod_is_named_on_its_devices_alone() -> None:
    own = node("nvidia")
    own.bind([claim(2)], START)
    pods = {labels["gpu"]: labels["pod"] for name, labels, _ in own.samples(NO_FAULTS, START) if name.endswith("UTIL")}
    assert pods == {"0": "pod", "1": "pod", "2": "", "3": ""}
    own.bind([], START + 60)
    busy = [value for name, _, value in own.samples(NO_FAULTS, START + 60) if name.endswith("GPU_UTIL")]
    assert busy == [0, 0, 0, 0]


def test_a_vendor_whose_exporter_is_not_known_says_nothing() -> None:
    assert list(node("google").samples(NO_FAULTS, START)) == []


@pytest.fixture
def file(tmp_path: Path) -> FaultFile:
    path = tmp_path / "faults.yaml"
    path.write_text(
        "- {node: n1, device: 0, fault: absurd}\n"
        "- {node: n1, device: 1, fault: nan}\n"
        "- {node: n1, device: 2, fault: error}\n"
        "- {node: n1, device: 3, fault: frozen}\n"
        "- {node: other, fault: zero}\n"
    )
    return FaultFile(path)


def test_faults_are_of_the_devices_that_they_name(file: FaultFile) -> None:
    own = node()
    own.bind([claim(4)], START)
    absurd, nan, error, frozen = own.read(file, START)
    assert absurd.watts is not None
    assert absurd.watts > 1.5 * 400
    assert nan.watts is not None
    assert math.isnan(nan.watts)
    assert (error.errors, absurd.errors) == (1, 0)
    later = own.read(file, START + 3_600)
    assert later[3] == frozen
    assert later[2].utilization != error.utilization
    said = {(name, labels["gpu"]): value for name, labels, value in own.samples(file, START)}
    assert said["DCGM_FI_DEV_XID_ERRORS", "2"] == 48
    assert said["DCGM_FI_DEV_XID_ERRORS", "0"] == 0


def test_an_error_stays_until_the_simulator_is_started_anew_and_the_rest_mends(file: FaultFile, tmp_path: Path) -> None:
    own = node()
    own.read(file, START)
    (tmp_path / "faults.yaml").unlink()
    mended = own.read(file, START + 60)
    assert [reading.errors for reading in mended] == [0, 0, 1, 0]
    assert all(reading.watts is not None and 0 < reading.watts < 100 for reading in mended)


def test_a_file_that_is_wrong_changes_nothing_and_is_told(file: FaultFile, tmp_path: Path) -> None:
    assert file.of("n1", 1) == {"nan"}
    (tmp_path / "faults.yaml").write_text("- {node: n1, fault: explodes}\n")
    assert file.of("n1", 1) == {"nan"}
    assert file.error is not None
    assert "'explodes' is not a fault; there are absurd, error, frozen, nan, negative, silent, zero" in file.error


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("node: n1", "not a list"),
        ("- {node: n1}", "wanted node and fault"),
        ("- {node: n1, fault: zero, divice: 1}", "wanted node and fault"),
        ("- {node: n1, fault: zero, device: -1}", "-1 is not the number of a device"),
        ("- {node: n1, fault: zero, device: true}", "True is not the number of a device"),
    ],
)
def test_what_is_wrong_with_faults_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text)

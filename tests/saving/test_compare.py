"""What must hold of every comparison, and what a stack declares and does not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aicc.saving import jobs, traffic
from aicc.saving.compare import ALL_ON, AS_IS, EVERYTHING, Assumed, Comparison, Table, busiest_rates, compare
from aicc.saving.scenarios import ways
from infra.catalogue import Catalogue
from infra.plan import CenterPlan
from tests.saving.centres import CATALOGUE, H20_PER_NODE, model, plan

IDLENESS, SCHEDULE, PACKING = "zero by idleness", "zero by schedule", "bin-packing"
MEASURED, WORST = "caps, as measured", "caps, at worst"


def compared(
    centre: CenterPlan, seed: int = 1, *, with_jobs: bool = True, catalogue: Catalogue = CATALOGUE
) -> Comparison:
    assumed = Assumed()
    kinds = {tenant.name: tenant.kind for tenant in centre.tenants}
    asked = traffic.synthetic(centre.models, kinds, busiest_rates(centre, assumed), seed)
    drawn = jobs.drawn(centre, catalogue, 24 * 3_600, seed) if with_jobs else ()
    return compare(centre, catalogue, asked, drawn, assumed)


def test_a_split_model_is_told_of_nothing_that_it_cannot_do() -> None:
    split = {"name": "apart", "replicas": None, "disaggregation": {"prefill": 1, "decode": 1}}
    apart = {key: value for key, value in model(**split).items() if value is not None}
    found = {way.name: way for way in ways(plan(1, [apart, model()]), CATALOGUE)}
    assert not [line for way in found.values() for line in way.config if "models[0]" in line]
    alone = {way.name for way in ways(plan(1, [apart]), CATALOGUE)}
    assert not {IDLENESS, SCHEDULE} & alone
    assert compared(plan(1, [apart]), with_jobs=False).tables


def by_name(table: Table) -> dict[str, Any]:
    return {row.name: row for row in table.rows}


@st.composite
def centres(draw: st.DrawFn) -> CenterPlan:
    nodes = draw(st.integers(1, 3))
    tensor, most = draw(st.sampled_from([1, 2, 4, 8])), draw(st.integers(1, 2))
    lab = draw(st.integers(0, nodes * H20_PER_NODE - tensor)) if nodes * H20_PER_NODE > tensor else 0
    fitting = min(most, (nodes * H20_PER_NODE - lab) // tensor)
    replicas = {"min": draw(st.integers(0, fitting - 1)) if fitting > 1 else 1, "max": fitting}
    served = model(parallel={"tensor": tensor}, replicas=replicas)
    return plan(nodes, [served], lab=lab, green={"utilization": draw(st.sampled_from([0, 0.3, 0.6, 1]))})


@settings(max_examples=3)
@given(centre=centres(), seed=st.integers(0, 3))
def test_what_holds_of_every_centre(centre: CenterPlan, seed: int) -> None:
    found = compared(centre, seed)
    for table in found.tables:
        rows = by_name(table)
        as_is = rows[AS_IS]
        assert as_is.delays.held.count == as_is.delays.refused == as_is.delays.later.count == as_is.delays.missed == 0
        for row in table.rows:
            assert row.used.kwh >= 0
            assert 0 <= row.used.reserved_hours <= centre.pools[0].accelerators * 168
            assert -1e-6 <= row.used.empty_hours <= centre.pools[0].nodes * 168
            assert row.delays.refused <= row.delays.held.count <= row.delays.requests
            assert row.delays.later.count + row.delays.sooner <= row.delays.jobs
        for name in (PACKING, MEASURED, WORST):
            assert rows[name].delays.held.count == 0, "nothing stops"
        for name in (IDLENESS, SCHEDULE, PACKING):
            assert rows[name].delays.longer.count == 0, "nothing is slowed"
    fixed = by_name(found.tables[0])
    assert fixed[PACKING].used.kwh == pytest.approx(fixed[AS_IS].used.kwh), "nodes stay"
    assert fixed[WORST].used.kwh == pytest.approx(fixed[AS_IS].used.kwh), "the bound saves nothing"
    assert fixed[MEASURED].used.kwh <= fixed[AS_IS].used.kwh * (1 + 1e-9)


@settings(max_examples=3)
@given(centre=centres(), seed=st.integers(0, 3))
def test_without_jobs_nothing_uses_more_by_its_own_means(centre: CenterPlan, seed: int) -> None:
    """With jobs one may: those that a model comes back to and evicts do their work twice."""
    for table in compared(centre, seed, with_jobs=False).tables:
        rows = by_name(table)
        as_is = rows[AS_IS].used
        for name in (IDLENESS, SCHEDULE):
            assert rows[name].used.kwh <= as_is.kwh * (1 + 1e-9)
            assert rows[name].used.reserved_hours <= as_is.reserved_hours + 1e-6
        assert rows[PACKING].used.kwh <= as_is.kwh * (1 + 1e-9)


def test_the_same_seed_gives_the_same_and_another_does_not() -> None:
    centre = plan(2, [model()], lab=8)
    first, again, other = (compared(centre, seed) for seed in (3, 3, 4))
    assert first == again
    assert first.tables != other.tables


def test_every_job_ends_and_not_before_it_could() -> None:
    centre = plan(2, [model()], lab=8)
    found = compared(centre)
    assert found.jobs
    assert all(job.deadline == pytest.approx(job.arrival + job.seconds + 24 * 3_600) for job in found.jobs)
    assert {job.tenant for job in found.jobs} <= {"lab", "apps"}


@cache
def declared() -> CenterPlan:
    return plan(
        2,
        [
            model(scaling={"idleSeconds": 900}),
            model(
                "office",
                replicas={"min": 0, "max": 2},
                scaling={
                    "schedules": [
                        {"start": "0 8 * * 1-5", "end": "0 20 * * 1-5", "timeZone": "Asia/Shanghai", "replicas": 2}
                    ]
                },
            ),
        ],
        pool={"powerCapWatts": 300},
        saving={"binPacking": True},
    )


@cache
def found_of_declared() -> Comparison:
    return compared(declared())


def test_what_is_declared_is_on_as_it_is_declared_and_nothing_is_asked_for() -> None:
    found = {way.name: way for way in ways(declared(), CATALOGUE)}
    assert {name for name, way in found.items() if way.is_on} == {IDLENESS, SCHEDULE, PACKING, MEASURED}
    assert all(way.config == () for way in found.values())
    assert found[IDLENESS].settings.models["chat"].idle_seconds == 900
    assert found[SCHEDULE].settings.models["office"].schedules[0].replicas == 2
    assert found[MEASURED].settings.caps == {"h20": 300}
    assert [row.name for row in found_of_declared().tables[0].rows][-1] == ALL_ON


def test_what_is_not_declared_is_what_if_with_the_config_that_turns_it_on() -> None:
    centre = plan(2, [model(replicas={"min": 1, "max": 2})])
    found = {way.name: way for way in ways(centre, CATALOGUE)}
    assert not any(way.is_on for way in found.values())
    assert found[IDLENESS].config[0].startswith("models[0].replicas.min: 0")
    assert "scaling.schedules" in found[SCHEDULE].config[0]
    zoned = next(way for way in ways(centre, CATALOGUE, "Asia/Shanghai") if way.name == SCHEDULE)
    assert "timeZone: Asia/Shanghai" in zoned.config[0]
    assert zoned.settings.models["chat"].schedules[0].time_zone == "Asia/Shanghai"
    assert found[PACKING].config == ("saving.binPacking: true",)
    assert found[MEASURED].config == ("pools[0].powerCapWatts: 280   # h20",)
    rows = by_name(compared(centre).tables[0])
    assert {row.status for name, row in rows.items() if name != AS_IS} == {"what if"}
    assert EVERYTHING in rows
    assert ALL_ON not in rows


def test_the_printed_config_turns_on_what_was_simulated() -> None:
    found = {way.name: way for way in ways(plan(2, [model(replicas={"min": 1, "max": 2})]), CATALOGUE)}
    (line,), (cap,) = found[SCHEDULE].config, found[MEASURED].config
    turned_on = plan(
        2,
        [model(scaling={"schedules": yaml.safe_load(line[line.index("[{") : line.index("}]") + 2])})],
        pool={"powerCapWatts": yaml.safe_load(cap)["pools[0].powerCapWatts"]},
        saving={"binPacking": yaml.safe_load(found[PACKING].config[0])["saving.binPacking"]},
    )
    again = {way.name: way for way in ways(turned_on, CATALOGUE)}
    assert all(again[name].is_on for name in (IDLENESS, SCHEDULE, PACKING, MEASURED))
    assert {name: way.settings for name, way in again.items()} == {name: way.settings for name, way in found.items()}


def test_the_declared_whole_is_that_of_its_parts() -> None:
    rows = by_name(found_of_declared().tables[1])
    assert rows[ALL_ON].used.kwh < min(rows[name].used.kwh for name in (AS_IS, PACKING, MEASURED))
    assert rows[ALL_ON].delays.held.count > 0
    assert rows[ALL_ON].delays.longer.count > 0


def test_a_centre_with_nothing_to_save_says_so() -> None:
    rows = [row.name for row in compared(plan(models=[])).tables[0].rows]
    assert rows == [AS_IS, PACKING, MEASURED, WORST, EVERYTHING]
    bare = replace(plan(models=[]), pools=(), tenants=())
    assert [row.name for row in compared(bare).tables[0].rows] == [AS_IS]


def test_an_unknown_grid_and_price_are_unknown_and_not_nothing() -> None:
    found = compared(replace(plan(models=[model()]), green=plan().green.model_copy(update={"grid": None, "pue": None})))
    assert {row.used.kgco2e for table in found.tables for row in table.rows} == {None}
    assert not any(row.used.at_least for table in found.tables for row in table.rows)
    assert "carbon intensity of the grid" in found.unknown
    assert "PUE: watts are the machines' alone" in found.unknown
    assert "price of sim.nvidia-h20.8x" in found.unknown
    assert all(row.used.money == {} for table in found.tables for row in table.rows)


def test_accelerators_of_unknown_power_make_a_lower_bound() -> None:
    unknown = CATALOGUE.accelerators["nvidia-h20"]
    watts = unknown.power_watts.model_copy(update={"value": None})
    accelerators = {**CATALOGUE.accelerators, "nvidia-h20": unknown.model_copy(update={"power_watts": watts})}
    centre, catalogue = plan(models=[model()]), replace(CATALOGUE, accelerators=accelerators)
    found = compared(centre, catalogue=catalogue, with_jobs=False)
    assert f"power of {unknown.name}" in found.unknown
    assert all(row.used.at_least for table in found.tables for row in table.rows)
    assert MEASURED not in by_name(found.tables[0]), "no cap can be told of it"

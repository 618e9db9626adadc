"""The estimate of small centres whose every figure is chosen, so that each result can be worked out in one's head."""

from __future__ import annotations

import pytest

from infra.catalogue import load
from infra.catalogue.entry import Figure
from infra.config.models import Green
from infra.estimate import Estimate, estimate
from infra.plan import CenterPlan
from tests.estimate.sites import KNOWN, Site, figure, pool, site

HOST_PEAK = 64 * 3.5 + 256 * 0.392
HOST_IDLE = 64 * 0.74 + 256 * 0.392


def of(found: Site) -> Estimate:
    return estimate(found.plan, found.catalogue)


def test_the_catalogue_s_host_is_known_in_full() -> None:
    host = load().host
    figures = [getattr(host, name) for name in type(host).model_fields]
    assert all(item.value is not None for item in figures if isinstance(item, Figure))


def test_money_is_the_list_price_times_nodes(local_plan: CenterPlan) -> None:
    found = of(site(local_plan, (pool("a", nodes=3),), prices={"a": (2.5, "CNY")}))
    assert found.total.as_dict()["costPerHour"] == {"CNY": 7.5}
    assert found.total.as_dict()["costPerMonth"] == {"CNY": 5475.0}
    assert [line.arithmetic for line in found.pools[0].lines][:2] == ["3 × 2.5", "7.5 × 730 h"]


def test_a_pool_that_scales_also_says_what_it_may_cost(local_plan: CenterPlan) -> None:
    found = of(site(local_plan, (pool("a", nodes=2, min_nodes=1, max_nodes=10),), prices={"a": (1.0, "USD")}))
    facts = found.total.as_dict()
    assert (facts["costPerMonth"], facts["maxCostPerMonth"]) == ({"USD": 1460.0}, {"USD": 7300.0})
    assert "per month at most" in [line.what for line in found.pools[0].lines]


def test_a_spot_price_is_unknown_although_the_list_price_is_known(local_plan: CenterPlan) -> None:
    found = of(site(local_plan, (pool("a", spot=True),), prices={"a": (1.0, "USD")}))
    assert found.total.cost.by_currency == {}
    assert found.total.unknown[0] == "spot price of type-a, which changes by the hour"


def test_a_price_of_another_region_is_none(local_plan: CenterPlan) -> None:
    known = site(local_plan, (pool("a"),))
    assert of(known).total.cost.unknown == ("price of type-a in cn-shanghai",)


def test_watts_are_at_the_meter(local_plan: CenterPlan) -> None:
    found = of(site(local_plan, (pool(nodes=10),), pue=1.5, grid=500.0)).total
    assert found.peak_watts.value == pytest.approx(10 * HOST_PEAK * 1.5)
    assert found.idle_watts.value == pytest.approx(10 * HOST_IDLE * 1.5)
    assert found.peak_watts.unknown == ()


def test_accelerators_draw_between_idle_and_their_limit(local_plan: CenterPlan) -> None:
    pools = (pool(accelerator="nvidia-h100", accelerators_per_node=8),)
    known = {"watts": {"nvidia-h100": 700.0}, "idle": {"nvidia-h100": 100.0}, "pue": 1.0}
    found = of(site(local_plan, pools, green=Green(utilization=0.5), **known)).total
    assert found.typical_watts.value - (HOST_IDLE + HOST_PEAK) / 2 == pytest.approx(8 * 400)


def test_an_idle_power_that_nobody_published_is_assumed_and_said_to_be(local_plan: CenterPlan) -> None:
    pools = (pool(accelerator="nvidia-h100", accelerators_per_node=1),)
    found = of(site(local_plan, pools, watts={"nvidia-h100": 1000.0}, pue=1.0))
    assert found.total.idle_watts.value == pytest.approx(150 + HOST_IDLE)
    line = next(line for line in found.pools[0].lines if line.what == "accelerators, idle")
    assert line.method.endswith("; idle assumed 15% of it")


def test_the_assumed_share_of_idle_power_is_near_the_known_one() -> None:
    known = KNOWN.accelerators["zhenwu-810e"]
    assert (known.idle_watts.value or 0) / (known.power_watts.value or 1) == pytest.approx(0.15, abs=0.01)


def test_carbon_is_energy_times_the_grid_s_intensity(local_plan: CenterPlan) -> None:
    found = of(site(local_plan, (pool(),), pue=1.0, grid=500.0, green=Green(utilization=1))).total
    assert found.operational_kgco2e.value == pytest.approx(HOST_PEAK * 8.76 * 0.5)
    assert found.embodied_kgco2e.value == pytest.approx(64 / 192 * 6000 / 4)


def test_a_grid_without_carbon_is_known_to_emit_nothing(local_plan: CenterPlan) -> None:
    facts = of(site(local_plan, (pool(),), pue=1.0, grid=0.0)).total.as_dict()
    assert facts["tco2ePerYear"]["operational"] == 0
    assert "tco2ePerYear.operational" not in facts["atLeast"]


def test_without_a_grid_emissions_are_unknown_and_not_nothing(local_plan: CenterPlan) -> None:
    facts = of(site(local_plan, (pool(),), pue=1.2)).total.as_dict()
    assert facts["tco2ePerYear"]["operational"] is None
    assert "carbon intensity of the grid" in facts["unknown"]


def test_what_is_declared_wins_over_the_catalogue(local_plan: CenterPlan) -> None:
    declared = Green(utilization=1, pue=2.0, grid="china-shanghai")
    found = of(site(local_plan, (pool(),), public=False, grid=100.0, green=declared)).total
    assert found.peak_watts.value == pytest.approx(2 * HOST_PEAK)
    assert found.operational_kgco2e.value == pytest.approx(2 * HOST_PEAK * 8.76 * 0.1)


def test_the_newest_known_figure_of_operator_and_grid_counts(local_plan: CenterPlan) -> None:
    known = site(local_plan, (pool(),), pue=1.1, grid=300.0)
    operator, grid = next(iter(known.catalogue.operators.values())), next(iter(known.catalogue.grids.values()))
    operator.pue.update({"2024": figure(9.0), "2026": figure(1.3), "2027": figure(None)})
    grid.gco2e_per_kwh.update({2024: figure(900.0), 2026: figure(200.0), 2027: figure(None)})
    presumed = {line.what: line for line in of(known).presumed}
    assert (presumed["PUE"].value, presumed["grid"].value) == (1.3, 200.0)
    assert presumed["grid"].arithmetic.endswith("2026")


def test_sources_that_disagree_are_named_in_the_line(local_plan: CenterPlan) -> None:
    known = site(local_plan, (pool(accelerator="nvidia-h20", accelerators_per_node=8),), watts={"nvidia-h20": 400.0})
    chip = known.catalogue.accelerators["nvidia-h20"]
    others = KNOWN.accelerators["nvidia-h20"].power_watts.others
    known.catalogue.accelerators["nvidia-h20"] = chip.model_copy(  # type: ignore[index]
        update={"power_watts": chip.power_watts.model_copy(update={"others": others})}
    )
    line = next(line for line in of(known).pools[0].lines if line.what == "accelerators, peak")
    assert f"; {others[0].value:g} by {others[0].source}" in line.method


def test_utilisation_says_whether_it_was_declared(local_plan: CenterPlan) -> None:
    methods = [
        of(site(local_plan, (pool(),), green=green)).presumed[0].method for green in (Green(), Green(utilization=0.6))
    ]
    assert methods == ["assumed: the default", "declared"]

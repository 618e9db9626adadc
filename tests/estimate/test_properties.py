"""What holds for the estimate of every centre, whatever is known about it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicc import stacks
from infra.estimate import Amount, Cost, Estimate, estimate
from infra.estimate.model import Footprint
from tests.estimate.sites import Site, sites

SITES = sites(stacks.stack("local").plan)
AMOUNTS = ("idle_watts", "typical_watts", "peak_watts", "annual_kwh", "operational_kgco2e", "embodied_kgco2e")
COSTS = ("cost", "max_cost")


def of(site: Site) -> Estimate:
    return estimate(site.plan, site.catalogue)


def values(footprint: Footprint) -> dict[str, float]:
    """Every number in it, by name."""
    found = {name: getattr(footprint, name).value for name in AMOUNTS}
    for name in COSTS:
        found |= {f"{name} {key}": value for key, value in getattr(footprint, name).by_currency.items()}
    return found


def unknowns(footprint: Footprint) -> dict[str, set[str]]:
    return {name: set(getattr(footprint, name).unknown) for name in (*AMOUNTS, *COSTS)}


def leaves(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, int | float):
        yield value


@given(SITES)
def test_the_total_is_the_sum_of_the_pools_and_lacks_what_they_lack(site: Site) -> None:
    found = of(site)
    parts = [values(pool.footprint) for pool in found.pools]
    for name, total in values(found.total).items():
        assert math.isclose(total, sum(part.get(name, 0.0) for part in parts), rel_tol=1e-9, abs_tol=1e-9)
    for name, missing in unknowns(found.total).items():
        assert missing == set().union(*(unknowns(pool.footprint)[name] for pool in found.pools))
    assert set(found.total.unknown) >= {text for pool in found.pools for text in pool.footprint.unknown}


@given(SITES)
def test_carbon_is_operational_and_embodied(site: Site) -> None:
    total = of(site).total
    assert total.annual_kgco2e.value == total.operational_kgco2e.value + total.embodied_kgco2e.value
    assert (
        set(total.annual_kgco2e.unknown) == unknowns(total)["operational_kgco2e"] | unknowns(total)["embodied_kgco2e"]
    )


@given(SITES)
def test_nothing_is_negative_and_everything_is_finite(site: Site) -> None:
    found = of(site)
    for footprint in (found.total, *(pool.footprint for pool in found.pools)):
        assert all(math.isfinite(value) and value >= 0 for value in values(footprint).values())
        assert all(math.isfinite(value) and value >= 0 for value in leaves(footprint.as_dict()))
    assert all(line.value is None or line.value >= 0 for pool in found.pools for line in pool.lines)


@given(SITES, st.data())
def test_a_further_node_makes_nothing_smaller_and_nothing_known(site: Site, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(site.plan.pools) - 1))
    more = data.draw(st.integers(1, 100))
    pools = list(site.plan.pools)
    pools[index] = replace(
        pools[index], nodes=pools[index].nodes + more, max_nodes=max(pools[index].max_nodes, pools[index].nodes + more)
    )
    before, after = of(site).total, of(replace(site, plan=replace(site.plan, pools=tuple(pools)))).total
    assert unknowns(before) == unknowns(after)
    was, now = values(before), values(after)
    assert was.keys() == now.keys()
    assert all(now[name] >= was[name] for name in was)
    assert now["peak_watts"] > was["peak_watts"], "hosts alone draw something"


@given(SITES, st.data())
def test_a_further_pool_makes_nothing_smaller(site: Site, data: st.DataObject) -> None:
    fewer = replace(site, plan=replace(site.plan, pools=site.plan.pools[: data.draw(st.integers(1, 5))]))
    was, now = values(of(fewer).total), values(of(site).total)
    assert all(now[name] >= was[name] - 1e-9 * was[name] for name in was)


@given(SITES)
def test_power_grows_from_idle_over_typical_to_peak(site: Site) -> None:
    for pool in of(site).pools:
        watts = (pool.footprint.idle_watts, pool.footprint.typical_watts, pool.footprint.peak_watts)
        assert all(less.value <= more.value * (1 + 1e-9) for less, more in pairwise(watts))


@given(SITES)
def test_a_scaled_centre_costs_no_less(site: Site) -> None:
    total = of(site).total
    assert all(total.max_cost.by_currency[key] >= value for key, value in total.cost.by_currency.items())
    assert total.max_cost.unknown == total.cost.unknown


@given(SITES)
def test_what_is_unknown_is_named_and_never_shown_as_nothing(site: Site) -> None:
    """A part that is missing is in the list, and a figure with no known part is null, not 0."""
    total = of(site).total
    facts = total.as_dict()
    for name, key in (
        ("typical_watts", "watts.typical"),
        ("annual_kwh", "kwhPerYear"),
        ("operational_kgco2e", "tco2ePerYear.operational"),
        ("embodied_kgco2e", "tco2ePerYear.embodied"),
    ):
        amount: Amount = getattr(total, name)
        assert (key in facts["atLeast"]) == bool(amount.unknown)
        assert set(amount.unknown) <= set(facts["unknown"])
        shown = facts
        for part in key.split("."):
            shown = shown[part]
        assert (shown is None) == (bool(amount.unknown) and amount.value == 0)
    assert ("costPerMonth" in facts["atLeast"]) == bool(total.cost.unknown)
    assert bool(facts["costPerMonth"]) or total.cost.unknown


@given(SITES)
def test_every_pool_s_price_is_counted_or_missed(site: Site) -> None:
    for pool, found in zip(site.plan.pools, of(site).pools, strict=True):
        assert bool(found.footprint.cost.by_currency) != bool(found.footprint.cost.unknown)
        if pool.spot:
            assert found.footprint.cost.unknown, "a list price is not a spot price"


@given(SITES)
def test_forgetting_a_figure_never_makes_the_estimate_look_more_certain(site: Site) -> None:
    """Without any figure of accelerators, grid or operator, only lower bounds remain."""
    forgotten = replace(
        site,
        catalogue=replace(
            site.catalogue,
            accelerators={
                name: item.model_copy(
                    update={
                        "power_watts": item.power_watts.model_copy(update={"value": None}),
                        "embodied_kgco2e": item.embodied_kgco2e.model_copy(update={"value": None}),
                    }
                )
                for name, item in site.catalogue.accelerators.items()
            },
        ),
    )
    before, after = of(site).total, of(forgotten).total
    for name, missing in unknowns(before).items():
        assert missing <= unknowns(after)[name]
    was, now = values(before), values(after)
    assert all(now[name] <= was[name] for name in was)
    if any(pool.accelerator for pool in site.plan.pools):
        assert after.peak_watts.unknown
        assert after.embodied_kgco2e.unknown


@given(SITES)
def test_a_figure_that_lacks_a_part_says_so_in_its_line(site: Site) -> None:
    for pool in of(site).pools:
        lines = {line.what: line for line in pool.lines}
        energy = lines["energy"]
        assert ("a lower bound" in energy.method) == bool(pool.footprint.annual_kwh.unknown)
        assert math.isclose(energy.value or 0, pool.footprint.annual_kwh.value)
        for line in pool.lines:
            assert (line.value is None) == line.method.startswith("unknown: ")


@given(SITES)
def test_the_document_survives_json(site: Site) -> None:
    document = of(site).as_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document


AMOUNT = st.builds(Amount, st.integers(0, 10**9).map(float), st.lists(st.sampled_from("abcd")).map(tuple))
COST = st.builds(
    Cost,
    st.dictionaries(st.sampled_from(["CNY", "USD"]), st.integers(0, 10**9).map(float)),
    st.lists(st.sampled_from("abcd")).map(tuple),
)


@pytest.mark.parametrize("kind", [AMOUNT, COST], ids=["amounts", "costs"])
@given(st.data())
def test_sums_do_not_depend_on_their_order(kind: st.SearchStrategy[Amount], data: st.DataObject) -> None:
    one, two, three = data.draw(kind), data.draw(kind), data.draw(kind)
    left, right = (one + two) + three, three + (two + one)
    assert set(left.unknown) == set(right.unknown) == {*one.unknown, *two.unknown, *three.unknown}
    assert replace(left, unknown=()) == replace(right, unknown=())


def test_amounts_of_different_currencies_are_never_added() -> None:
    assert (Cost({"CNY": 1.0}) + Cost({"USD": 2.0})).by_currency == {"CNY": 1.0, "USD": 2.0}

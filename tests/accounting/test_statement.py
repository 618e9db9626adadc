import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aicc.accounting.account import Account
from aicc.accounting.amounts import total
from aicc.accounting.recorded import Recorded, Sampled
from aicc.accounting.statement import Site, Statement
from tests.accounting.recordings import (
    MONTH,
    at,
    beats,
    centre,
    factor,
    flat,
    hourly,
    keyed,
    possible_hourly,
    stated,
    watched,
)


def of(found: Statement, name: str) -> Account:
    return next(account for account in found.accounts if account.name == name)


def texts(found: Statement, name: str = "") -> str:
    return "\n".join(f"{flag.level}: {flag.text}" for flag in found.flags_of(name))


def test_an_account_is_power_times_pue_times_intensity() -> None:
    blue = of(stated(centre(24), 24), "blue")
    assert blue.total.it_kwh == pytest.approx(0.5 * 24)
    assert blue.total.facility_kwh == pytest.approx(0.5 * 24 * 1.2)
    assert blue.total.operational_gco2e == pytest.approx(0.5 * 24 * 1.2 * 500)
    assert blue.total.embodied_gco2e == pytest.approx(20 * 24)
    assert blue.total.cost == pytest.approx({"USD": 8 * 24})
    assert blue.total.tokens == pytest.approx({"prompt": 2 * 86_400, "completion": 0.5 * 86_400})
    assert blue.lacks == type(blue.lacks)()


def test_models_and_the_rest_make_up_a_tenant() -> None:
    blue = of(stated(centre(24), 24), "blue")
    assert {model: part.it_kwh for model, part in blue.models.items()} == pytest.approx({"chat": 7.2, "": 4.8})
    assert blue.models["chat"].embodied_gco2e == pytest.approx(15 * 24)
    assert blue.models[""].cost["USD"] == pytest.approx(2 * 24)
    assert not blue.overrun


def test_sci_is_operational_and_embodied_carbon_for_each_1000_tokens() -> None:
    blue = of(stated(centre(24), 24), "blue")
    per = blue.per_1k_tokens("gco2e", "chat")
    assert per is not None
    assert per.known == pytest.approx((0.3 * 1.2 * 500 + 15) / (10 * 3.6))
    assert blue.per_1k_tokens("gco2e", "") is None


def test_cached_tokens_are_prompt_tokens_and_count_once() -> None:
    tokens = {("blue", "chat", "prompt"): flat(2, 24), ("blue", "chat", "cached"): flat(1, 24)}
    assert of(stated(centre(24, tokens=tokens), 24), "blue").total.counted_tokens == pytest.approx(2 * 86_400)


def test_jobs_are_accounted_with_what_made_their_machines() -> None:
    jobs = {("blue", "train", "measured"): flat(100, 24), ("blue", "", "measured"): flat(7, 24)}
    found = of(stated(centre(24, job_watts=jobs, job_embodied={("blue", "train"): flat(3, 24)}), 24), "blue")
    assert list(found.jobs) == ["train"]
    assert found.jobs["train"].facility_kwh == pytest.approx(0.1 * 24 * 1.2)
    assert found.jobs["train"].embodied_gco2e == pytest.approx(72)


def test_everything_adds_up_to_the_centre() -> None:
    found = stated(centre(24), 24)
    assert found.reconciliation.holds
    assert sum(account.total.it_kwh for account in found.accounts) == pytest.approx(sum(found.center_kwh.values()))
    assert sum(sum(pool.values()) for pool in found.pools.values()) == pytest.approx(24)
    assert "error" not in texts(found)


def test_accounts_that_do_not_add_up_are_an_error() -> None:
    lost = centre(24).tenant_watts
    found = stated(centre(24, tenant_watts={key: value for key, value in lost.items() if key[0] != "green"}), 24)
    assert found.reconciliation.difference == pytest.approx(-0.3)
    assert not found.reconciliation.holds
    assert "-30.000%, more than 0.1%. Do not bill by these figures" in texts(found)


def test_a_centre_whose_total_was_not_recorded_is_an_error() -> None:
    found = stated(centre(24, center_watts={}), 24)
    assert not found.reconciliation.holds
    assert "cannot be held against" in texts(found)


def test_an_exporter_that_is_gone_makes_figures_estimated_never_smaller() -> None:
    hours = {key: dict(values) for key, values in centre(24).tenant_watts.items()}
    gone = [at(hour) for hour in range(6, 12)]
    hours["blue", "estimated"] |= dict.fromkeys(gone, 500.0)
    for hour in gone:
        del hours["blue", "measured"][hour]
    found = of(stated(centre(24, tenant_watts=hours, model_watts={}), 24), "blue")
    assert found.total.it_kwh == pytest.approx(12)
    assert total(part for key, part in found.rows.items() if key.method == "measured").it_kwh == pytest.approx(0.4 * 18)


def test_nodes_of_unknown_power_make_a_lower_bound() -> None:
    unknown = {("blue",): {at(3): 2.0, at(4): 1.0}}
    found = stated(centre(24, unknown_nodes=unknown), 24)
    assert of(found, "blue").amount("it_kwh").unknown == ("3 node hours of unknown power",)
    assert of(found, "green").lacks.energy == ()
    assert "3 node hours are not in its energy" in texts(found, "blue")


def test_prometheus_down_for_hours_is_filled_and_said() -> None:
    found = stated(centre(24, heartbeats=beats((0, 10), (13, 24))), 24)
    blue = of(found, "blue")
    assert blue.total.it_kwh == pytest.approx(12)
    assert total(part for key, part in blue.rows.items() if key.method == "measured").it_kwh == pytest.approx(0.4 * 21)
    assert blue.total.tokens["prompt"] == pytest.approx(2 * 86_400)
    assert "3 hours were not watched" in texts(found)


def test_prometheus_down_for_long_is_unknown_and_a_lower_bound() -> None:
    found = stated(centre(24, heartbeats=beats((0, 10), (20, 24))), 24)
    blue = of(found, "blue")
    assert blue.unknown_hours == 10
    assert blue.amount("facility_kwh").unknown == ("10 hours without any record",)
    assert blue.total.it_kwh == pytest.approx(0.5 * 14)
    assert "10 of 24 hours have no record" in texts(found)


def test_a_month_without_any_record_is_unknown_not_zero() -> None:
    found = stated(Recorded(tenants={("blue", "research"): {}}), 24)
    assert of(found, "blue").amount("facility_kwh").known is None
    assert "error: nothing was recorded in 2026-11" in texts(found)


def test_a_month_in_progress_says_until_when() -> None:
    assert "2026-11 is not over: figures are until 2026-11-01 10:30 UTC" in texts(stated(centre(11), 10.5))


def test_the_last_bucket_counts_for_as_long_as_it_has_lasted() -> None:
    found = stated(centre(11, heartbeats=beats((0, 10.5))), 10.5)
    assert of(found, "blue").total.it_kwh == pytest.approx(0.5 * 10.5)


def test_a_deleted_tenant_is_accounted_until_then() -> None:
    base = centre(48)
    recorded = replace(
        base,
        tenant_watts={**base.tenant_watts, ("green", "measured"): flat(300, 20)},
        tenants={**base.tenants, ("green", "enterprise"): flat(1, 20)},
        center_watts={("measured",): {**flat(800, 20), **flat(500, 48, 20)}, ("estimated",): flat(200, 48)},
        model_watts={},
    )
    found = stated(recorded, 48)
    assert of(found, "green").total.it_kwh == pytest.approx(0.3 * 20)
    assert "last seen on 2026-11-01 20:00 UTC: deleted" in texts(found, "green")
    assert "deleted" not in texts(found, "blue")
    assert found.reconciliation.holds


def test_a_gap_after_a_tenant_was_deleted_leaves_nothing_unknown_of_it() -> None:
    base = centre(48)
    gone = {("blue", "research"): flat(1, 48), ("green", "enterprise"): flat(1, 10)}
    watts = {**base.tenant_watts, ("green", "measured"): flat(300, 10)}
    found = stated(replace(base, heartbeats=beats((0, 20), (30, 48)), tenants=gone, tenant_watts=watts), 48)
    assert (of(found, "green").unknown_hours, of(found, "blue").unknown_hours) == (0, 10)


def test_a_tenant_that_came_later_is_noted() -> None:
    late = {("blue", "research"): flat(1, 24), ("green", "enterprise"): flat(1, 24, 5)}
    watts = {**centre(24).tenant_watts, ("green", "measured"): flat(300, 24, 5)}
    assert "first seen on 2026-11-01 05:00 UTC" in texts(
        stated(centre(24, tenants=late, tenant_watts=watts), 24), "green"
    )


@pytest.mark.parametrize("absurd", [-5.0, math.nan, math.inf])
def test_an_absurd_record_is_left_out_and_said(absurd: float) -> None:
    watts = {**centre(24).tenant_watts, ("blue", "measured"): {**flat(400, 24), at(5): absurd}}
    found = stated(centre(24, tenant_watts=watts, model_watts={}), 24)
    blue = of(found, "blue")
    assert blue.total.it_kwh == pytest.approx(12 - 0.4)
    assert blue.amount("it_kwh").unknown == ("1 hours whose record cannot be true",)
    assert "in 1 hours a record cannot be true" in texts(found, "blue")
    assert not found.reconciliation.holds


def test_absurd_factors_are_not_used_and_the_hour_beside_them_is() -> None:
    pue = {("declared",): {**factor(1.2, 24, "declared")[("declared",)], at(5): Sampled(0, 0, 60)}}
    found = stated(centre(24, pue=pue), 24)
    assert of(found, "blue").total.facility_kwh == pytest.approx(12 * 1.2)
    assert "PUE: in 1 hours what was recorded cannot be true" in texts(found)
    assert "PUE: not recorded in 1 of 24 hours: 1 h from the nearest recorded hour" in texts(found)


def test_a_factor_that_is_gone_falls_back_to_the_stacks_own() -> None:
    found = stated(centre(24, intensity=factor(500, 5, "g", "live")), 24, site=Site(1.1, 600))
    expected = 0.5 * 1.2 * (500 * (5 + 6) + 600 * 13)
    assert of(found, "blue").total.operational_gco2e == pytest.approx(expected)
    assert (
        "not recorded in 19 of 24 hours: 6 h from the nearest recorded hour, 13 h from the stack's own figure"
        in texts(found)
    )


def test_without_pue_and_intensity_energy_is_a_lower_bound_and_carbon_unknown() -> None:
    blue = of(stated(centre(24, pue={}, intensity={}), 24), "blue")
    assert blue.total.facility_kwh == blue.total.it_kwh
    assert blue.lacks.facility == ("PUE: energy is the machines' alone",)
    assert blue.amount("operational_gco2e").known is None
    assert blue.amount("it_kwh").unknown == ()


def test_what_pools_lack_makes_lower_bounds_of_those_who_used_them() -> None:
    found = stated(
        centre(
            24,
            pool_embodied_complete={("h100",): flat(1, 24), ("general",): flat(0, 24)},
            pool_priced={("general",): flat(1, 24)},
            tenant_pools={("blue", "h100"): flat(1, 24), ("green", "general"): flat(1, 24)},
        ),
        24,
    )
    assert of(found, "blue").lacks.embodied == ()
    assert of(found, "blue").lacks.cost == ("price of pool h100",)
    assert of(found, "green").lacks.embodied == ("embodied carbon of accelerators in pool general",)
    assert of(found, "green").lacks.cost == ()


def test_models_that_exceed_their_tenant_are_an_error() -> None:
    found = stated(centre(24, model_watts={("blue", "chat", "measured"): flat(900, 24)}), 24)
    assert of(found, "blue").overrun
    assert "error: its models add up to more" in texts(found, "blue")


def test_a_spent_budget_is_said() -> None:
    found = stated(centre(24, budget_kwh={("blue",): flat(10, 24)}, budget_kgco2e={("blue",): flat(50, 24)}), 24)
    assert "its budget of 10 kWh is spent: 14.4 kWh" in texts(found, "blue")
    assert "kgCO2e is spent" not in texts(found, "blue")


def test_a_retention_shorter_than_the_month_is_said() -> None:
    recorded = centre(300, heartbeats=beats((200, 300)), retention="5d", retention_seconds=5 * 86_400)
    assert "Prometheus keeps samples for 5d" in texts(stated(recorded, 300))


def test_a_month_before_the_cluster_was_made_begins_there() -> None:
    from aicc.accounting.collect import searched
    from aicc.accounting.statement import statement

    made = at(100)
    period = MONTH.period(at(120)).since(made)
    found = statement("test", MONTH, period, searched(period, at(120), made), centre(120, heartbeats=beats((100, 120))))
    assert of(found, "blue").total.it_kwh == pytest.approx(10)
    assert of(found, "blue").lacks.energy == ()
    assert "the cluster was made on 2026-11-05 04:00 UTC" in texts(found)


methods = st.sampled_from(["measured", "estimated"])
tenants = st.sampled_from(["blue", "green", "platform", "idle", ""])
models = st.sampled_from(["chat", "embed", ""])


@settings(max_examples=40)
@given(
    watched,
    keyed(st.tuples(tenants, methods), hourly),
    keyed(st.tuples(tenants, models, methods), hourly),
    keyed(st.tuples(tenants, models, st.sampled_from(["prompt", "completion", "cached"])), hourly),
    keyed(st.tuples(st.sampled_from(["declared", "live"])), hourly),
)
def test_whatever_is_recorded_no_figure_is_negative_or_not_a_number(
    heartbeats: list[float], tenant: dict, model: dict, tokens: dict, factors: dict
) -> None:
    sampled = {key: {hour: Sampled(1.2, 1, 2) for hour in values} for key, values in factors.items()}
    found = stated(
        Recorded(
            heartbeats,
            tenant_watts=tenant,
            model_watts=model,
            tokens=tokens,
            tenant_embodied={key[:1]: value for key, value in tenant.items()},
            tenant_price={(key[0], "USD"): value for key, value in tenant.items()},
            job_watts={(key[0], "train", key[1]): value for key, value in tenant.items()},
            unknown_nodes={key[:1]: value for key, value in tenant.items()},
            pue=sampled,
        ),
        48,
    )
    for account in found.accounts:
        for part in [*account.rows.values(), *account.jobs.values(), account.total]:
            figures = [part.it_kwh, part.facility_kwh, part.gco2e, *part.cost.values(), *part.tokens.values()]
            assert all(0 <= figure < math.inf for figure in figures)
        assert account.unknown_hours >= 0
        assert 0 <= account.unknown_node_hours < math.inf


@settings(max_examples=40)
@given(watched, keyed(st.tuples(tenants, methods), possible_hourly), keyed(st.tuples(models), possible_hourly))
def test_accounts_reconcile_whatever_was_drawn_and_whichever_hours_were_watched(
    heartbeats: list[float], tenant: dict, shares: dict
) -> None:
    total_watts: dict[tuple[str, ...], dict[int, float]] = {}
    for key, values in tenant.items():
        into = total_watts.setdefault((key[1],), {})
        for hour, value in values.items():
            into[hour] = into.get(hour, 0.0) + value
    part = {  # each model has a part of its tenant's power, all of them together at most all of it
        (name, model[0], method): {hour: value / 5 for hour, value in values.items() if hour in shares[model]}
        for (name, method), values in tenant.items()
        for model in shares
    }
    found = stated(Recorded(heartbeats, tenant_watts=tenant, center_watts=total_watts, model_watts=part), 48)
    rows = sum(account.total.it_kwh for account in found.accounts)
    assert rows == pytest.approx(found.reconciliation.sum_kwh, rel=1e-9)
    assert rows == pytest.approx(sum(found.center_kwh.values()), rel=1e-9)
    assert found.reconciliation.holds or (not tenant)
    assert not any(account.overrun for account in found.accounts)

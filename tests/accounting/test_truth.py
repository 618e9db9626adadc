"""Accounts held against what a synthetic centre really used: raw series, the shipped rules, a real Prometheus."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from aicc.accounting.account import Account
from aicc.accounting.amounts import by_method
from aicc.accounting.collect import collect, searched
from aicc.accounting.months import Month
from aicc.accounting.prometheus import HttpSource, Prometheus
from aicc.accounting.statement import Statement, statement
from aicc.paths import CHARTS, REPO
from tests.support.prometheus import evaluate, prometheus, write
from tests.support.recorder import Recorder
from tests.support.synthetic_centre import SyntheticCentre
from tests.support.synthetic_parts import GCO2E_PER_KWH, HOUR, MINUTE, PUE, Outage, Truth

MONTH = Month(2026, 10)
PAGE = REPO / "docs" / "architecture" / "accounting.md"
EXPORTERS_GONE = Outage(8 * HOUR, 11 * HOUR, "h100-0")
PROMETHEUS_DOWN = Outage(13.2 * HOUR, 13.9 * HOUR)
MEASURED = ("enterprise", "guest")
"""Tenants whose machines' exporters said everything, but while Prometheus was down."""


@dataclass(frozen=True)
class Held:
    found: Statement
    truth: Truth

    def account(self, name: str) -> Account:
        return next(account for account in self.found.accounts if account.name == name)

    def error(self, name: str) -> float:
        """Of an account's energy, as a share of what is true."""
        return self.account(name).total.it_kwh / self.truth.tenants[name] - 1


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    """A day on which exporters of a node vanish for three hours, and Prometheus is down for 42 minutes."""
    centre = SyntheticCentre(MONTH.start, outages=(EXPORTERS_GONE, PROMETHEUS_DOWN))
    period = MONTH.period(centre.end)
    hours = searched(period, centre.end, MONTH.start)
    # Blocks and remote writes mark no series as gone: a sample counts until the next one would have come.
    with prometheus(tmp_path_factory.mktemp("truth"), lookback_seconds=MINUTE - 10) as url:
        write(url, centre.series())
        evaluate(url, sorted((CHARTS / "monitoring" / "rules").glob("*.yaml")), MONTH.start, centre.end, MINUTE)
        client = Prometheus(HttpSource(url))
        recorded = collect(client, hours, None, Recorder(), by_node=True)
        client.close()
    return Held(statement("synthetic", MONTH, period, hours, recorded), centre.truth())


def test_the_truth_adds_up_to_itself(held: Held) -> None:
    assert sum(held.truth.tenants.values()) == pytest.approx(held.truth.total, rel=1e-9)


@pytest.mark.parametrize("tenant", MEASURED)
def test_measured_energy_is_within_one_percent_of_the_truth(held: Held, tenant: str) -> None:
    methods = by_method(held.account(tenant).rows)
    assert methods["measured"].it_kwh > 20 * methods["estimated"].it_kwh
    assert abs(held.error(tenant)) < 0.01
    for model, part in held.account(tenant).models.items():
        if model:
            assert part.it_kwh == pytest.approx(held.truth.models[tenant, model], rel=0.01)


def test_accounts_add_up_to_the_nodes_within_a_thousandth(held: Held) -> None:
    assert held.found.reconciliation.holds
    assert abs(held.found.reconciliation.difference or 0) < 1e-9
    assert sum(account.total.it_kwh for account in held.found.accounts) == pytest.approx(
        sum(held.found.center_kwh.values()), rel=1e-9
    )


def test_vanished_exporters_make_estimates_and_no_less_energy(held: Held) -> None:
    """The training job lost three of its fourteen hours' measurements."""
    research = held.account("research")
    assert by_method(research.rows)["estimated"].it_kwh > 3 * 4 * 0.07
    assert abs(held.error("research")) < 0.05
    assert research.jobs["train"].it_kwh == pytest.approx(held.truth.jobs["research", "train"], rel=0.05)


def test_without_pods_names_what_is_held_and_what_is_free_is_still_told_apart(held: Held) -> None:
    """The node of MI300X: how its power is divided between the two pods is another question."""
    found = held.account("cloud").models["embed"].it_kwh + held.account("studio").jobs["tune"].it_kwh
    truth = held.truth.models["cloud", "embed"] + held.truth.jobs["studio", "tune"]
    assert found == pytest.approx(truth, rel=0.02)
    assert abs(held.error("idle")) < 0.02


def test_nodes_make_up_a_tenant(held: Held) -> None:
    nodes = held.account("enterprise").nodes
    assert set(nodes) == {"h100-1", "ascend-0"}
    total = held.account("enterprise").total
    assert sum(part.facility_kwh for part in nodes.values()) == pytest.approx(total.facility_kwh, rel=1e-9)


def test_carbon_follows_from_energy(held: Held) -> None:
    total = held.account("enterprise").total
    assert total.operational_gco2e == pytest.approx(total.it_kwh * PUE * GCO2E_PER_KWH, rel=1e-9)


def test_tokens_are_counted_through_a_reset_and_a_gap(held: Held) -> None:
    for (tenant, model, kind), truth in held.truth.tokens.items():
        asked = sum(part.tokens.get(kind, 0) for key, part in held.account(tenant).rows.items() if key.model == model)
        assert asked == pytest.approx(truth, rel=0.01)


def test_a_deleted_tenant_is_there_and_said_to_be_gone(held: Held) -> None:
    flags = " ".join(flag.text for flag in held.found.flags_of("guest"))
    assert "last seen on 2026-10-01 11:00 UTC: deleted" in flags


def test_what_is_filled_is_said(held: Held) -> None:
    assert held.found.coverage.filled_hours == pytest.approx(0.7, abs=0.02)
    assert held.found.coverage.unknown_hours == 0


def test_the_documentation_states_each_error_as_it_is(held: Held) -> None:
    rows = []
    for account in held.found.accounts:
        estimated = by_method(account.rows)["estimated"].it_kwh / account.total.it_kwh
        rows.append(
            f"| {account.name} | {held.truth.tenants[account.name]:.2f} | {account.total.it_kwh:.2f} "
            f"| {estimated:.0%} | {held.error(account.name):+.2%} |"
        )
    page = PAGE.read_text(encoding="utf-8")
    stated = re.findall(r"^\| \w+ \| [\d.]+ \| [\d.]+ \| \d+% \| [+-][\d.]+% \|$", page, re.MULTILINE)
    assert stated == rows, "\n".join(rows)

"""`aicc estimate` as people and their scripts see it: what is unknown is never shown as nothing."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from aicc.commands import estimate as command
from aicc.figures import Reading
from aicc.paths import REPO
from aicc.stacks import Stack
from infra.estimate import estimate
from infra.plan import CenterPlan
from tests.commands.projects import run
from tests.estimate.sites import pool, site


@pytest.fixture
def stack(local_plan: CenterPlan) -> Stack:
    return Stack("local", Path("Pulumi.local.yaml"), local_plan)


def printed(stack: Stack, *, explain: bool = False) -> str:
    console = Console(file=StringIO(), width=140, highlight=False)
    command.show(stack, command.estimate(stack), console, explain=explain)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    ("reading", "text"),
    [
        (Reading(None), "unknown"),
        (Reading(None, at_least=True), "unknown"),
        (Reading(0.0), "0"),
        (Reading(1234.5, at_least=True), "≥ 1,234"),
        (Reading(0.125, decimals=3), "0.125"),
        (Reading(12.5, currency="CNY"), "CNY 12.50"),
        (Reading(123_456.7, at_least=True, currency="USD"), "≥ USD 123,457"),
    ],
)
def test_figures_as_people_read_them(reading: Reading, text: str) -> None:
    assert str(reading) == text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (Reading(10.0), Reading(15.0), "+5 (+50.0%)"),
        (Reading(10.0), Reading(8.0), "-2 (-20.0%)"),
        (Reading(0.0), Reading(8.0), "+8"),
        (Reading(8.0), Reading(8.0), "0"),
        (Reading(8.0), Reading(9.0, at_least=True), "+1 (+12.5%) of the known part"),
        (Reading(8.0, at_least=True), Reading(8.0, at_least=True), "0 of the known part"),
        (Reading(8.0), Reading(None), "unknown"),
        (Reading(None), Reading(8.0), "unknown"),
        (None, Reading(8.0), "unknown"),
    ],
)
def test_differences_of_figures(before: Reading | None, after: Reading, text: str) -> None:
    assert after.minus(before) == text


def test_the_table_has_a_row_for_each_pool_and_their_total(stack: Stack) -> None:
    lines = printed(stack).splitlines()
    rows = {
        cells[1].strip(): [cell.strip() for cell in cells[2:-1]] for line in lines if (cells := line.split("│"))[1:]
    }
    assert list(rows) == [*(item.name for item in stack.plan.pools), "total"]
    facts = command.estimate(stack).total.as_dict()
    assert rows["total"][:3] == ["14", "unknown", "unknown"]
    assert rows["total"][3].removeprefix("≥ ") == f"{facts['watts']['idle']:,}"
    assert rows["total"][-1] == f"≥ {facts['tco2ePerYear']['embodied']:,.3f}"


def test_what_is_presumed_unknown_and_not_covered_is_said(stack: Stack) -> None:
    text = printed(stack)
    assert "Presumed: utilisation 0.6" in text
    assert "Unknown: price of sim.general; price of" in text
    assert "Not covered: control plane, network and traffic, storage" in text


def test_explain_prints_every_step_with_its_result_and_source(stack: Stack) -> None:
    text = " ".join(printed(stack, explain=True).replace("│", " ").split())
    for found in command.estimate(stack).pools:
        assert f"Pool {found.name}" in text
        for line in found.lines:
            assert line.what.split(",")[0] in text
    assert "cloud-carbon-footprint" in text
    assert "Pool general" not in printed(stack)


def test_the_section_of_a_plan_is_the_same_table(stack: Stack) -> None:
    console = Console(file=StringIO(), width=140, highlight=False)
    console.print(command.section(command.estimate(stack)))
    assert console.file.getvalue() in printed(stack)  # type: ignore[attr-defined]


def test_markdown_has_the_table_the_notes_and_the_arithmetic_folded(stack: Stack) -> None:
    text = command.as_markdown(stack, command.estimate(stack))
    assert text.startswith("## Estimate of `local`\n\n| pool | nodes | money/hour |")
    assert "| **total** | **14** | **unknown** |" in text
    assert text.count("<details>") == text.count("</details>") == len(stack.plan.pools)
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.count("|") for line in table} == {5, 11}


def test_json_has_every_figure_every_step_and_what_is_unknown(stack: Stack) -> None:
    found = json.loads(json.dumps(command.as_json(stack, command.estimate(stack))))
    assert (found["stack"], found["center"]) == ("local", "jinshan-local")
    assert found["total"]["costPerMonth"] == {}
    assert "costPerMonth" in found["total"]["atLeast"]
    assert set(found["pools"]) == set(found["steps"]) == {item.name for item in stack.plan.pools}
    assert [line["what"] for line in found["presumed"]] == ["utilisation", "PUE", "grid"]


def test_several_currencies_stand_side_by_side(local_plan: CenterPlan) -> None:
    known = site(local_plan, (pool("a"), pool("b"), pool("c")), prices={"a": (1.0, "CNY"), "b": (2.0, "USD")})
    rendered = command.section(estimate(known.plan, known.catalogue))
    console = Console(file=StringIO(), width=200, highlight=False)
    console.print(rendered)
    total = next(line for line in console.file.getvalue().splitlines() if "total" in line)  # type: ignore[attr-defined]
    assert "≥ CNY 1.00 + ≥ USD 2.00" in total
    assert "≥ CNY 730.00 + ≥ USD 1,460" in total


def test_scaling_says_what_it_may_cost_at_most(local_plan: CenterPlan) -> None:
    known = site(local_plan, (pool("a", min_nodes=0, max_nodes=9),), prices={"a": (1.0, "CNY")})
    console = Console(file=StringIO(), width=200, highlight=False)
    console.print(command.section(estimate(known.plan, known.catalogue)))
    assert "With every pool scaled as far as it may: CNY 6,570 per month." in console.file.getvalue()  # type: ignore[attr-defined]


def test_nothing_in_a_name_is_taken_for_markup(local_plan: CenterPlan) -> None:
    known = site(local_plan, (pool("a", instance="[bold]type"),))
    console = Console(file=StringIO(), width=200, highlight=False)
    console.print(command.section(estimate(known.plan, known.catalogue)))
    assert "price of [bold]type in" in Text(console.file.getvalue()).plain  # type: ignore[attr-defined]


def test_the_command_prints_a_table_markdown_or_json() -> None:
    table, page, document = (run(REPO, "estimate", *options) for options in ([], ["--markdown"], ["--json"]))
    assert [done.returncode for done in (table, page, document)] == [0, 0, 0]
    assert "Estimate, at list prices and at the meter" in table.stdout
    assert page.stdout.startswith("## Estimate of `local`")
    assert json.loads(document.stdout)["stack"] == "local"
    assert run(REPO, "estimate", "--explain").stdout.count("as for hosts, idle") > 1
    assert table.stderr == page.stderr == document.stderr == ""


def test_an_unknown_stack_is_refused() -> None:
    done = run(REPO, "estimate", "--stack", "locale")
    assert (done.returncode, done.stdout) == (3, "")
    assert "did you mean: local" in done.stderr

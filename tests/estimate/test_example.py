"""docs/reference/estimate-example.md, worked out again from the figures that it names, with arithmetic of its own.

Nothing of infra.estimate is used for that; only then is the program asked for the same.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from aicc.commands.estimate import estimate
from aicc.paths import REPO
from aicc.stacks import Stack, stack

PAGE = REPO / "docs" / "reference" / "estimate-example.md"
TEXT = PAGE.read_text(encoding="utf-8")
Rows = list[dict[str, str]]


def tables() -> dict[str, Rows]:
    """The page's tables by their heading, each row by its columns."""
    found: dict[str, Rows] = {}
    for part in TEXT.split("\n## ")[1:]:
        lines = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
        found[part.splitlines()[0]] = [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]
    return found


TABLES = tables()
WORKED_OUT = [title for title in TABLES if title.startswith("Pool `")]


def number(text: str) -> float | None:
    """A figure of the page; None where it is unknown, 0 where there is none."""
    if text == "unknown":
        return None
    return 0.0 if text == "—" else float(re.sub(r"[^\d.]", "", text))


FIGURES = {row["figure"]: number(row["value"]) or 0.0 for row in TABLES["Figures of the place and the hosts"]}
POOLS = {row["pool"]: row for row in TABLES["Figures of the pools"]}
RESULTS = {row["pool"]: row for row in TABLES["All pools"]}
COLUMNS = {
    "money/hour": "costPerHour",
    "money/month": "costPerMonth",
    "scaled, at most": "maxCostPerMonth",
    "W idle": "watts.idle",
    "W typical": "watts.typical",
    "W peak": "watts.peak",
    "kWh/year": "kwhPerYear",
    "tCO2e/year operational": "tco2ePerYear.operational",
    "tCO2e/year embodied": "tco2ePerYear.embodied",
}


@dataclass(frozen=True)
class Figure:
    """The sum of what is known, and whether that is all."""

    known: float
    whole: bool = True

    def __add__(self, other: Figure) -> Figure:
        return Figure(self.known + other.known, self.whole and other.whole)


def work_out(pool: Mapping[str, str]) -> dict[str, Figure]:
    """Every result of a pool, by the column of the last table."""
    nodes, most = number(pool["nodes"]) or 0, number(pool["at most"]) or 0
    vcpu, gib, pieces = (number(pool[name]) or 0 for name in ("vCPU", "GiB", "accelerators"))
    price, making, limit = (number(pool[name]) for name in ("CNY per hour", "embodied, kgCO2e", "limit, W"))
    idle = number(pool["idle, W"])
    if idle is None and limit is not None:
        idle = limit * FIGURES["idle share of an accelerator's limit, where idle is unknown"]

    def watts(load: float) -> Figure:
        low, high = FIGURES["host, idle W per vCPU"], FIGURES["host, peak W per vCPU"]
        of_vcpu = vcpu * ((1 - load) * low + load * high)
        of_pieces = pieces * ((1 - load) * (idle or 0) + load * (limit or 0))
        return Figure(
            nodes * (of_vcpu + gib * FIGURES["host, W per GiB"] + of_pieces) * FIGURES["PUE"], limit is not None
        )

    typical = watts(FIGURES["utilisation"])
    energy = Figure(typical.known * FIGURES["hours a year"] / 1000, typical.whole)
    of_hosts = vcpu / FIGURES["server, vCPU"] * FIGURES["server, embodied kgCO2e"]
    making_all = nodes * (of_hosts + pieces * (making or 0)) / FIGURES["life, years"]
    hour = (price or 0) * nodes
    return {
        "money/hour": Figure(hour, price is not None),
        "money/month": Figure(hour * FIGURES["hours a month"], price is not None),
        "scaled, at most": Figure((price or 0) * most * FIGURES["hours a month"], price is not None),
        "W idle": watts(0),
        "W typical": typical,
        "W peak": watts(1),
        "kWh/year": energy,
        "tCO2e/year operational": Figure(energy.known * FIGURES["grid, gCO2e/kWh"] / 1_000_000, energy.whole),
        "tCO2e/year embodied": Figure(making_all / 1000, making is not None),
    }


WORKED = {name: work_out(pool) for name, pool in POOLS.items()}
WORKED["total"] = {column: sum((found[column] for found in WORKED.values()), Figure(0.0)) for column in COLUMNS}


@pytest.fixture(scope="module")
def example() -> Stack:
    named = re.search(r"--stack ([\w-]+)", TEXT)
    assert named
    return stack(named[1])


def test_the_page_has_every_pool_of_the_stack_as_it_is_declared(example: Stack) -> None:
    pools = {item.name: item for item in example.plan.pools}
    assert list(POOLS) == list(pools)
    for name, row in POOLS.items():
        found = pools[name]
        assert row["instance"] == found.instance
        declared = (found.nodes, found.max_nodes, found.cpu_cores, found.memory_bytes / 1024**3)
        assert [number(row[column]) for column in ("nodes", "at most", "vCPU", "GiB")] == [
            float(item) for item in declared
        ]
        assert number(row["accelerators"]) == found.accelerators_per_node


def test_the_example_has_known_and_unknown_prices_and_a_pool_that_scales() -> None:
    prices = [number(row["CNY per hour"]) for row in POOLS.values()]
    assert None in prices
    assert any(prices)
    assert any(row["nodes"] != row["at most"] for row in POOLS.values())


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("column", COLUMNS)
def test_the_page_s_results_follow_from_its_figures(name: str, column: str) -> None:
    found, shown = WORKED[name][column], RESULTS[name][column]
    if found.known == 0 and not found.whole:
        assert shown == "unknown"
        return
    assert shown.startswith("≥ ") == (not found.whole)
    decimals = len(shown.partition(".")[2])
    assert number(shown) == pytest.approx(found.known, abs=0.51 * 10**-decimals)


@pytest.mark.parametrize("name", RESULTS)
def test_the_program_says_the_same(example: Stack, name: str) -> None:
    document = estimate(example).as_dict()
    facts = document["total"] if name == "total" else document["pools"][name]
    for column, key in COLUMNS.items():
        found, value = WORKED[name][column], facts
        for part in key.split("."):
            value = value[part]
        if isinstance(value, dict):
            value = value.get("CNY")
        assert (key in facts["atLeast"]) == (not found.whole), key
        if found.known == 0 and not found.whole:
            assert value is None
        else:
            assert value == pytest.approx(found.known, abs=0.51, rel=1e-6), key


@pytest.mark.parametrize("title", WORKED_OUT)
def test_every_line_is_right_and_is_the_program_s(example: Stack, title: str) -> None:
    """Each result follows from its arithmetic as it is written, and is what `--explain` prints."""
    name = title.split("`")[1]
    lines = {line.what: line for line in next(item for item in estimate(example).pools if item.name == name).lines}
    rows = {row["step"]: row for row in TABLES[title]}
    assert set(rows) == {what for what, line in lines.items() if line.arithmetic != "none"}
    for step, row in rows.items():
        if "unknown" in row["arithmetic"]:
            assert (row["result"], lines[step].value) == ("unknown", None)
            continue
        shown, _, unit = row["result"].partition(" ")
        assert unit == lines[step].unit
        assert number(shown) == pytest.approx(calculate(row["arithmetic"]), rel=1e-5, abs=0.01)
        assert number(shown) == pytest.approx(lines[step].value, rel=1e-5, abs=0.01)


OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def calculate(arithmetic: str) -> float:
    """`6 × 8.37`, with + - × / and parentheses."""

    def value(node: ast.expr) -> float:
        if isinstance(node, ast.BinOp):
            result: float = OPERATORS[type(node.op)](value(node.left), value(node.right))
            return result
        assert isinstance(node, ast.Constant)
        return float(node.value)  # type: ignore[arg-type]

    return value(ast.parse(arithmetic.replace("×", "*").replace(",", ""), mode="eval").body)


def test_the_tests_own_calculator_calculates() -> None:
    assert calculate("2 × (1,000 - 0.5) / 4 + 1") == 500.75

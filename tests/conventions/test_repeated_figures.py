"""Figures that are written more than once, as images are programs of their own and pages are prose."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from aicc.accounting.factors import HIGHEST_GCO2E_PER_KWH
from aicc.paths import REPO

NAME = "HIGHEST_GCO2E_PER_KWH"


def assigned(program: str) -> Iterator[float]:
    for path in (REPO / program).rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and NAME in {ast.unparse(target) for target in node.targets}:
                yield ast.literal_eval(node.value)


def test_no_program_believes_an_intensity_that_another_does_not() -> None:
    found = {program: list(assigned(program)) for program in ("aicc", "images/meter", "images/shifter")}
    assert found == {program: [HIGHEST_GCO2E_PER_KWH] for program in found}


def test_pages_state_the_bound_of_a_grid_s_intensity() -> None:
    pages = {path.name: path.read_text(encoding="utf-8") for path in (REPO / "docs").rglob("*.md")}
    stated = {name: re.findall(r"above ([\d,]+) g/kWh", text) for name, text in pages.items()}
    found = {name: figures for name, figures in stated.items() if figures}
    assert len(found) >= 4
    assert found == {name: [f"{HIGHEST_GCO2E_PER_KWH:,.0f}"] for name in found}

"""A statement's charts, by plotly. What is estimated is hatched, so that colour alone says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import plotly.io
from plotly.offline import get_plotlyjs

from aicc.accounting.account import Account
from aicc.accounting.amounts import Amounts
from aicc.accounting.months import day_of
from aicc.accounting.statement import Statement
from aicc.statements.tables import REST

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#767676"
"""Told apart with any colour vision (Okabe and Ito)."""
_WIDTH_PIXELS, _HEIGHT_PIXELS = 510, 320
"""Fixed: two beside each other on a screen, and no wider than a sheet of paper."""
_CONFIG = {"displayModeBar": False}


def library() -> str:
    """Plotly's JavaScript, for the page to carry."""
    return str(get_plotlyjs())


def of_account(account: Account, found: Statement, identity: str) -> list[tuple[str, str]]:
    """Charts of an account, each with a sentence for those who do not see it; none where there is nothing to show."""
    if not account.rows:
        return []
    days = _days(found)
    made = [_energy(account, days), _carbon(account, days)]
    if len([model for model, part in account.models.items() if part.facility_kwh]) > 1:
        made.append(_models(account))
    return [(_html(figure, f"{identity}-{index}"), alt) for index, (figure, alt) in enumerate(made)]


def _days(found: Statement) -> list[date]:
    first, last = day_of(found.period.start), day_of(found.period.until - 1)
    return [first + timedelta(days=index) for index in range((last - first).days + 1)]


def _energy(account: Account, days: list[date]) -> tuple[go.Figure, str]:
    figure = go.Figure()
    for method, colour, pattern in (("measured", BLUE, ""), ("estimated", ORANGE, "/")):
        by_day = _sum(account, "facility_kwh", method)
        figure.add_bar(
            name=method,
            x=days,
            y=[by_day.get(day, 0.0) for day in days],
            marker={"color": colour, "pattern": {"shape": pattern, "fgcolor": "white"}},
        )
    _layout(figure, "Energy at the meter by day", "kWh")
    return figure, "Bars: energy by day in kWh, measured and estimated; the numbers are in the CSV file."


def _carbon(account: Account, days: list[date]) -> tuple[go.Figure, str]:
    figure = go.Figure()
    for quantity, name, colour, pattern in (
        ("operational_gco2e", "operational", GREEN, ""),
        ("embodied_gco2e", "embodied", GREY, "x"),
    ):
        by_day = _sum(account, quantity)
        figure.add_bar(
            name=name,
            x=days,
            y=[by_day.get(day, 0.0) / 1_000 for day in days],
            marker={"color": colour, "pattern": {"shape": pattern, "fgcolor": "white"}},
        )
    _layout(figure, "Carbon by day", "kgCO2e")
    return figure, "Bars: carbon by day in kgCO2e, operational and embodied; the numbers are in the CSV file."


def _models(account: Account) -> tuple[go.Figure, str]:
    models = [(model or REST, part) for model, part in account.models.items() if part.facility_kwh][::-1]
    figure = go.Figure(
        go.Bar(
            x=[part.facility_kwh for _, part in models],
            y=[model for model, _ in models],
            orientation="h",
            marker={"color": BLUE},
        )
    )
    _layout(figure, "Energy at the meter by model", "")
    figure.update_xaxes(title="kWh", tickformat=None, type="linear")
    return figure, "Bars: energy by model in kWh; the numbers are in the table by model."


def _sum(account: Account, quantity: str, method: str | None = None) -> Mapping[date, float]:
    found: dict[date, float] = {}
    for key, part in account.rows.items():
        if method in {None, key.method}:
            found[key.day] = found.get(key.day, 0.0) + _value(part, quantity)
    return found


def _value(part: Amounts, quantity: str) -> float:
    return float(getattr(part, quantity))


def _layout(figure: go.Figure, title: str, unit: str) -> None:
    figure.update_layout(
        title={"text": title, "font": {"size": 16}},
        barmode="stack",
        template="plotly_white",
        width=_WIDTH_PIXELS,
        height=_HEIGHT_PIXELS,
        margin={"l": 60, "r": 10, "t": 50, "b": 40},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        font={"family": "system-ui, sans-serif", "color": "#1a1a1a"},
        yaxis={"title": unit, "rangemode": "tozero"},
    )


def _html(figure: go.Figure, identity: str) -> str:
    options: dict[str, Any] = {"full_html": False, "include_plotlyjs": False, "config": _CONFIG}
    return str(
        plotly.io.to_html(
            figure, div_id=identity, default_width=f"{_WIDTH_PIXELS}px", default_height=f"{_HEIGHT_PIXELS}px", **options
        )
    )

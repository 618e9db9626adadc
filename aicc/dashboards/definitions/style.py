"""What every panel of this centre looks like: Grafana's typed builders, with our defaults.

A panel's `about` says what it shows and what a bad value looks like. `steps` are thresholds: from a value on, a colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from grafana_foundation_sdk.builders import bargauge, common, piechart, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as look
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import piechart as pie
from grafana_foundation_sdk.models import prometheus as promql

Panel: TypeAlias = Builder[model.Panel]
Steps: TypeAlias = Sequence[tuple[float | None, str]]

SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
NEUTRAL: Steps = ((None, "blue"),)
"""Where more is neither better nor worse."""
COLOURS: Mapping[str, str] = {
    # How a figure was come by.
    "measured": "green",
    "estimated": "orange",
    "unknown": "purple",
    # Accounts that are nobody's.
    "idle": "#8a8f98",
    "platform": "#5c6773",
    # Parts of a whole.
    "operational": "orange",
    "embodied": "purple",
    "accelerator": "blue",
    "host": "yellow",
}
"""The same name has the same colour in every panel; tenants, pools and models get theirs from their name."""
STATUSES: Mapping[str, str] = {"/^2..$/": "green", "/^3..$/": "blue", "/^4..$/": "orange", "/^5..$/": "red"}
"""HTTP's, by their first digit."""


@dataclass(frozen=True)
class Query:
    """A PromQL expression, and what its series are called: text with `{{label}}`."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Column:
    """A table's column of values: one row for each value of the table's keys."""

    title: str
    expr: str
    unit: str = "short"
    steps: Steps = ()
    decimals: int | None = None
    names: Mapping[int, str] | None = None
    """Text to show instead of a number."""


def rising(warn: float, bad: float) -> Steps:
    """Green, then orange from `warn`, red from `bad`."""
    return ((None, "green"), (warn, "orange"), (bad, "red"))


def falling(warn: float, good: float) -> Steps:
    """Red, then orange from `warn`, green from `good`."""
    return ((None, "red"), (warn, "orange"), (good, "green"))


def number(
    title: str,
    about: str,
    queries: Sequence[Query],
    unit: str,
    *,
    steps: Steps = NEUTRAL,
    none: str = "no data",
    width: int = 3,
    height: int = 4,
    decimals: int | None = None,
    history: bool = True,
    link: tuple[str, str] | None = None,
) -> Panel:
    """One big number for each series, over its history."""
    panel = (
        stat.Panel()
        .color_mode(look.BigValueColorMode.VALUE)
        .graph_mode(look.BigValueGraphMode.AREA if history else look.BigValueGraphMode.NONE)
        .text_mode(look.BigValueTextMode.AUTO)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .no_value(none)
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    )
    if link:
        panel.links([build.DashboardLink(link[0]).type(model.DashboardLinkType.LINK).url(link[1])])
    return _finished(
        panel,
        title,
        about,
        queries,
        unit=unit,
        steps=steps,
        size=(width, height),
        decimals=decimals,
        instant=not history,
    )


def notice(which: str = "") -> Panel:
    """Say at the top that nodes are simulated, so that nobody takes their figures for measurements.

    `which`: a selector's matchers for the nodes that the dashboard is about.
    """
    about = (
        "Simulated nodes run nothing: their accelerators' figures come from a seeded simulation that follows the pods "
        "bound to them. Bad: anything but zero in a centre that people pay for."
    )
    matchers = ", ".join(filter(None, ['simulated="true"', which]))
    query = Query(f"count(aicc_node_info{{{matchers}}}) or vector(0)", "simulated nodes")
    told = {0: "none: every node is real", 1: "1 node: its figures are simulated, not measured"}
    panel = (
        stat.Panel()
        .color_mode(look.BigValueColorMode.BACKGROUND_SOLID)
        .graph_mode(look.BigValueGraphMode.NONE)
        .text_mode(look.BigValueTextMode.VALUE)
        .justify_mode(look.BigValueJustifyMode.AUTO)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .no_value("no node is known: the meter is not there")
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .mappings([model.ValueMap(options={str(at): model.ValueMappingResult(text=text) for at, text in told.items()})])
    )
    unit = "suffix: nodes: their figures are simulated, not measured"
    steps: Steps = ((None, "green"), (1, "purple"))
    return _finished(panel, "Simulated", about, [query], unit=unit, steps=steps, size=(24, 2), decimals=0, instant=True)


def lines(
    title: str,
    about: str,
    queries: Sequence[Query],
    unit: str,
    *,
    steps: Steps = NEUTRAL,
    stacked: bool = False,
    top: float | None = None,
    bottom: float | None = 0,
    colours: Mapping[str, str] | None = None,
    none: str = "no data",
    width: int = 12,
    height: int = 8,
    decimals: int | None = None,
) -> Panel:
    """Values over time; stacked where they add up to something. Thresholds are drawn as lines.

    `colours`: of names that match a pattern.
    """
    marked = any(at is not None for at, _ in steps)
    style = look.GraphTresholdsStyleMode.DASHED if marked else look.GraphTresholdsStyleMode.OFF
    panel = (
        timeseries.Panel()
        .line_width(1.5)
        .fill_opacity(35 if stacked else 8)
        .show_points(look.VisibilityMode.NEVER)
        .span_nulls(False)  # noqa: FBT003  a gap is to be seen
        .legend(
            common.VizLegendOptions()
            .display_mode(look.LegendDisplayMode.LIST)
            .placement(look.LegendPlacement.BOTTOM)
            .show_legend(True)  # noqa: FBT003
        )
        .tooltip(common.VizTooltipOptions().mode(look.TooltipDisplayMode.MULTI).sort(look.SortOrder.DESCENDING))
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(style))
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .no_value(none)
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(look.StackingMode.NORMAL))
    if bottom is not None:
        panel.min(bottom)
    if top is not None:
        panel.max(top)
    _colour(panel)
    for pattern, colour in (colours or {}).items():
        panel.override_by_regexp(pattern, [_property("color", {"mode": "fixed", "fixedColor": colour})])
    return _finished(
        panel, title, about, queries, unit=unit, steps=steps, size=(width, height), decimals=decimals, instant=False
    )


def bars(
    title: str,
    about: str,
    queries: Sequence[Query],
    unit: str,
    *,
    steps: Steps = NEUTRAL,
    top: float | None = None,
    none: str = "no data",
    width: int = 8,
    height: int = 8,
    decimals: int | None = None,
) -> Panel:
    """A bar for each series as it is now."""
    panel = (
        bargauge.Panel()
        .orientation(look.VizOrientation.HORIZONTAL)
        .display_mode(look.BarGaugeDisplayMode.BASIC)
        .value_mode(look.BarGaugeValueMode.COLOR)
        .show_unfilled(True)  # noqa: FBT003
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        .min(0)
        .no_value(none)
    )
    if top is not None:
        panel.max(top)
    return _finished(
        panel, title, about, queries, unit=unit, steps=steps, size=(width, height), decimals=decimals, instant=True
    )


def donut(
    title: str,
    about: str,
    queries: Sequence[Query],
    unit: str,
    *,
    none: str = "no data",
    width: int = 6,
    height: int = 8,
) -> Panel:
    """Shares of a whole as they are now."""
    panel = (
        piechart.Panel()
        .pie_type(pie.PieChartType.DONUT)
        .display_labels([pie.PieChartLabels.PERCENT])
        .legend(
            piechart.PieChartLegendOptions()
            .display_mode(look.LegendDisplayMode.TABLE)
            .placement(look.LegendPlacement.RIGHT)
            .show_legend(True)  # noqa: FBT003
            .values([pie.PieChartLegendValues.VALUE, pie.PieChartLegendValues.PERCENT])
        )
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(build.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .no_value(none)
    )
    _colour(panel)
    return _finished(panel, title, about, queries, unit=unit, size=(width, height), instant=True)


def rows(
    title: str,
    about: str,
    keys: Mapping[str, str],
    columns: Sequence[Column],
    *,
    links: Mapping[str, str] | None = None,
    none: str = "nothing",
    width: int = 12,
    height: int = 8,
) -> Panel:
    """A table: labels `keys` (with their headings) tell rows apart, each column is a query aggregated by them.

    `links`: by heading, where a key's cell leads; `${__value.text}` is the cell's text.
    """
    queries = [Query(column.expr) for column in columns]
    names = ["Value"] if len(columns) == 1 else [f"Value #{_ref(index)}" for index in range(len(columns))]
    headings = {**keys, **dict(zip(names, (column.title for column in columns), strict=True))}
    panel = table.Panel().no_value(none).cell_height(look.TableCellHeight.SM).show_header(True)  # noqa: FBT003
    if len(columns) > 1:
        panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    organize = {
        "excludeByName": {"Time": True},
        "indexByName": {name: index for index, name in enumerate(headings)},
        "renameByName": headings,
    }
    panel.with_transformation(model.DataTransformerConfig(id_val="organize", options=organize))
    for column in columns:
        panel.override_by_name(column.title, list(_cell(column)))
    for heading, url in (links or {}).items():
        panel.override_by_name(heading, [_property("links", [{"title": heading, "url": url}])])
    return _finished(panel, title, about, queries, unit="short", size=(width, height), instant=True)


def _cell(column: Column) -> Sequence[model.DynamicConfigValue]:
    found = [_property("unit", column.unit)]
    if column.decimals is not None:
        found.append(_property("decimals", column.decimals))
    if column.steps:
        found += [
            _property(
                "thresholds", {"mode": "absolute", "steps": [{"value": at, "color": to} for at, to in column.steps]}
            ),
            _property("custom.cellOptions", {"type": "color-text"}),
        ]
    if column.names:
        options = {
            str(value): {"text": text, "index": index} for index, (value, text) in enumerate(column.names.items())
        }
        found.append(_property("mappings", [{"type": "value", "options": options}]))
    return found


def _colour(panel: timeseries.Panel | piechart.Panel) -> None:
    for name, colour in COLOURS.items():
        panel.override_by_name(name, [_property("color", {"mode": "fixed", "fixedColor": colour})])


def _property(name: str, value: object) -> model.DynamicConfigValue:
    return model.DynamicConfigValue(id_val=name, value=value)


def _ref(index: int) -> str:
    return chr(ord("A") + index)


def _finished(
    panel: Any,
    title: str,
    about: str,
    queries: Sequence[Query],
    *,
    unit: str,
    size: tuple[int, int],
    instant: bool,
    steps: Steps = NEUTRAL,
    decimals: int | None = None,
) -> Panel:
    """Add what all panels have."""
    is_table = isinstance(panel, table.Panel)
    targets = []
    for index, query in enumerate(queries):
        target = prometheus.Dataquery().expr(query.expr).ref_id(_ref(index)).datasource(SOURCE)
        target = target.instant() if instant else target.range()
        if query.legend:
            target.legend_format(query.legend)
        targets.append(target.format(promql.PromQueryFormat.TABLE) if is_table else target)
    panel.title(title).description(about).datasource(SOURCE).unit(unit).span(size[0]).height(size[1]).targets(targets)
    if decimals is not None:
        panel.decimals(decimals)
    thresholds = [model.Threshold(value=at, color=colour) for at, colour in steps]
    panel.thresholds(build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(thresholds))
    finished: Panel = panel
    return finished

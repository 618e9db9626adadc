"""What every dashboard has around its panels: the data source, variables, links, refresh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as model

from aicc.dashboards.definitions.style import SOURCE, Panel

Variable: TypeAlias = Builder[model.VariableModel]
TAG = "aicc"
_EVERY_30_SECONDS = "30s"


def variable(name: str, label: str, query: str) -> Variable:
    """Several values of a label may be chosen, or all."""
    return (
        _chosen(name, label, query)
        .multi(True)  # noqa: FBT003
        .include_all(True)  # noqa: FBT003
        .all_value(".*")
        .current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def _chosen(name: str, label: str, query: str) -> build.QueryVariable:
    """One value is chosen."""
    return (
        build.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query({"query": query, "refId": name})
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )


POOL = variable("pool", "Pool", "label_values(aicc_pool_info, pool)")
NODE = variable("node", "Node", 'label_values(aicc_node_info{pool=~"$pool"}, node)')
TENANT = variable("tenant", "Tenant", "label_values(aicc_tenant_info, tenant)")
MODEL = variable("model", "Model", "label_values(aicc_slo_availability_ratio, model)")
CURRENCY = _chosen("currency", "Currency", "label_values(aicc_pool_price_per_hour, currency)")
"""One at a time: money of two currencies has no sum."""


def dashboard(
    uid: str,
    title: str,
    about: str,
    variables: Sequence[Variable],
    rows: Sequence[tuple[str | None, Sequence[Panel]]],
) -> model.Dashboard:
    """Rows of panels, each row with its heading or none; 24 columns wide, as in Grafana."""
    made = (
        build.Dashboard(title)
        .uid(uid)
        .description(about)
        .tags([TAG])
        .timezone("utc")
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .time("now-1h", "now")
        .refresh(_EVERY_30_SECONDS)
        .link(
            build.DashboardLink("Dashboards")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)  # noqa: FBT003
            .include_vars(True)  # noqa: FBT003
            .keep_time(True)  # noqa: FBT003
        )
    )
    source = build.DatasourceVariable("datasource").label("Data source").type("prometheus")
    for item in (source, *variables):
        made.with_variable(item)
    for heading, panels in rows:
        if heading:
            made.with_row(build.Row(heading))
        for panel in panels:
            made.with_panel(panel)
    finished = made.build()
    for number, one in enumerate(finished.panels or (), start=1):
        one.id_val = number
    return finished

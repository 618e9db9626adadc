"""Answers what a dashboard's panels and variables ask of Prometheus. Nobody else's query gets through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aicc.dashboards.files import Document
from aicc.dashboards.interpolate import LabelValues, Span, Variable, interpolated

PANEL_TYPES = frozenset({"bargauge", "piechart", "stat", "table", "timeseries"})
"""Those that the page can draw."""
_COLOURED = {
    "tenant": LabelValues("aicc_tenant_info", "tenant"),
    "pool": LabelValues("aicc_pool_info", "pool"),
    "model": LabelValues('aicc_gateway_model_active{model!=""}', "model"),
}
Chosen = Mapping[str, Sequence[str]]


class Source(Protocol):
    """Whatever reaches a Prometheus."""

    def get(self, path: str, query: Mapping[str, str]) -> Any:
        """Return an answer with its HTTP `status` and parsed `body`."""


class UndrawableError(ValueError):
    """A dashboard has a panel that the page cannot draw."""


class Dashboards:
    """The generated dashboards over one Prometheus."""

    def __init__(self, documents: Mapping[str, Document], source: Source) -> None:
        for uid, document in documents.items():
            for panel in document["panels"]:
                if panel["type"] not in PANEL_TYPES | {"row"}:
                    raise UndrawableError(f"{uid}: panel {panel['title']!r} is of type {panel['type']!r}")
        self._documents = documents
        self._source = source

    def listed(self) -> list[dict[str, str]]:
        """Name them for a menu."""
        return [{"uid": uid, "title": document["title"]} for uid, document in self._documents.items()]

    def document(self, uid: str) -> Document:
        """Return a dashboard. Raises KeyError."""
        return self._documents[uid]

    def options(self, uid: str, chosen: Chosen, span: Span) -> dict[str, list[str]]:
        """Return the values that each variable of a dashboard can have, in view of those chosen before it."""
        found: dict[str, list[str]] = {}
        values: dict[str, str] = {}
        for variable in Variable.declared(self.document(uid)):
            query = LabelValues.parse(interpolated(variable.query, values))
            found[variable.name] = self._label_values(query, span)
            values[variable.name] = variable.matcher(chosen.get(variable.name, ()))
        return found

    def names(self, span: Span) -> dict[str, list[str]]:
        """Return the names that get colours of their own, the same in every panel."""
        return {kind: self._label_values(query, span) for kind, query in _COLOURED.items()}

    def answers(self, uid: str, panel_id: int, chosen: Chosen, span: Span) -> list[dict[str, Any]]:
        """Return what Prometheus says to each query of a panel. Raises KeyError."""
        document = self.document(uid)
        panel = next((panel for panel in document["panels"] if panel["id"] == panel_id), None)
        if panel is None:
            raise KeyError(panel_id)
        values = {**matchers(document, chosen), **span.values}
        return [self._answer(target, values, span) for target in panel.get("targets", ())]

    def _answer(self, target: Mapping[str, Any], values: Mapping[str, str], span: Span) -> dict[str, Any]:
        expr = interpolated(target["expr"], values)
        if target["instant"]:
            body = self._ask("/api/v1/query", {"query": expr, "time": str(span.end)})
        else:
            times = {"start": str(span.start), "end": str(span.end), "step": str(span.step_seconds)}
            body = self._ask("/api/v1/query_range", {"query": expr, **times})
        answer = {"refId": target["refId"], "legend": target.get("legendFormat", ""), "expr": expr}
        if body.get("status") != "success":
            return {**answer, "error": str(body.get("error", "no answer that Prometheus would give"))}
        return {**answer, "result": body["data"]["result"]}

    def _label_values(self, query: LabelValues, span: Span) -> list[str]:
        times = {"start": str(span.start), "end": str(span.end)}
        body = self._ask(f"/api/v1/label/{query.label}/values", {"match[]": query.selector, **times})
        return sorted(body.get("data") or [])

    def _ask(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        body: Mapping[str, Any] = self._source.get(path, query).body
        return body


def matchers(document: Document, chosen: Chosen) -> dict[str, str]:
    """Return what stands for each variable of a dashboard in its panels' queries."""
    return {variable.name: variable.matcher(chosen.get(variable.name, ())) for variable in Variable.declared(document)}

"""values.yaml and values.schema.json say the same, and the schema is closed and explains every value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tests.charts.model_server import ModelServer

_NAME_SOURCE = re.compile(r"\.Release\.Name\b|\.Chart\.")


def _schema(chart: ModelServer) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((chart.path / "values.schema.json").read_text(encoding="utf-8"))
    return schema


def _resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in node:
        return node
    target: Mapping[str, Any] = schema["definitions"][node["$ref"].removeprefix("#/definitions/")]
    return target


def _schema_keys(node: Mapping[str, Any], schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, child in _resolved(node, schema).get("properties", {}).items():
        yield f"{path}{key}"
        yield from _schema_keys(child, schema, f"{path}{key}.")


def _value_keys(value: object, path: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield f"{path}{key}"
            yield from _value_keys(child, f"{path}{key}.")


def _nodes(node: object, path: str = "#") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every subschema, with its JSON pointer."""
    if not isinstance(node, Mapping):
        return
    yield path, node
    for group in ("properties", "definitions"):
        for key, child in node.get(group, {}).items():
            yield from _nodes(child, f"{path}/{group}/{key}")
    for key in ("items", "additionalProperties"):
        yield from _nodes(node.get(key), f"{path}/{key}")


def test_values_and_schema_have_the_same_keys(chart: ModelServer) -> None:
    schema = _schema(chart)
    values = yaml.safe_load((chart.path / "values.yaml").read_text(encoding="utf-8"))
    assert sorted(_value_keys(values)) == sorted(_schema_keys(schema, schema))


def test_every_value_is_described(chart: ModelServer) -> None:
    undescribed = [
        path
        for path, node in _nodes(_schema(chart))
        if "description" not in node and path.split("/")[-2] in {"properties", "definitions"}
    ]
    assert undescribed == []


def test_every_object_in_the_schema_is_closed(chart: ModelServer) -> None:
    def is_closed(node: Mapping[str, Any]) -> bool:
        return node.get("additionalProperties") is False or {"propertyNames", "additionalProperties"} <= set(node)

    assert [path for path, node in _nodes(_schema(chart)) if node.get("type") == "object" and not is_closed(node)] == []


def test_names_are_made_in_one_file(chart: ModelServer) -> None:
    templates = (chart.path / "templates").iterdir()
    users = {template.name for template in templates if _NAME_SOURCE.search(template.read_text(encoding="utf-8"))}
    assert users == {"_helpers.tpl", "_checks.tpl"}, "_checks.tpl only says what is wrong with a name"

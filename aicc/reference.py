"""Writes docs/reference from the code: schemas, the configuration's fields, the commands. `--check` only compares."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import typer.main
from pydantic import TypeAdapter

from aicc import vocabulary
from aicc.cli import app
from aicc.errors import exit_codes
from aicc.paths import REPO
from infra.catalogue.places import Grid, Host, Operator, Profile, Service
from infra.catalogue.schema import Accelerator, Capping, Instance
from infra.config.load import KEY
from infra.config.models import Center

FOLDER = REPO / "docs" / "reference"
_GENERATED = "<!-- Written by `make reference`; change the code it describes. -->\n\n"


def pages() -> dict[str, str]:
    """Every generated file, by name."""
    center = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack file of the AI compute centre",
        "type": "object",
        "properties": {"config": {"type": "object", "properties": {KEY: {"$ref": "#/$defs/Center"}}}},
    }
    schema = Center.model_json_schema(by_alias=True)
    defs = schema.pop("$defs")
    center["$defs"] = {"Center": schema, **defs}
    return {
        "center.schema.json": _json(center),
        "accelerator.schema.json": _json(Accelerator.model_json_schema(by_alias=True)),
        "instances.schema.json": _json(TypeAdapter(dict[str, Instance]).json_schema(by_alias=True)),
        "service.schema.json": _json(Service.model_json_schema(by_alias=True)),
        "grids.schema.json": _json(TypeAdapter(dict[str, Grid]).json_schema(by_alias=True)),
        "profiles.schema.json": _json(TypeAdapter(dict[str, Profile]).json_schema(by_alias=True)),
        "operators.schema.json": _json(TypeAdapter(dict[str, Operator]).json_schema(by_alias=True)),
        "host.schema.json": _json(Host.model_json_schema(by_alias=True)),
        "capping.schema.json": _json(Capping.model_json_schema(by_alias=True)),
        "config.md": _GENERATED + _config(schema, defs),
        "commands.md": _GENERATED + _commands(),
        "metrics.md": _GENERATED.replace("the code it describes", "charts/monitoring/metrics.yaml") + vocabulary.page(),
    }


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _config(center: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    """One table per declared object, in the order in which the centre names them."""
    sections = [f"# Configuration\n\nEverything under `{KEY}` in `Pulumi.<stack>.yaml`. An unknown key is an error.\n"]
    for name, model in {"Center": center, **defs}.items():
        if model.get("type") != "object":
            continue
        required = model.get("required", [])
        rows = [
            f"| `{field}` | {_type(spec)} | {'required' if field in required else _default(spec)} "
            f"| {spec.get('description', '')} |"
            for field, spec in model.get("properties", {}).items()
        ]
        about = model.get("description", "")
        head = f"## {name}\n\n{about}\n\n| field | type | default | meaning |\n| --- | --- | --- | --- |"
        sections.append("\n".join([head, *rows, ""]))
    return "\n".join(sections)


def _type(spec: Mapping[str, Any]) -> str:
    if "$ref" in spec:
        name = spec["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "enum" in spec:
        return " or ".join(f"`{value}`" for value in spec["enum"])
    if "const" in spec:
        return f"`{spec['const']}`"
    if options := spec.get("anyOf", spec.get("oneOf")):
        return " or ".join(_type(option) for option in options)
    if spec.get("type") == "array":
        return f"list of {_type(spec.get('items', {}))}"
    bounds = [f"{sign} {spec[key]:,}" for key, sign in (("minimum", "≥"), ("maximum", "≤")) if key in spec]
    return " ".join([str(spec.get("type", "any")), *bounds])


def _default(spec: Mapping[str, Any]) -> str:
    return f"`{json.dumps(spec['default'], ensure_ascii=False)}`" if "default" in spec else ""


def _commands() -> str:
    group = typer.main.get_command(app)
    context = group.make_context("aicc", [], resilient_parsing=True)
    sections = [f"# Commands\n\n{(group.help or '').strip()}\n"]
    for name, command in _leaves(group, context, ""):
        sections.append(f"## aicc {name}\n\n{command.help}\n\n" + "\n".join(_options(command)) + "\n")
    codes = "\n".join(f"| {code} | {meaning} |" for code, meaning in sorted(exit_codes().items()))
    sections.append(f"## Exit codes\n\n| code | meaning |\n| --- | --- |\n{codes}\n")
    return "\n".join(sections)


def _leaves(group: Any, context: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Every command, those of groups with the group's name before theirs."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if hasattr(command, "list_commands"):
            yield from _leaves(command, context, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _options(command: Any) -> Iterator[str]:
    yield "| option | default | meaning |\n| --- | --- | --- |"
    for option in command.params:
        if option.name == "help":
            continue
        default = "required" if option.required else f"`{getattr(option.default, 'value', option.default)}`"
        yield f"| `{'`, `'.join(option.opts)}` | {default} | {option.help} |"


def main() -> int:
    """Write the pages, or with --check say which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = [name for name, text in pages().items() if _read(name) != text]
    if check:
        for name in stale:
            print(f"docs/reference/{name} is out of date: make reference", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (FOLDER / name).write_text(pages()[name], encoding="utf-8")
    return 0


def _read(name: str) -> str | None:
    path = FOLDER / name
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())

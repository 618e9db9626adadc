"""The only reader of the stack's configuration: from the Pulumi engine, or from a stack file without one."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from infra.config.checks import check
from infra.config.fields import FORMS, Declared
from infra.config.issues import InvalidCenterError, Issue, closest
from infra.config.models import Center

PROJECT = "ai-compute-center"
KEY = f"{PROJECT}:center"


def from_pulumi() -> Center:
    """The centre of the running Pulumi program's stack.

    Raises InvalidCenterError.
    """
    import pulumi  # noqa: PLC0415  reading a stack file must not pay for the SDK

    raw = pulumi.Config(PROJECT).get("center")
    if raw is None:
        raise InvalidCenterError([_missing_center()])
    return parse(json.loads(raw))


def from_file(path: Path) -> Center:
    """The centre of a stack file.

    Raises InvalidCenterError, with the file's name, for anything wrong in it.
    """
    return parse(raw_config(path).get(KEY), source=path.name)


def raw_config(path: Path) -> dict[str, Any]:
    """The `config:` section of a stack file, as written.

    Raises InvalidCenterError where the file cannot be read as one.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_StackLoader)  # noqa: S506  a safe loader
    except (yaml.YAMLError, ValueError, RecursionError, OSError) as error:  # ValueError: no such date, too many digits
        raise InvalidCenterError([Issue("(file)", f"cannot be read as YAML: {error}")], path.name) from error
    config = document.get("config") if isinstance(document, dict) else None
    if not isinstance(config, dict):
        raise InvalidCenterError([_missing_center()], path.name)
    return config


def parse(data: Any, source: str = KEY) -> Center:
    """Validate `data` as a centre.

    Raises InvalidCenterError naming every issue found.
    """
    if data is None:
        raise InvalidCenterError([_missing_center()], source)
    try:
        infinite = _not_finite(data, "")
    except RecursionError as error:
        raise InvalidCenterError([Issue("(center)", "contains itself, through a YAML alias")], source) from error
    if infinite:
        raise InvalidCenterError(infinite, source)
    try:
        center = Center.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        raise InvalidCenterError([_issue(detail) for detail in error.errors()], source) from error
    if issues := check(center):
        raise InvalidCenterError(issues, source)
    return center


class _StackLoader(yaml.SafeLoader):
    """Refuses a key written twice, as the Pulumi CLI does; PyYAML would silently take the last.

    Not the loader in C, which deep nesting crashes.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        keys = [key.value for key, _ in node.value]
        for index, (key, _) in enumerate(node.value):
            if key.value in keys[:index]:
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} is written twice", problem_mark=key.start_mark)
        return super().construct_mapping(node, deep)


def _missing_center() -> Issue:
    return Issue(f"config.{KEY}", "is missing", allowed="the declared centre; see docs/reference/config.md")


def _not_finite(data: Any, path: str) -> list[Issue]:
    if isinstance(data, float) and not math.isfinite(data):
        return [Issue(path, "is not a finite number", str(data), allowed="a whole number")]
    if isinstance(data, dict):
        return [issue for key, item in data.items() for issue in _not_finite(item, f"{path}.{key}".lstrip("."))]
    if isinstance(data, list):
        return [issue for index, item in enumerate(data) for issue in _not_finite(item, f"{path}[{index}]")]
    return []


def _issue(detail: ErrorDetails) -> Issue:  # noqa: PLR0911  one return for each kind of mistake
    """One pydantic error in our words."""
    path, keys = _locate(detail["loc"])
    context, value = detail.get("ctx", {}), detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            suggestion = closest(str(detail["loc"][-1]), keys)
            return Issue(path, "is not a known key", allowed=", ".join(keys), suggestion=suggestion)
        case "missing":
            return Issue(path, "is required but missing")
        case "literal_error":
            return _not_a_choice(path, str(value), str(context["expected"]))
        case "union_tag_invalid":
            return _not_a_choice(f"{path}.kind", str(context["tag"]), str(context["expected_tags"]))
        case "union_tag_not_found":
            return Issue(f"{path}.kind", "is required but missing", allowed="the kind of cloud")
        case "string_pattern_mismatch":
            pattern = str(context["pattern"])
            return Issue(path, "is not well formed", value, allowed=FORMS.get(pattern, pattern))
        case _:
            found = value if isinstance(value, str | int | float) else f"a {type(value).__name__}"
            return Issue(path, f"is not valid: {detail['msg'][:1].lower()}{detail['msg'][1:]}", found)


def _not_a_choice(path: str, value: str, expected: str) -> Issue:
    choices = expected.replace("'", "").replace(" or ", ", ").split(", ")
    suggestion = closest(value, choices)
    return Issue(path, "is not one of the choices", value, allowed=", ".join(choices), suggestion=suggestion)


def _locate(loc: Sequence[int | str]) -> tuple[str, list[str]]:
    """The written path of a pydantic location, and the keys allowed beside its last part.

    A location names the chosen member of a union (`cloud.local.zone`), which the file does not.
    """
    path, keys = "", _keys(Center)
    members: list[type[Declared]] = [Center]
    for part in loc:
        if part == "[key]":  # pydantic's mark for a dictionary's key, as against its value
            continue
        if isinstance(part, int):
            path += f"[{part}]"
        elif len(members) > 1 and part in {_kind(member) for member in members}:
            members = [member for member in members if _kind(member) == part]
        else:
            path = f"{path}.{part}" if path else part
            keys = _keys(members[0]) if members else keys
            members = _declared_in(_annotation(members[0], part)) if members else []
    return path or "(center)", keys


def _keys(model: type[Declared]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _annotation(model: type[Declared], key: str) -> Any:
    return next((field.annotation for name, field in model.model_fields.items() if key in {name, field.alias}), None)


def _declared_in(annotation: Any) -> list[type[Declared]]:
    """The declared models that a field's annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, Declared):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _declared_in(argument)]


def _kind(model: type[Declared]) -> str:
    return str(get_args(model.model_fields["kind"].annotation)[0]) if "kind" in model.model_fields else ""

"""The rules' words are the providers': every type and every property that a case has is in its SDK."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from aicc.offline.graph import Graph
from aicc.paths import REPO
from infra.declaration import TYPE
from policy.model import CENTER
from policy.rules.encryption import BUCKET_ENCRYPTION, OWN_KEYS
from policy.rules.protection import SWITCHES
from policy.rules.tags import TAGGED
from tests.policy.cases import CASES

# The SDKs' own: some of their modules warn of themselves when they are imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SDKS = {
    "alicloud": "pulumi_alicloud",
    "aws": "pulumi_aws",
    "azure-native": "pulumi_azure_native",
    "gcp": "pulumi_gcp",
}
TYPE_TOKEN = re.compile(rf'"((?:{"|".join(SDKS)}):[a-z]\w*(?:/\w+)?:\w+)"')
TAGS = ("tags", "labels", "resource_labels")


def named_in_rules() -> set[str]:
    source = "".join(path.read_text(encoding="utf-8") for path in (REPO / "policy" / "rules").glob("*.py"))
    return {*TYPE_TOKEN.findall(source), *TAGGED}


def paths() -> set[tuple[str, tuple[str, ...]]]:
    """Properties in the rules' tables."""
    inline = {type_: (name,) for type_, (name, _) in BUCKET_ENCRYPTION.items()}
    switches = {type_: (name,) for type_, name in SWITCHES.items()}
    return {*TAGGED.items(), *OWN_KEYS.items(), *inline.items(), *switches.items()}


@cache
def module_of(type_: str) -> Any:
    """The SDK's module that has the type, or a skipped test where that cloud's extra is not installed."""
    cloud, module, _ = type_.split(":")
    return pytest.importorskip(f"{SDKS[cloud]}.{module.partition('/')[0]}", reason=f"extra {cloud} is not installed")


def arguments(type_: str) -> Any:
    """Of the resource; the SDK calls them so where another type has a part of that name."""
    module, name = module_of(type_), type_.rpartition(":")[2]
    return getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")


def properties(args: Any) -> dict[str, Any]:
    """Pulumi's name of each argument, with what it holds."""
    found = {name: item for name, item in vars(args).items() if isinstance(item, property)}
    return {
        getattr(item.fget, "_pulumi_name", name): item.fget.__annotations__["return"] for name, item in found.items()
    }


def unknown_words(args: Any, module: Any, given: Mapping[str, Any], where: str = "") -> Iterator[str]:
    known = properties(args)
    for name, content in given.items():
        if name not in known:
            yield f"{where}{name}"
            continue
        nested = re.search(r"'(?:[\w.]*\.)?(\w+Args)'", str(known[name]))
        parts = content if isinstance(content, list) else [content]
        for part in parts if nested else ():
            if isinstance(part, Mapping):
                yield from unknown_words(getattr(module, nested[1]), module, part, f"{where}{name}.")


@pytest.mark.parametrize("type_", sorted(named_in_rules()))
def test_a_type_that_a_rule_names_is_the_provider_s(type_: str) -> None:
    made = getattr(module_of(type_), type_.rpartition(":")[2])
    assert made.pulumi_type == type_


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        (subject.type, subject.props)
        for case in CASES
        for subject in case.subjects
        if subject.type.partition(":")[0] in SDKS and subject.props
    ],
)
def test_a_property_of_a_case_is_an_argument_of_the_provider_s(type_: str, given: Mapping[str, Any]) -> None:
    assert list(unknown_words(arguments(type_), module_of(type_), given)) == []


@pytest.mark.parametrize(("type_", "path"), sorted(paths()))
def test_a_property_that_a_rule_s_table_names_is_an_argument_of_the_provider_s(
    type_: str, path: tuple[str, ...]
) -> None:
    given: dict[str, Any] = {}
    for step in reversed(path):
        given = {step: given}
    assert list(unknown_words(arguments(type_), module_of(type_), given)) == []


def test_whatever_takes_tags_in_some_stack_must_have_them(stack_graphs: Mapping[str, Graph]) -> None:
    used = {
        resource.type
        for graph in stack_graphs.values()
        for resource in graph.resources
        if resource.custom and resource.type.partition(":")[0] in SDKS
    }
    takes = {type_ for type_ in used if any(hasattr(arguments(type_), name) for name in TAGS)}
    assert takes - set(TAGGED) == set()


def test_the_stack_s_own_declaration_has_one_name() -> None:
    assert CENTER == TYPE

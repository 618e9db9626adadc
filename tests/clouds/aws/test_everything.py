"""What holds of every resource on AWS."""

from __future__ import annotations

import copy
from functools import cache
from importlib import import_module
from inspect import signature

import pytest

from aicc.offline.record import record
from infra.config.load import raw_config
from infra.plan import CenterPlan
from tests.clouds.aws.example import CENTER, EXAMPLE, STACK, Recorded, planned


@pytest.mark.parametrize("protected", [True, False])
def test_what_holds_data_or_keys_is_protected_as_declared(*, protected: bool) -> None:
    recorded = planned(deletionProtection=protected)
    holding = {"Cluster", "Key", "Bucket", "FileSystem", "LustreFileSystem", "Repository", "LogGroup"}
    found = {kind: list(recorded.of(kind).values()) for kind in holding}
    assert all(found.values())
    for item in recorded.resources:
        # A bucket's settings stay with it.
        holds = item.type.rpartition(":")[2] in holding or "bucket:Bucket$" in item.urn
        assert item.protect is (protected and holds), item.urn
    assert found["Cluster"][0].inputs["deletionProtection"] is protected
    assert all(group.inputs["deletionProtectionEnabled"] is protected for group in found["LogGroup"])


def test_everything_that_takes_tags_says_who_answers_and_who_pays(example: Recorded) -> None:
    taking = [item for item in example.resources if "tags" in arguments(item.type)]
    assert len(taking) > 60
    for item in taking:
        assert {"owner", "cost-center", "center", "stack", "tenant"} <= set(item.inputs.get("tags", {})), item.urn


@cache
def arguments(type_: str) -> set[str]:
    """What the SDK's class of a resource type takes."""
    _, module, name = type_.split(":")
    return set(signature(getattr(import_module(f"pulumi_aws.{module.partition('/')[0]}"), f"{name}Args")).parameters)


def test_no_logical_name_has_the_centre_s(example: Recorded, plan: CenterPlan) -> None:
    """It would tie the resources to an environment."""
    assert [item.urn for item in example.resources if plan.name in item.name] == []


def test_names_fit_however_long_the_declared_ones_are() -> None:
    config = copy.deepcopy(dict(raw_config(EXAMPLE)))
    center = config[CENTER]
    center["name"] = "c" * 40
    old = center["tenants"][0]["name"]
    center["tenants"][0]["name"] = "t" * 40
    center["models"] = [
        {**model, "tenant": "t" * 40 if model["tenant"] == old else model["tenant"]} for model in center["models"]
    ]
    center["cloud"]["owner"] = "o" * 40
    recorded = Recorded(record(STACK, config))
    limits = {
        "Role": ("name", 64),
        "NodeGroup": ("nodeGroupName", 63),
        "Cluster": ("name", 100),
        "Alias": ("name", 256),
    }
    for kind, (field, limit) in limits.items():
        names = [item.inputs[field] for item in recorded.of(kind).values()]
        assert max(map(len, names)) <= limit
        assert len(set(names)) == len(names)

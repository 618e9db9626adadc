from __future__ import annotations

import pkgutil
from dataclasses import replace
from importlib import import_module
from typing import get_args

import pulumi
import pytest

from aicc.paths import REPO
from infra import layers
from infra.clouds import registry
from infra.config.clouds import Cloud
from infra.layers import LAYERS, ordered
from infra.layers.base import Layer

MODULES = {
    module.name: import_module(f"infra.layers.{module.name}") for module in pkgutil.iter_modules(layers.__path__)
}


def test_every_layer_module_is_registered_under_its_name() -> None:
    found = {
        name: module.LAYER for name, module in MODULES.items() if isinstance(getattr(module, "LAYER", None), Layer)
    }
    assert found == LAYERS
    assert [layer.name for layer in found.values()] == list(found)


def test_a_layer_requires_only_layers_that_come_before_it() -> None:
    done: set[str] = set()
    for layer in ordered():
        assert set(layer.requires) <= done
        done.add(layer.name)
    assert done == set(LAYERS)


def test_the_order_of_layers_never_changes() -> None:
    assert [layer.name for layer in ordered()] == [layer.name for layer in ordered()]


def test_every_cloud_that_can_be_declared_has_a_module() -> None:
    kinds = {get_args(member.model_fields["kind"].annotation)[0] for member in get_args(get_args(Cloud)[0])}
    assert set(registry.CLOUDS) == kinds


@pytest.mark.parametrize("kind", registry.CLOUDS)
def test_a_cloud_module_follows_the_contract(kind: str) -> None:
    assert callable(registry.cloud(kind).build)


def test_a_cloud_whose_sdk_is_missing_says_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, entry in registry.CLOUDS.items():
        if entry.sdk is None:
            continue
        assert (REPO / f"requirements-{kind}.txt").is_file()
        monkeypatch.setitem(registry.CLOUDS, kind, replace(entry, sdk="pulumi_nobody"))
        with pytest.raises(pulumi.RunError, match=rf"pulumi_nobody.*requirements-{kind}\.txt"):
            registry.cloud(kind)

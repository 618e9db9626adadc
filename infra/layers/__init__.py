"""The layers of the centre, each built on the ones it requires. Adding one: docs/howto/add-a-layer.md."""

from __future__ import annotations

from graphlib import TopologicalSorter

from infra.clouds.base import ClusterOut
from infra.layers import (
    accelerators,
    applications,
    backup,
    foundation,
    gateway,
    monitoring,
    operators,
    power_caps,
    queues,
    serving,
    shifting,
    storage,
    telemetry,
    tenancy,
    weights,
)
from infra.layers.base import Layer, LayerComponent, LayerIn, LayerOut
from infra.plan import CenterPlan

_MODULES = (
    foundation,
    storage,
    operators,
    accelerators,
    tenancy,
    queues,
    backup,
    telemetry,
    weights,
    serving,
    gateway,
    applications,
    shifting,
    monitoring,
    power_caps,
)
LAYERS = {module.LAYER.name: module.LAYER for module in _MODULES}


def ordered() -> list[Layer]:
    """Every layer, after those it requires."""
    order = TopologicalSorter({layer.name: layer.requires for layer in LAYERS.values()}).static_order()
    return [LAYERS[name] for name in order]


def build(plan: CenterPlan, cluster: ClusterOut) -> dict[str, LayerOut]:
    """Register every layer's resources."""
    built: dict[str, LayerOut] = {}
    for layer in ordered():
        component = LayerComponent(layer.name)
        earlier = {name: built[name] for name in layer.requires}
        built[layer.name] = layer.build(LayerIn(plan, cluster, component, earlier))
        component.register_outputs({})
    return built

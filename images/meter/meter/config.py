"""Reads `meter.yaml`, which the plan makes: closed, versioned, and refused whole where anything in it is wrong.

Watts are of one node or one piece, grams of CO2e of one node and hour. A figure that is not known is not in the file,
and None here; it is never zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

VERSION = 1
FORMATS = ("plain", "electricity-maps", "uk-carbon-intensity")
HOURS = 24
PLATFORM = "platform"
"""The tenant of every pod that is no declared tenant's."""
_Value = TypeVar("_Value")


class ConfigError(ValueError):
    """The configuration cannot be used; the message names the field."""


@dataclass(frozen=True)
class Pool:
    """A group of like nodes."""

    name: str
    node_labels: Mapping[str, str]
    """Those that its nodes carry."""
    instance: str
    nodes: int | None
    """Declared; None where the cloud decides."""
    accelerator: str
    """Catalogue id; empty without."""
    vendor: str
    resource: str
    """The extended resource; empty without."""
    accelerators_per_node: int
    host_idle_watts: float | None
    host_peak_watts: float | None
    accelerator_idle_watts: float | None
    accelerator_peak_watts: float | None
    embodied_gco2e_per_hour: float | None
    embodied_complete: bool
    price_per_hour: float | None
    currency: str


@dataclass(frozen=True)
class Tenant:
    """A declared tenant."""

    name: str
    kind: str
    namespace: str
    budget_kwh: float | None
    budget_kgco2e: float | None


@dataclass(frozen=True)
class Model:
    """A served model and what its users are promised."""

    name: str
    tenant: str
    availability_ratio: float
    latency_ratio: float
    ttft_seconds: float | None
    tpot_seconds: float | None


@dataclass(frozen=True)
class Profile:
    """A grid's usual day, in multiples of its average."""

    zone: ZoneInfo
    hourly: tuple[float, ...]


@dataclass(frozen=True)
class Feed:
    """A live feed of a grid's intensity."""

    url: str
    format: str
    poll_seconds: float
    stale_seconds: float


@dataclass(frozen=True)
class Grid:
    """Where the electricity is from."""

    id: str
    gco2e_per_kwh: float
    """The average of a year."""
    profile: Profile | None
    feed: Feed | None


@dataclass(frozen=True)
class Config:
    """Everything that the plan says."""

    center: str
    assumed_utilization_ratio: float
    pue: tuple[float, str] | None
    """The ratio, and whose it is."""
    grid: Grid | None
    pools: tuple[Pool, ...]
    tenants: tuple[Tenant, ...]
    models: tuple[Model, ...]
    shifting: bool
    """Whether deferrable jobs wait for the shifter."""
    resources: frozenset[str] = field(init=False)
    """Every pool's extended resource."""
    tenant_of: Mapping[str, str] = field(init=False)
    """By namespace."""
    served: frozenset[tuple[str, str]] = field(init=False)
    """Tenant and model."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "resources", frozenset(pool.resource for pool in self.pools if pool.resource))
        object.__setattr__(self, "tenant_of", {tenant.namespace: tenant.name for tenant in self.tenants})
        object.__setattr__(self, "served", frozenset((model.tenant, model.name) for model in self.models))


def load(path: Path) -> Config:
    """Read the file.

    Raises ConfigError naming the field, what is wrong with it, and the file.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    try:
        return _config(_Section(document, ""))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _config(top: _Section) -> Config:
    version = top.take("version", _whole)
    if version != VERSION:
        raise ConfigError(f"version: {version} is not {VERSION}, the only one that this meter reads")
    config = Config(
        center=top.take("center", _text),
        assumed_utilization_ratio=top.take("assumedUtilizationRatio", _ratio),
        pue=_pue(top.section("pue")),
        grid=_grid(top.section("grid")),
        pools=tuple(_pool(item) for item in top.sections("pools")),
        tenants=tuple(_tenant(item) for item in top.sections("tenants")),
        models=tuple(_model(item) for item in top.sections("models")),
        shifting=top.take("shifting", _truth, False),  # noqa: FBT003  the default
    )
    top.end()
    for what, names in (
        ("pools", [pool.name for pool in config.pools]),
        ("tenants", [tenant.name for tenant in config.tenants]),
        ("models", [f"{model.tenant}/{model.name}" for model in config.models]),
    ):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ConfigError(f"{what}: {', '.join(twice)} is there twice")
    return config


def _pue(section: _Section | None) -> tuple[float, str] | None:
    if section is None:
        return None
    found = section.take("value", _positive), section.take("source", _text)
    section.end()
    if found[0] < 1:
        raise ConfigError(f"pue.value: {found[0]} is less than 1, which no site reaches")
    return found


def _grid(section: _Section | None) -> Grid | None:
    if section is None:
        return None
    grid = Grid(
        id=section.take("id", _text),
        gco2e_per_kwh=section.take("gco2ePerKwh", _positive),
        profile=_profile(section.section("profile")),
        feed=_feed(section.section("feed")),
    )
    section.skip("year")
    section.end()
    return grid


def _profile(section: _Section | None) -> Profile | None:
    if section is None:
        return None
    name, hourly = section.take("timeZone", _text), section.take("hourly", _list)
    section.end()
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"grid.profile.timeZone: {name!r} is not a time zone") from error
    if len(hourly) != HOURS:
        raise ConfigError(f"grid.profile.hourly: has {len(hourly)} hours, not {HOURS}")
    return Profile(zone, tuple(_positive(f"grid.profile.hourly[{hour}]", value) for hour, value in enumerate(hourly)))


def _feed(section: _Section | None) -> Feed | None:
    if section is None:
        return None
    feed = Feed(
        url=section.take("url", _text),
        format=section.take("format", _text),
        poll_seconds=section.take("pollSeconds", _positive),
        stale_seconds=section.take("staleSeconds", _positive),
    )
    section.end()
    if feed.format not in FORMATS:
        raise ConfigError(f"grid.feed.format: {feed.format!r} is not one of {', '.join(FORMATS)}")
    if not feed.url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise ConfigError("grid.feed.url: is neither https nor on loopback")
    return feed


def _pool(item: _Section) -> Pool:
    price = item.section("price")
    pool = Pool(
        name=item.take("name", _text),
        node_labels=item.take("nodeLabels", _labels),
        instance=item.take("instance", _text, ""),
        nodes=item.take("nodes", _whole, None),
        accelerator=item.take("accelerator", _text, ""),
        vendor=item.take("vendor", _text, ""),
        resource=item.take("resource", _text, ""),
        accelerators_per_node=item.take("acceleratorsPerNode", _whole, 0),
        host_idle_watts=item.take("hostIdleWatts", _positive, None),
        host_peak_watts=item.take("hostPeakWatts", _positive, None),
        accelerator_idle_watts=item.take("acceleratorIdleWatts", _positive, None),
        accelerator_peak_watts=item.take("acceleratorPeakWatts", _positive, None),
        embodied_gco2e_per_hour=item.take("embodiedGco2ePerHour", _positive, None),
        embodied_complete=item.take("embodiedComplete", _truth, False),  # noqa: FBT003  the default
        price_per_hour=price.take("perHour", _positive) if price else None,
        currency=price.take("currency", _text) if price else "",
    )
    if price:
        price.end()
    item.end()
    return pool


def _tenant(item: _Section) -> Tenant:
    budget = item.section("budget")
    tenant = Tenant(
        name=item.take("name", _text),
        kind=item.take("kind", _text),
        namespace=item.take("namespace", _text),
        budget_kwh=budget.take("kwhPerMonth", _positive, None) if budget else None,
        budget_kgco2e=budget.take("kgco2ePerMonth", _positive, None) if budget else None,
    )
    if budget:
        budget.end()
    item.end()
    return tenant


def _model(item: _Section) -> Model:
    slo = item.section("slo")
    if slo is None:
        raise ConfigError(f"{item.path}.slo: is missing")
    model = Model(
        name=item.take("name", _text),
        tenant=item.take("tenant", _text),
        availability_ratio=slo.take("availabilityRatio", _ratio),
        latency_ratio=slo.take("latencyRatio", _ratio),
        ttft_seconds=slo.take("ttftSeconds", _positive, None),
        tpot_seconds=slo.take("tpotSeconds", _positive, None),
    )
    slo.end()
    item.end()
    return model


_REQUIRED: Any = object()


class _Section:
    """One mapping of the file, of which each key is taken once; a key that is left over is an error."""

    def __init__(self, data: Any, path: str) -> None:
        if not isinstance(data, Mapping):
            raise ConfigError(f"{path or '(file)'}: is a {type(data).__name__}, not a mapping")
        self.path = path
        self._left = dict(data)

    def take(self, key: str, read: Callable[[str, Any], _Value], default: Any = _REQUIRED) -> _Value:
        """Return the value, checked; the default where it is not there."""
        value = self._left.pop(key, None)
        if value is not None:
            return read(self._path(key), value)
        if default is _REQUIRED:
            raise ConfigError(f"{self._path(key)}: is missing")
        found: _Value = default
        return found

    def skip(self, key: str) -> None:
        """Leave out what is for people."""
        self._left.pop(key, None)

    def section(self, key: str) -> _Section | None:
        """Return the mapping below a key; None where there is none."""
        value = self._left.pop(key, None)
        return None if value is None else _Section(value, self._path(key))

    def sections(self, key: str) -> list[_Section]:
        """Return the mappings of a list."""
        items = self.take(key, _list, [])
        return [_Section(item, f"{self._path(key)}[{index}]") for index, item in enumerate(items)]

    def end(self) -> None:
        """Raise ConfigError where a key was not taken."""
        if self._left:
            raise ConfigError(f"{self._path(min(self._left, key=str))}: is not a known key")

    def _path(self, key: Any) -> str:
        return f"{self.path}.{key}" if self.path else str(key)


def _text(path: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{path}: {value!r} is not text")
    return value


def _number(path: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"{path}: {value!r} is not a number")
    return float(value)


def _positive(path: str, value: Any) -> float:
    number = _number(path, value)
    if number <= 0:
        raise ConfigError(f"{path}: {value} is not above 0; what is unknown is left out")
    return number


def _ratio(path: str, value: Any) -> float:
    number = _number(path, value)
    if not 0 <= number <= 1:
        raise ConfigError(f"{path}: {value} is not from 0 to 1")
    return number


def _whole(path: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigError(f"{path}: {value!r} is not a whole number")
    return value


def _truth(path: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{path}: {value!r} is neither true nor false")
    return value


def _list(path: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ConfigError(f"{path}: is a {type(value).__name__}, not a list")
    return value


def _labels(path: str, value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or not value:
        raise ConfigError(f"{path}: is not a mapping of labels, or is empty; every node would be the pool's")
    return {_text(path, key): _text(f"{path}.{key}", label) for key, label in value.items()}

"""`aicc catalogue list` and `show`: what is known about accelerators, instances and places, and where it is from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from aicc.errors import AiccError
from aicc.figures import UNKNOWN
from aicc.kinds import Kind
from infra.catalogue import Accelerator, Catalogue, Instance, load
from infra.catalogue.entry import Entry, Figure
from infra.catalogue.places import Grid, Operator, Service
from infra.catalogue.schema import Price
from infra.config.issues import closest


class NotInCatalogueError(AiccError):
    """Nothing of that name is known."""


Found = Mapping[tuple[Kind, str], Entry]
"""Entries by kind and name; instances are named by their cloud, too: `aws/p5.48xlarge`."""


def listed(kind: Kind | None = None, cloud: str | None = None) -> Found:
    """Every entry, or those of a kind, or those that a cloud has, uses or draws from.

    Raises NotInCatalogueError for a cloud that is not known.
    """
    catalogue = load()
    clouds = [*catalogue.services, *catalogue.instances]
    if cloud is not None and cloud not in clouds:
        raise _unknown("cloud", cloud, clouds)
    wanted = _of(cloud, catalogue) if cloud else None
    return {
        (its, name): entry
        for (its, name), entry in _all(catalogue).items()
        if kind in {None, its} and (wanted is None or name in wanted[its])
    }


def named(name: str) -> Found:
    """Every entry of that name; one may be of several kinds, as a cloud that is a service and an operator.

    Raises NotInCatalogueError with the nearest name.
    """
    every = _all(load())
    matches = {key: every[key] for key in every if name in {key[1], _own(key[1]), "/".join(key)}}
    if not matches:
        raise _unknown("entry", name, [known for _, entry in every for known in (entry, _own(entry))])
    return matches


def _own(name: str) -> str:
    """An instance's name without its cloud."""
    return name.rpartition("/")[2]


def _all(catalogue: Catalogue) -> Found:
    instances = {
        f"{cloud}/{name}": item for cloud, found in catalogue.instances.items() for name, item in found.items()
    }
    kinds: dict[Kind, Mapping[str, Entry]] = {
        Kind.ACCELERATORS: catalogue.accelerators,
        Kind.INSTANCES: instances,
        Kind.SERVICES: catalogue.services,
        Kind.GRIDS: catalogue.grids,
        Kind.OPERATORS: catalogue.operators,
    }
    return {(kind, name): entry for kind, found in kinds.items() for name, entry in found.items()}


def _of(cloud: str, catalogue: Catalogue) -> dict[Kind, set[str]]:
    """The names that have to do with a cloud."""
    service = catalogue.services.get(cloud)
    instances = catalogue.instances.get(cloud, {})
    return {
        Kind.ACCELERATORS: {item.accelerator for item in instances.values() if item.accelerator},
        Kind.INSTANCES: {f"{cloud}/{name}" for name in instances},
        Kind.SERVICES: {cloud},
        Kind.GRIDS: {region.grid for region in service.regions.values() if region.grid} if service else set(),
        Kind.OPERATORS: {service.operator} if service else set(),
    }


def _unknown(what: str, name: str, known: list[str]) -> NotInCatalogueError:
    near = closest(name, filter(None, known))
    hint = f"did you mean: {near}" if near else "see what is there: aicc catalogue list"
    return NotInCatalogueError(f"{what} {name!r} is not in the catalogue", hint=hint)


def as_json(found: Found) -> dict[str, Any]:
    """Return whole entries for programs, by kind and name."""
    document: dict[str, Any] = {}
    for (kind, name), entry in found.items():
        document.setdefault(kind.value, {})[name] = entry.model_dump(mode="json", by_alias=True)
    return document


def show_list(found: Found, console: Console) -> None:
    """Print a table for each kind."""
    for kind, (columns, row) in _ROWS.items():
        of_kind = {name: entry for (its, name), entry in found.items() if its == kind}
        if of_kind:
            table = Table("name", *columns, title=f"{kind.capitalize()} ({len(of_kind):,})", title_justify="left")
            for name, entry in of_kind.items():
                table.add_row(Text(name), *map(Text, row(entry)))
            console.print(Group(table, ""))


def show(found: Found, console: Console) -> None:
    """Print every figure of some entries with where it is from, what else is said, and all else that is known."""
    for (kind, name), entry in found.items():
        console.print(Group(*_entry(f"{kind.removesuffix('s')} {name}", entry), ""))


def _entry(title: str, entry: Entry) -> Iterator[RenderableType]:
    facts = Table("fact", "value", title=title, title_justify="left")
    figures = Table("figure", "value", "confidence", "date", "source, note, and what others say")
    for table in (facts, figures):
        table.columns[-1].overflow = "fold"
    for path, value in _leaves(entry):
        if isinstance(value, Figure):
            figures.add_row(path, *map(Text, (_value(value), value.confidence, str(value.date), _background(value))))
        else:
            facts.add_row(path, Text(_text(value)))
    yield facts
    if figures.row_count:
        yield figures


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Figures, and whatever is neither a mapping nor an entry, by their place in the file."""
    if isinstance(value, Figure):
        yield path, value
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _leaves(getattr(value, name), f"{path}.{field.alias or name}".removeprefix("."))
    elif isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}")
    elif isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def _value(figure: Figure) -> str:
    if figure.value is None:
        return UNKNOWN
    return f"{figure.value:,.10g}" + (f" {figure.currency}/h" if isinstance(figure, Price) else "")


def _background(figure: Figure) -> str:
    others = (f"but {other.value:,.10g} according to {other.source}" for other in figure.others)
    return "\n".join(filter(None, (figure.source, figure.note, *others)))


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "—"
    return "—" if value is None or value == {} else str(value)


def _accelerator(found: Accelerator) -> list[str]:
    figures = (found.memory_gib, found.dense_tflops.get("fp16"), found.power_watts, found.embodied_kgco2e)
    return [found.kubernetes.resource, *(_short(item) for item in figures), ", ".join(found.serving) or "—"]


def _instance(found: Instance) -> list[str]:
    accelerators = f"{found.accelerators} × {found.accelerator}" if found.accelerator else "—"
    regions = UNKNOWN if found.zones is None else str(len(found.zones))
    return [accelerators, f"{found.vcpu:,}", f"{found.memory_gib:,}", regions, _prices(found)]


def _prices(found: Instance) -> str:
    """From the cheapest region to the dearest."""
    ranges = []
    for currency in sorted({price.currency for price in found.prices.values()}):
        known = [
            price.value for price in found.prices.values() if price.currency == currency and price.value is not None
        ]
        if known:
            ends = dict.fromkeys((min(known), max(known)))
            ranges.append(f"{currency} {' to '.join(f'{end:,.10g}' for end in ends)}")
    return " + ".join(ranges) or UNKNOWN


def _service(found: Service) -> list[str]:
    return [found.name, ", ".join(found.kubernetes), str(len(found.regions)), found.operator]


def _grid(found: Grid) -> list[str]:
    year = max(found.gco2e_per_kwh, default=None)
    return [found.name, str(year or "—"), _short(found.gco2e_per_kwh[year]) if year else UNKNOWN]


def _operator(found: Operator) -> list[str]:
    period = next(reversed(found.pue), None)
    return [found.name, period or "—", _short(found.pue[period]) if period else UNKNOWN]


def _short(figure: Figure | None) -> str:
    """The value, and how sure it is where that is less than usual."""
    if figure is None or figure.value is None:
        return UNKNOWN
    doubtful = figure.confidence in {"assumed", "conflicting"}
    return _value(figure) + (f" ({figure.confidence})" if doubtful else "")


_ROWS: dict[Kind, tuple[tuple[str, ...], Callable[[Any], list[str]]]] = {
    Kind.ACCELERATORS: (("resource", "memory GiB", "fp16 TFLOPS", "W", "embodied kgCO2e", "engines"), _accelerator),
    Kind.INSTANCES: (("accelerators", "vCPU", "memory GiB", "regions", "list price per hour"), _instance),
    Kind.SERVICES: (("service", "Kubernetes", "regions", "operator"), _service),
    Kind.GRIDS: (("grid", "year", "gCO2e/kWh"), _grid),
    Kind.OPERATORS: (("operator", "period", "PUE"), _operator),
}

"""Reads the catalogue's files and checks them against the schema and each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from infra.catalogue.entry import Entry
from infra.catalogue.places import Grid, Host, Operator, Profile, Service
from infra.catalogue.schema import Accelerator, Capping, Catalogue, Instance

HERE = Path(__file__).resolve().parent
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_EntryT = TypeVar("_EntryT", bound=Entry)


class CatalogueError(ValueError):
    """A catalogue file is wrong: a mistake in this project, not in a user's stack."""


@cache
def load(folder: Path = HERE) -> Catalogue:
    """The whole catalogue.

    Raises CatalogueError naming the file.
    """
    accelerators = {}
    for path in sorted((folder / "accelerators").glob("*.yaml")):
        accelerator = _entry(Accelerator, _read(path), path)
        if accelerator.id != path.stem:
            raise CatalogueError(f"{path.name}: id is {accelerator.id!r}, but the file's name is the id")
        accelerators[accelerator.id] = accelerator
    instances = {}
    for path in sorted((folder / "instances").glob("*.yaml")):
        instances[path.stem] = {name: _entry(Instance, data, path) for name, data in _read(path).items()}
        for name, instance in instances[path.stem].items():
            if instance.accelerator is not None and instance.accelerator not in accelerators:
                raise CatalogueError(f"{path.name}: {name} has accelerator {instance.accelerator!r}, which has no file")
    host = _entry(Host, _read(folder / "host.yaml"), folder / "host.yaml")
    capping = _entry(Capping, _read(folder / "capping.yaml"), folder / "capping.yaml")
    return Catalogue(accelerators, instances, **_places(folder), host=host, capping=capping)


def _places(folder: Path) -> dict[str, Any]:
    """Services, grids, profiles and operators, which refer to each other."""
    services = {path.stem: _entry(Service, _read(path), path) for path in sorted((folder / "services").glob("*.yaml"))}
    grids = {name: grid for path in sorted((folder / "grids").glob("*.yaml")) for name, grid in _many(Grid, path)}
    profiles = dict(_many(Profile, folder / "profiles.yaml"))
    for name, grid in grids.items():
        if grid.profile is not None:
            _refers(f"grids: {name}.profile", grid.profile, profiles)
    operators = dict(_many(Operator, folder / "operators.yaml"))
    for name, service in services.items():
        _refers(f"services/{name}.yaml: operator", service.operator, operators)
        for region, found in service.regions.items():
            if found.grid is not None:
                _refers(f"services/{name}.yaml: regions.{region}.grid", found.grid, grids)
    return {"services": services, "grids": grids, "profiles": profiles, "operators": operators}


def _many(kind: type[_EntryT], path: Path) -> Iterator[tuple[str, _EntryT]]:
    for name, data in _read(path).items():
        yield name, _entry(kind, data, path)


def _refers(place: str, name: str, known: Mapping[str, object]) -> None:
    if name not in known:
        raise CatalogueError(f"{place} is {name!r}, which is not in the catalogue")


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  a safe loader, in C
    except (yaml.YAMLError, ValueError) as error:
        raise CatalogueError(f"{path.name}: cannot be read as YAML: {error}") from error
    if not isinstance(document, dict):
        raise CatalogueError(f"{path.name}: is not a mapping")
    return document


def _entry(kind: type[_EntryT], data: Any, path: Path) -> _EntryT:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise CatalogueError(f"{path.name}: {error}") from error

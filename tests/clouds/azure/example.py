"""What must hold of every centre on Azure, as its example stack is planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aicc.offline.record import Recording, Resource, record
from aicc.paths import REPO
from infra.clouds.azure.roles import Role
from infra.config.load import KEY, raw_config

STACK = "azure-sweden-central"
FILE = REPO / f"examples/Pulumi.{STACK}.yaml"
CONFIG = raw_config(FILE)
CHOSEN_KEY = "Microsoft.Keyvault"


def declared(**cloud: Any) -> Recording:
    """The example, with parts of its cloud declared otherwise."""
    center = CONFIG[KEY]
    return record(STACK, {**CONFIG, KEY: {**center, "cloud": {**center["cloud"], **cloud}}})


def with_pool(name: str, **changed: Any) -> Recording:
    """The example, with one of its pools declared otherwise."""
    center = CONFIG[KEY]
    pools = [{**pool, **changed} if pool["name"] == name else pool for pool in center["pools"]]
    return record(STACK, {**CONFIG, KEY: {**center, "pools": pools}})


def made(recording: Recording, kind: str) -> dict[str, Resource]:
    """Resources of a kind such as `storage:BlobContainer`, by logical name."""
    return {each.name: each for each in recording.resources if each.type == f"azure-native:{kind}"}


def of(recording: Recording, kind: str) -> dict[str, Mapping[str, Any]]:
    """Their inputs."""
    found = {name: each.inputs for name, each in made(recording, kind).items()}
    assert found, kind
    return found


def cluster(recording: Recording) -> Mapping[str, Any]:
    return of(recording, "containerservice:ManagedCluster")["cluster"]


def rights(recording: Recording) -> set[tuple[str, str, str]]:
    """Who has which built-in role on what, by logical names: an assignment's name is made of the three."""
    found = set()
    for name, resource in made(recording, "authorization:RoleAssignment").items():
        role = next(role for role in Role if resource.inputs["roleDefinitionId"].endswith(role.value))
        who, _, on = name.removeprefix("role-").partition(f"-{role.name.lower().replace('_', '-')}-")
        found.add((who, role.name, on))
    return found

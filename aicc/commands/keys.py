"""`aicc keys`: tenants' keys to the gateway: list, show, create, rotate, revoke."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from aicc import keys
from aicc.errors import AiccError, ConfigError
from aicc.keys import Key, Store
from aicc.kubeconfigs import connect
from aicc.stacks import Stack

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Held:
    """A key without itself."""

    tenant: str
    id: str
    created: datetime
    expires: datetime | None
    valid: bool


def duration(text: str) -> timedelta:
    """Read a duration such as 90s, 30m, 24h or 7d.

    Raises AiccError for anything else.
    """
    if match := re.fullmatch(r"(\d{1,6})([smhd])", text):
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    raise AiccError(f"{text!r} is not a duration", hint="such as 90s, 30m, 24h or 7d; 0s: the old keys end at once")


def listed(stack: Stack, tenant: str | None) -> list[Held]:
    """Every key of a tenant, or of all, without the keys themselves."""
    if tenant is not None:
        _require(stack, tenant)
    now = datetime.now(UTC)
    with connect(stack) as kube:
        found = Store(kube).all()
    return [
        Held(name, key.id, key.created, key.expires, key.valid(now))
        for name, held in sorted(found.items())
        if tenant in {None, name}
        for key in held
    ]


def shown(stack: Stack, tenant: str) -> Key:
    """The tenant's newest key.

    Raises AiccError where it has none.
    """
    _require(stack, tenant)
    with connect(stack) as kube:
        held = [key for key in Store(kube).of(tenant) if key.valid(datetime.now(UTC))]
    if not held:
        raise AiccError(f"tenant {tenant} has no key", hint=f"make one: aicc keys create --tenant {tenant}")
    return held[0]


def create(stack: Stack, tenant: str) -> Key:
    """Give the tenant one key more, and return it."""
    _require(stack, tenant)
    now = datetime.now(UTC)
    with connect(stack) as kube:
        changed = Store(kube).change(lambda held: {tenant: keys.create(held.get(tenant, ()), now)})
        keys.hand_out(stack, kube)
    return changed[tenant][0]


def rotate(stack: Stack, tenant: str, overlap: timedelta) -> Key:
    """Give the tenant a new key, end its others after `overlap`, and return the new one."""
    _require(stack, tenant)
    now = datetime.now(UTC)
    with connect(stack) as kube:
        changed = Store(kube).change(lambda held: {tenant: keys.rotate(held.get(tenant, ()), now, overlap)})
        keys.hand_out(stack, kube)
    return changed[tenant][0]


def revoke(stack: Stack, tenant: str, key_id: str) -> None:
    """End one key of the tenant now; a tenant that is declared no longer may still lose its keys."""
    with connect(stack) as kube:
        Store(kube).change(lambda held: {tenant: keys.revoke(held.get(tenant, ()), key_id)})
        keys.hand_out(stack, kube)


def _require(stack: Stack, tenant: str) -> None:
    declared = [one.name for one in stack.plan.tenants]
    if tenant not in declared:
        raise ConfigError(f"{tenant} is not a tenant of stack {stack.name}", hint=f"its tenants: {', '.join(declared)}")
    if stack.plan.gateway is None:
        raise ConfigError(f"stack {stack.name} has no gateway", hint="`aicc plan` says why")


def as_json(found: list[Held]) -> dict[str, Any]:
    """Return the list for programs."""
    return {"keys": [_document(key) for key in found]}


def _document(key: Held) -> Mapping[str, Any]:
    expires = key.expires.isoformat() if key.expires else None
    return {
        "tenant": key.tenant,
        "id": key.id,
        "created": key.created.isoformat(),
        "expires": expires,
        "valid": key.valid,
    }


def show(found: list[Held], console: Console) -> None:
    """Print the list for people."""
    table = Table("tenant", "key", "created", "ends", title="Keys", title_justify="left")
    for key in found:
        ends = "—" if key.expires is None else f"{key.expires:%Y-%m-%d %H:%M} UTC" + ("" if key.valid else ", ended")
        table.add_row(key.tenant, key.id, f"{key.created:%Y-%m-%d %H:%M} UTC", ends)
    console.print(table)

"""Reads properties that may be missing, or not known yet. An unknown value is never taken for a good one."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policy.model import UNKNOWN, Props, UndecidedError

_WORLD_V4_BITS, _WORLD_V6_BITS = 8, 16
"""Shorter prefixes than a whole /8 or /16 are the world's, cut in pieces or not."""
_WORLD_WORDS = frozenset({"*", "any", "internet"})
"""What Azure's rules call it."""
LISTED = "list the addresses that may (a /8 or less of IPv4, a /16 or less of IPv6)"
"""What every rule about exposure allows."""


def value(props: Props, *path: str) -> Any:
    """What is at `path`; None where nothing is.

    Raises UndecidedError where it is not known.
    """
    found: Any = props
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
        if found is UNKNOWN:
            raise UndecidedError(".".join(path))
    return found


def is_set(props: Props, *path: str) -> bool:
    """Whether something is given at `path`; what is known only later, such as a new key's id, is given."""
    holder = value(props, *path[:-1])
    found = holder.get(path[-1]) if isinstance(holder, Mapping) else None
    return found is UNKNOWN or bool(found)


def is_true(props: Props, *path: str) -> bool:
    """Whether the switch at `path` is on; some providers take it as text."""
    return value(props, *path) in (True, "true")


def items(props: Props, *path: str) -> list[Any]:
    """The list at `path`; empty where nothing is. An item may be UNKNOWN."""
    return list(value(props, *path) or ())


def mappings(props: Props, *path: str) -> Iterator[Props]:
    """The objects listed at `path`.

    Raises UndecidedError at one that is not known.
    """
    for item in items(props, *path):
        if item is UNKNOWN:
            raise UndecidedError(".".join(path))
        yield item


def exposed(props: Props, what: str, *path: str) -> Iterator[str]:
    """What is wrong with a list of address ranges at `path`, each of which may reach `what`."""
    for found in world(items(props, *path), ".".join(path)):
        yield f"lets {found} reach {what}; {LISTED} in {'.'.join(path)}"


def world(ranges: Iterable[Any], where: str) -> Iterator[str]:
    """Those of some address ranges that let the whole world in.

    Raises UndecidedError, after the last of them, where a range is not known.
    """
    known = list(ranges)
    yield from (str(item) for item in known if item is not UNKNOWN and is_world(str(item)))
    if any(item is UNKNOWN for item in known):
        raise UndecidedError(where)


def is_world(address_range: str) -> bool:
    """Whether a range in CIDR notation, or a provider's word for one, is the world's."""
    if address_range.lower() in _WORLD_WORDS:
        return True
    try:
        network = ipaddress.ip_network(address_range, strict=False)
    except ValueError:
        return False  # a service tag, a security group, a virtual network
    return network.prefixlen < (_WORLD_V4_BITS if network.version == 4 else _WORLD_V6_BITS)

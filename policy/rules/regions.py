"""The centre, and everything in it, is where the stack says that it may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from policy.model import (
    CENTER,
    UNKNOWN,
    Messages,
    Props,
    ResourceRule,
    Stack,
    StackRule,
    Subject,
    UndecidedError,
    by_type,
)
from policy.read import items, value

_CLOUDS = ("alicloud:", "aws:", "azure-native:", "gcp:", "pulumi:providers:")
_PLACES = ("region", "location", "zone", "zoneId", "availabilityZone")
_ZONE = re.compile(r"-?[a-z]")
"""What a zone's name adds to its region's."""
_EVERYWHERE = "global"
"""Azure's services without a region, such as private DNS zones, have this for one."""


def _center(props: Props) -> Messages:
    allowed = items(props, "limits", "regions")
    if not allowed:
        return
    region = value(props, "region")
    if region is None:
        raise UndecidedError("region, of a cluster that the centre did not make,")
    if region not in allowed:
        yield f"is in {region}; limits.regions allows {', '.join(allowed)}"


def _resource(subject: Subject, stack: Stack) -> Messages:
    if not subject.type.startswith(_CLOUDS):
        return
    places = list(_places(subject.props))
    if not places:
        return
    region = value(stack.center, "region")
    allowed = items(stack.center, "limits", "regions") or ([region] if region else [])
    for where, place in places:
        if allowed and place is not UNKNOWN and not _within(subject, str(place), allowed):
            yield f"has {where} {place}; the stack allows {', '.join(allowed)}"
    if any(place is UNKNOWN for _, place in places):
        raise UndecidedError(", ".join(where for where, place in places if place is UNKNOWN))


def _places(props: Props) -> Iterator[tuple[str, object]]:
    for name in _PLACES:
        if props.get(name):
            yield name, props[name]


def _within(subject: Subject, place: str, allowed: Iterable[str]) -> bool:
    """Whether a region, or a zone, is one of the allowed regions or in one."""
    found = place.lower().replace(" ", "")
    if found == _EVERYWHERE:
        return subject.type.startswith("azure-native:")
    return any(
        found == region or (found.startswith(region) and _ZONE.fullmatch(found.removeprefix(region)))
        for region in allowed
    )


RULES = (
    ResourceRule("region-allowed", "The centre is in an allowed region.", "mandatory", by_type({CENTER: _center})),
    StackRule("resources-in-allowed-regions", "No resource is outside of the allowed regions.", "mandatory", _resource),
)

"""Two plan documents of a stack side by side: what came, went and changed. It reads `aicc plan --json`, and only that.

A document of older code may lack a part, such as the estimate; that part is unknown, not empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from aicc.figures import Reading, amount, money

Document = Mapping[str, Any]
What = Literal["added", "changed", "replaced", "removed"]

_AMOUNTS = {
    "Power, idle (W)": "watts.idle",
    "Power, typical (W)": "watts.typical",
    "Power, peak (W)": "watts.peak",
    "Energy per year (kWh)": "kwhPerYear",
    "Carbon per year, operational (tCO2e)": "tco2ePerYear.operational",
    "Carbon per year, embodied (tCO2e)": "tco2ePerYear.embodied",
}
_MONEY = {
    "Money per hour": "costPerHour",
    "Money per month": "costPerMonth",
    "Money per month, every pool scaled as far as it may": "maxCostPerMonth",
}
_PROVIDERS = "pulumi:providers:"
_KUBERNETES = "kubernetes:"
_COUNT = re.compile(r"(\d+)([A-Za-z]*)")

REPLACED_BY = {
    "apps/v1:DaemonSet": ("spec.selector",),
    "apps/v1:Deployment": ("spec.selector",),
    "apps/v1:StatefulSet": (
        "spec.podManagementPolicy",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "batch/v1:Job": ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    "core/v1:PersistentVolumeClaim": ("spec",),
    "core/v1:Service": ("spec.clusterIP",),
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": ("roleRef",),
    "rbac.authorization.k8s.io/v1:RoleBinding": ("roleRef",),
    "storage.k8s.io/v1:StorageClass": ("parameters", "provisioner"),
}
"""Inputs of Kubernetes objects that cannot be changed in place (pulumi-kubernetes, provider/pkg/provider/diff.go)."""
_REPLACED_EVERYWHERE = ("apiVersion", "kind", "metadata.name", "metadata.namespace")


@dataclass(frozen=True)
class Change:
    """One resource that is not what it was."""

    what: What
    type: str
    name: str
    layer: str
    inputs: tuple[str, ...] = ()
    """Which of its inputs differ."""

    def __str__(self) -> str:
        return f"{self.type.removeprefix(_KUBERNETES)} {self.name}"

    @property
    def of_cloud(self) -> bool:
        """Whether it is not a Kubernetes object, so that only its provider knows what a change means."""
        return not self.type.startswith(_KUBERNETES)


@dataclass(frozen=True)
class Row:
    """One figure or setting, before and after; `—` where there was or is none."""

    what: str
    before: str
    after: str
    difference: str = ""


@dataclass(frozen=True)
class Comparison:
    """A stack at a base revision and now; None where it did or does not exist."""

    stack: str
    base: str
    before: Document | None
    after: Document | None

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Resources that came, went or changed, in the order of layers and types."""
        found = _changes(_resources(self.before), _resources(self.after))
        return tuple(sorted(found, key=lambda item: (item.layer, item.type, item.name, item.what)))

    @cached_property
    def figures(self) -> tuple[Row, ...]:
        """Money, power and carbon of the whole centre, also where they did not change."""
        return tuple(_figures(self.before, self.after))

    @cached_property
    def pools(self) -> tuple[Row, ...]:
        """Pools that are not what they were."""
        return tuple(_settings(_pools(self.before), _pools(self.after)))

    @cached_property
    def models(self) -> tuple[Row, ...]:
        """Models that are not what they were."""
        return tuple(_settings(_models(self.before), _models(self.after)))

    @cached_property
    def quotas(self) -> tuple[Row, ...]:
        """Tenants' quotas that are not what they were."""
        return tuple(_settings(_quotas(self.before), _quotas(self.after)))

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What the plan now says could not be verified, and did not say before."""
        known = set((self.before or {}).get("notes", ()))
        return tuple(note for note in (self.after or {}).get("notes", ()) if note not in known)

    @cached_property
    def broken(self) -> tuple[str, ...]:
        """Policies that are violated now and were not, or were not asked."""
        known = _violations(self.before)
        return tuple(text for text in _violations(self.after) if text not in known)

    @cached_property
    def mended(self) -> tuple[str, ...]:
        """Policies that were violated and are not any more."""
        left = _violations(self.after)
        return tuple(text for text in _violations(self.before) if text not in left)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        moved = any(row.before != row.after for row in self.figures)
        settings = self.pools or self.models or self.quotas
        return not (self.changes or settings or self.notes or self.broken or self.mended or moved)

    def count(self, what: What) -> int:
        """How many resources came, went or changed."""
        return sum(change.what == what for change in self.changes)

    def total(self, document: Document | None) -> int | None:
        """How many resources there are at all; None where the stack does not exist."""
        return None if document is None else len(_resources(document))


def _resources(document: Document | None) -> dict[str, Mapping[str, Any]]:
    """By URN; components, which only hold others, have no inputs."""
    found = (document or {}).get("resources", ())
    return {
        item["urn"]: item for item in found if item["inputs"] is not None and not item["type"].startswith(_PROVIDERS)
    }


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    gone = {(item["type"], item["name"]): urn for urn, item in before.items() if urn not in after}
    for urn, item in after.items():
        moved_from = gone.pop((item["type"], item["name"]), None) if urn not in before else None
        if urn in before:
            inputs = tuple(_differing(before[urn]["inputs"], item["inputs"], item["type"]))
            if inputs:
                yield _change("replaced" if _replaces(item["type"], inputs) else "changed", item, inputs)
        elif moved_from:
            yield _change("replaced", item, ("its parent",))
        else:
            yield _change("added", item)
    for urn in gone.values():
        yield _change("removed", before[urn])


def _change(what: What, item: Mapping[str, Any], inputs: tuple[str, ...] = ()) -> Change:
    return Change(what, item["type"], item["name"], item["layer"], inputs)


def _differing(before: Mapping[str, Any], after: Mapping[str, Any], kind: str, path: str = "") -> Iterator[str]:
    """The inputs that differ; of Kubernetes objects one level deeper, because nearly all of them is `spec`."""
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping) and kind.startswith(_KUBERNETES) and not path:
            yield from _differing(old, new, kind, f"{key}.")
        else:
            yield f"{path}{key}"


def _replaces(kind: str, inputs: tuple[str, ...]) -> bool:
    if not kind.startswith(_KUBERNETES):
        return False  # only the cloud's provider knows
    fixed = (*_REPLACED_EVERYWHERE, *REPLACED_BY.get(kind.removeprefix(_KUBERNETES), ()))
    return any(path == item or path.startswith(f"{item}.") for path in inputs for item in fixed)


def _figures(before: Document | None, after: Document | None) -> Iterator[Row]:
    old, new = _total(before), _total(after)
    scales = any(found["maxCostPerMonth"] != found["costPerMonth"] for found in (old, new) if found)
    for what, key in _MONEY.items():
        if key == "maxCostPerMonth" and not scales:
            continue
        currencies = {currency for found in (old, new) if found for currency in found[key]}
        for currency in sorted(currencies) or [""]:
            was, now = (money(found, key, currency) if found else None for found in (old, new))
            yield _figure(what, was, now, before, after)
    for what, key in _AMOUNTS.items():
        earlier, later = (amount(found, key) if found else None for found in (old, new))
        yield _figure(what, earlier, later, before, after)


def _figure(
    what: str, was: Reading | None, now: Reading | None, before: Document | None, after: Document | None
) -> Row:
    texts = (_text(was, before), _text(now, after))
    if before is None or after is None:
        return Row(what, *texts)
    return Row(what, *texts, now.minus(was) if now else "unknown")


def _text(reading: Reading | None, document: Document | None) -> str:
    if document is None:
        return "—"
    return str(reading) if reading else "unknown"


def _total(document: Document | None) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = (document or {}).get("estimate", {}).get("total")
    return found


def _settings(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Row]:
    for what in [*before, *(what for what in after if what not in before)]:
        was, now = before.get(what, "—"), after.get(what, "—")
        if was != now:
            yield Row(what, was, now, _difference(was, now))


def _difference(was: str, now: str) -> str:
    """Of whole numbers in the same unit; other settings have none."""
    counts = (_COUNT.fullmatch(was), _COUNT.fullmatch(now))
    if counts[0] is None or counts[1] is None or counts[0][2] != counts[1][2]:
        return ""
    return f"{int(counts[1][1]) - int(counts[0][1]):+,}{counts[0][2]}"


def _pools(document: Document | None) -> dict[str, str]:
    found = {}
    for pool in (document or {}).get("pools", ()):
        what = f"{pool['accelerators']:,} × {pool['accelerator']}" if pool["accelerator"] else "no accelerators"
        found[f"{pool['name']}: nodes"] = str(pool["nodes"])
        found[f"{pool['name']}: instance"] = pool["instance"] or "as declared"
        found[f"{pool['name']}: accelerators"] = what
    return found


def _models(document: Document | None) -> dict[str, str]:
    found = {}
    for model in (document or {}).get("models", ()):
        replicas, name = model["replicas"], model["name"]
        found[f"{name}: tenant"] = model["tenant"]
        what = f"{model['acceleratorsPerReplica']} × {model['accelerator']}" if model["accelerator"] else "none"
        found[f"{name}: accelerators of a replica"] = what
        found[f"{name}: replicas"] = f"{replicas['min']} to {replicas['max']}"
        found[f"{name}: image"] = model["image"]
    return found


def _violations(document: Document | None) -> tuple[str, ...]:
    found = (document or {}).get("policy", {})
    levels = ("mandatory", "advisory")
    return tuple(f"{level}, {item['rule']}: {item['message']}" for level in levels for item in found.get(level, ()))


def _quotas(document: Document | None) -> dict[str, str]:
    tenants = (document or {}).get("tenants", ())
    return {f"{tenant['name']}: {name}": value for tenant in tenants for name, value in tenant["quota"].items()}

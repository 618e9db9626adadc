"""The offline driver's engine: makes a cluster hold exactly the manifests of a stack, or nothing of it.

The API server merges (server-side apply) and the cluster itself is the only state: see `applyset`. A run may die at any
moment, also by SIGKILL; the next one goes on. The caller sees to it that no two runs of a stack overlap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aicc.apply import members
from aicc.apply.applyset import PART_OF_LABEL, TOOL, ApplySet, Scope
from aicc.apply.objects import GroupKind, ObjectRef, Outcome, left_to_others
from aicc.apply.order import CAPACITY_HOLDERS, Step, steps
from aicc.apply.wait import LISTED, Deadline, listed, until_current, until_gone
from aicc.errors import ClusterError
from aicc.kube.client import DEFAULT_NAMESPACE, Kube
from aicc.kube.transport import ApiError, Object
from aicc.manifests import Manifest
from aicc.progress import Reporter

FIELD_MANAGER = TOOL


def apply(
    kube: Kube, manifests: Sequence[Manifest], *, stack: str, reporter: Reporter, timeout_seconds: float
) -> Outcome:
    """Apply the manifests wave by wave, each ready before the next, and delete members that are not among them.

    Raises ClusterError with everything of a wave that the API server refused, and, before any change, where an object
    is there already that this stack did not make; NotReadyError where something is not ready, or deleted but not gone,
    after `timeout_seconds` in all.
    """
    applyset = ApplySet(kube, stack)
    declared = _refs(kube, manifests)
    declared_scope = _scope(declared)
    scope = declared_scope | (applyset.read() or Scope())
    versions = {GroupKind.of(each.body): str(each.body["apiVersion"]) for each in manifests}
    found = members.find(kube, applyset, {kind: versions.get(kind) for kind in scope.kinds})
    _refuse_others(kube, {ref: found.others[ref] for ref in declared if ref in found.others})
    _refuse_unowned(kube, applyset, [each for each in manifests if _ref(kube, each) not in found.ours])
    applyset.record(scope)
    left = {ref: obj for ref, obj in found.ours.items() if ref not in declared}
    run = _Run(kube, applyset, found.ours, left, reporter, Deadline.after(timeout_seconds))
    for step in steps(manifests):
        run.apply(step)
    run.prune()
    applyset.record(declared_scope)
    return run.outcome()


def destroy(kube: Kube, *, stack: str, reporter: Reporter, timeout_seconds: float) -> Outcome:
    """Delete every member of the stack's set, wait until all are gone, and then delete the inventory.

    Raises NotReadyError, naming object and finalizer, where something is not gone after `timeout_seconds`.
    """
    applyset = ApplySet(kube, stack)
    scope = applyset.read()
    if scope is None:
        return Outcome()
    found = members.find(kube, applyset, dict.fromkeys(scope.kinds))
    with reporter.step(f"Removing the objects of {stack}", total=len(found.ours)) as progress:
        pruned = members.remove(kube, found.ours.values(), progress, Deadline.after(timeout_seconds))
        applyset.forget()
    return Outcome(pruned=pruned)


@dataclass
class _Run:
    """One run of `apply`: what was there before, and what became of it."""

    kube: Kube
    applyset: ApplySet
    before: Mapping[ObjectRef, Object]
    left: Mapping[ObjectRef, Object]
    """Members from before that are not declared any more."""
    reporter: Reporter
    deadline: Deadline
    applied: dict[ObjectRef, Object] = field(default_factory=dict)
    pruned: list[ObjectRef] = field(default_factory=list)

    def apply(self, step: Step) -> None:
        """Bring the step's objects to what is declared and wait until they are ready."""
        for api_version, kind in sorted({(str(each.body["apiVersion"]), each.kind) for each in step.manifests}):
            self.kube.resource(api_version, kind)  # one that an earlier step defined may take a moment to be served
        with self.reporter.step(f"Applying {step}", total=len(step.manifests)) as progress:
            until_gone(self.kube, self._going(step), progress, self.deadline)
            results = self.kube.map(self._apply_one, step.manifests, progress=progress.update)
        refused = [str(each) for each in results if isinstance(each, ApiError)]
        if refused:
            lines = listed(refused[:LISTED], len(refused))
            raise ClusterError(
                f"the cluster refused {len(refused)} of {len(results)} objects:{lines}",
                hint="what was applied stays; correct the declaration and run the command again",
            )
        applied = {ObjectRef.of(obj): obj for obj in results if not isinstance(obj, ApiError)}
        self.applied |= applied
        if any(ref.group_kind in CAPACITY_HOLDERS for ref in applied):
            self.prune(CAPACITY_HOLDERS)  # they may hold the very accelerators that the new ones wait for
        until_current(self.kube, applied, f"Waiting for {step}", self.reporter, self.deadline)

    def prune(self, kinds: Collection[GroupKind] | None = None) -> None:
        """Delete what left the set, of some kinds or (None) of all, and wait until it is gone."""
        rest = {ref: obj for ref, obj in self.left.items() if kinds is None or ref.group_kind in kinds}
        for ref in self.pruned:
            rest.pop(ref, None)
        if rest:
            with self.reporter.step("Removing what left the program", total=len(rest)) as progress:
                self.pruned += members.remove(self.kube, rest.values(), progress, self.deadline)

    def outcome(self) -> Outcome:
        """What became of every object."""
        kept = {ref: obj for ref, obj in self.applied.items() if _uid(self.before.get(ref)) == _uid(obj)}
        unchanged = {ref for ref, obj in kept.items() if _content(self.before[ref]) == _content(obj)}
        return Outcome(
            created=tuple(ref for ref in self.applied if ref not in kept),
            changed=tuple(ref for ref in kept if ref not in unchanged),
            unchanged=tuple(ref for ref in kept if ref in unchanged),
            pruned=tuple(self.pruned),
        )

    def _going(self, step: Step) -> Mapping[ObjectRef, Object]:
        """Objects of the step that an earlier run deleted and that are still there: they cannot be applied to."""
        before = {ref: self.before[ref] for ref in _refs(self.kube, step.manifests) if ref in self.before}
        return {ref: obj for ref, obj in before.items() if obj["metadata"].get("deletionTimestamp")}

    def _apply_one(self, manifest: Manifest) -> Object | ApiError:
        try:
            body = left_to_others(manifest.body, self.before.get(_ref(self.kube, manifest)))
            return self.kube.apply(self.applyset.member(body), FIELD_MANAGER)
        except ApiError as error:
            return error


def _refs(kube: Kube, manifests: Iterable[Manifest]) -> frozenset[ObjectRef]:
    """What the manifests name. Raises ClusterError where two name the same object.

    Of a kind that is not served yet nothing exists, so its names need not be looked at more closely.
    """
    counts = Counter(_ref(kube, each) for each in manifests)
    if twice := sorted(str(each) for each, count in counts.items() if count > 1):
        raise ClusterError(
            f"the program declares {', '.join(twice[:LISTED])} more than once", hint="remove or rename the others"
        )
    return frozenset(counts)


def _ref(kube: Kube, manifest: Manifest) -> ObjectRef:
    named, api_version = ObjectRef.of(manifest.body), str(manifest.body["apiVersion"])
    if not kube.serves(api_version, manifest.kind):
        return named
    namespaced = kube.resource(api_version, manifest.kind).namespaced
    return replace(named, namespace=named.namespace or DEFAULT_NAMESPACE if namespaced else "")


def _scope(refs: Iterable[ObjectRef]) -> Scope:
    every = tuple(refs)
    return Scope(frozenset(ref.group_kind for ref in every), frozenset(ref.namespace for ref in every if ref.namespace))


def _refuse_others(kube: Kube, others: Mapping[ObjectRef, str]) -> None:
    if not others:
        return
    lines = [f"{ref} belongs to {members.owner_name(kube, owner)}" for ref, owner in sorted(others.items())[:LISTED]]
    raise ClusterError(
        f"{len(others)} objects are another set's; nothing was changed:{listed(lines, len(others))}",
        hint="rename them here, or remove them there first",
    )


def _refuse_unowned(kube: Kube, applyset: ApplySet, new: Sequence[Manifest]) -> None:
    """What somebody else made is not taken over: pruning and `destroy` would delete it one day."""

    def is_there(each: Manifest) -> bool:
        api_version = str(each.body["apiVersion"])
        return (
            kube.serves(api_version, each.kind)
            and kube.get(api_version, each.kind, each.name, each.namespace) is not None
        )

    there = [str(each) for each, found in zip(new, kube.map(is_there, new), strict=True) if found]
    if there:
        raise ClusterError(
            f"{len(there)} objects are in the cluster already, and this stack did not make them; nothing was changed:"
            f"{listed(there[:LISTED], len(there))}",
            hint=f"rename them here, or hand each over: kubectl label KIND NAME {PART_OF_LABEL}={applyset.id}",
        )


def _uid(obj: Object | None) -> str | None:
    return None if obj is None else str(obj["metadata"]["uid"])


def _content(obj: Object) -> Object:
    """What an apply may change: everything but the status and the API server's own book-keeping."""
    volatile = {"managedFields", "resourceVersion", "generation"}
    metadata = {key: value for key, value in obj["metadata"].items() if key not in volatile}
    return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": metadata}

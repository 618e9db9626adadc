"""What a rule is, and what it is asked about: resources, in one form for both drivers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from infra import declaration

Enforcement = Literal["mandatory", "advisory"]
Props = Mapping[str, Any]
Messages = Iterable[str]
Check = Callable[[Props], Messages]


CENTER = declaration.TYPE
"""The type of the resource that says what a stack declares."""


class Unknown:
    """A value that nobody may look at: it is known only once created, or it is a secret."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


class UndecidedError(Exception):
    """A rule needs a value that it cannot see; `what` says which. It is counted, and is no pass."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True)
class Subject:
    """One resource; its properties are inputs, in the provider's spelling."""

    type: str
    name: str
    urn: str
    props: Props
    protect: bool = False
    dependencies: frozenset[str] = frozenset()
    """URNs of what its inputs come from; filled in for stack-wide rules only."""

    def __str__(self) -> str:
        return f"{self.type.rpartition(':')[2]} {self.name} ({self.type.partition(':')[0]})"


@dataclass(frozen=True)
class Stack:
    """Every resource of a stack."""

    subjects: tuple[Subject, ...]

    @cached_property
    def center(self) -> Props:
        """What the stack declares.

        Raises UndecidedError where it declares no centre.
        """
        for subject in self.of_type(CENTER):
            return subject.props
        raise UndecidedError(f"{CENTER}, which says what the stack declares,")

    def of_type(self, kind: str) -> tuple[Subject, ...]:
        """Resources of a type."""
        return self._by_type.get(kind, ())

    def companions(self, subject: Subject, kind: str) -> Iterator[Subject]:
        """Resources of type `kind` whose inputs come from `subject`."""
        return (other for other in self.of_type(kind) if subject.urn in other.dependencies)

    @cached_property
    def _by_type(self) -> Mapping[str, tuple[Subject, ...]]:
        kinds = {subject.type for subject in self.subjects}
        return {kind: tuple(item for item in self.subjects if item.type == kind) for kind in kinds}


@dataclass(frozen=True)
class Rule:
    """What must hold. Its check says, for one resource, what is wrong and what is allowed; nothing where all is well.

    Names are part of the interface: a pack's configuration changes enforcement by them.
    """

    name: str
    description: str
    enforcement: Enforcement


@dataclass(frozen=True)
class ResourceRule(Rule):
    """A rule about one resource by itself; Pulumi asks it before it makes the resource."""

    check: Callable[[Subject], Messages]


@dataclass(frozen=True)
class StackRule(Rule):
    """A rule about a resource among the others; Pulumi asks it when all of them are known."""

    check: Callable[[Subject, Stack], Messages]


def by_type(checks: Mapping[str, Check]) -> Callable[[Subject], Messages]:
    """A check of properties for each of some types; other resources pass."""

    def check(subject: Subject) -> Messages:
        return checks[subject.type](subject.props) if subject.type in checks else ()

    return check

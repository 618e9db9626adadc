"""The contract of a driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the command line reads its drivers' names before it knows whether there is a stack to load
    from aicc.progress import Reporter
    from aicc.stacks import Stack


@dataclass(frozen=True)
class Changes:
    """How many objects a run changed."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0

    @property
    def any(self) -> bool:
        """Whether the run changed anything."""
        return bool(self.created or self.changed or self.deleted)

    def __str__(self) -> str:
        return (
            f"{self.created} created, {self.changed} changed, {self.deleted} deleted, {self.unchanged} unchanged"
            if self.any
            else f"no changes ({self.unchanged} objects)"
        )


class Driver(Protocol):
    """Brings a stack's resources about, and removes them."""

    name: str
    reason: str
    """Why it is the one, for the user: `the Pulumi CLI 3.260.0 is on PATH`."""

    def up(self, stack: Stack, reporter: Reporter, timeout_seconds: float) -> Changes:
        """Make the cluster's objects exactly those of the program, and wait until they are ready."""

    def down(self, stack: Stack, reporter: Reporter, timeout_seconds: float) -> Changes:
        """Remove every object that `up` made."""

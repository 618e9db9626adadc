"""Errors that a user can act on, and the exit code each kind ends the command with.

Every error says what failed and, in `hint`, how to go on. Anything else that reaches the top is a bug.
"""

from __future__ import annotations

from typing import ClassVar


class AiccError(Exception):
    """One clear error: what failed, and how to go on."""

    exit_code: ClassVar[int] = 1
    meaning: ClassVar[str] = "the command failed"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(AiccError):
    """The declared centre is not valid; nothing was changed."""

    exit_code = 3
    meaning = "the stack's configuration is not valid; nothing was changed"


class PrerequisiteError(AiccError):
    """A binary, permission or service this command needs is not there."""

    exit_code = 4
    meaning = "something the command needs is missing; `aicc doctor` lists what and how to mend it"


class LockedError(AiccError):
    """Another run holds the stack."""

    exit_code = 5
    meaning = "another run owns the stack; wait for it"


class ClusterError(AiccError):
    """The cluster could not be started or reached, or refused what was applied."""

    exit_code = 6
    meaning = "the cluster could not be started, reached, or refused an object; run the command again"


class NotReadyError(AiccError):
    """Everything was applied, but something did not become ready in time."""

    exit_code = 7
    meaning = "everything was applied, but not everything became ready in time; run the command again"


class UnreconciledError(AiccError):
    """A statement was written, and its accounts do not add up to the centre's total."""

    exit_code = 8
    meaning = "the statement was written, but its accounts do not add up to the centre's total; do not bill by it"


INTERRUPTED = 130


def exit_codes() -> dict[int, str]:
    """Every exit code with its meaning, for --help and the reference page."""
    kinds = (AiccError, ConfigError, PrerequisiteError, LockedError, ClusterError, NotReadyError, UnreconciledError)
    return {
        0: "success",
        2: "the command line itself is wrong",
        **{kind.exit_code: kind.meaning for kind in kinds},
        INTERRUPTED: "interrupted (SIGINT, SIGTERM); the next run goes on from there",
    }

"""What brings a stack's resources about: the Pulumi CLI where it is present, else the API server itself.

Both run the same program. A stack stays with the driver that brought it up: each keeps its own record of what it made.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from aicc import paths
from aicc.drivers.base import Driver
from aicc.drivers.choice import Choice
from aicc.errors import ConfigError, PrerequisiteError


def choose(choice: Choice, stack: str) -> Driver:
    """The driver to use for a stack, which `remember` then binds to it.

    Raises PrerequisiteError where the CLI is asked for and missing, ConfigError where another driver holds the stack.
    """
    from aicc.drivers.offline import OfflineDriver  # noqa: PLC0415  each driver's imports are its own
    from aicc.drivers.pulumi import PulumiDriver  # noqa: PLC0415

    before = _recorded(stack)
    if choice is Choice.AUTO:
        choice = Choice(before) if before else (Choice.PULUMI if shutil.which("pulumi") else Choice.OFFLINE)
    if before and before != choice:
        raise ConfigError(
            f"stack {stack} was brought up by driver {before}; {choice} would not know what it made",
            hint=f"go on with --driver {before}, or run `aicc down --stack {stack}` first",
        )
    if choice is Choice.PULUMI and not shutil.which("pulumi"):
        raise PrerequisiteError(
            "the Pulumi CLI is not on PATH", hint="install it (pulumi.com/docs/install), or use --driver offline"
        )
    return PulumiDriver() if choice is Choice.PULUMI else OfflineDriver()


def remember(driver: Driver, stack: str) -> None:
    """Bind the stack to its driver until `forget`."""
    _record(stack).write_text(driver.name, encoding="utf-8")


def forget(stack: str) -> None:
    """The stack has nothing left that a driver made."""
    _record(stack).unlink(missing_ok=True)


def _record(stack: str) -> Path:
    return paths.state_dir(stack) / "driver"


def _recorded(stack: str) -> str | None:
    record = _record(stack)
    return record.read_text(encoding="utf-8") if record.exists() else None

"""Progress of long work: Rich bars on a terminal, plain timestamped lines without one.

Everything goes to stderr, so that stdout stays free for results (`--json`, tables, paths).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column

from aicc.consoles import plain

PLAIN_INTERVAL_SECONDS = 10.0
"""Without a terminal, a running step prints at most one line per interval."""


class Step(Protocol):
    """A running piece of work."""

    def update(self, done: int | None = None, *, total: int | None = None, detail: str | None = None) -> None:
        """Report how far the work is; `detail` is a short phrase such as a file name."""


class Reporter(Protocol):
    """Where long work reports to."""

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Step]:
        """Run one titled step; leaving the block ends it, with its duration."""

    def note(self, message: str) -> None:
        """One line of information."""

    def warn(self, message: str) -> None:
        """One line that the user should act on or know."""


def reporter(console: Console | None = None) -> Reporter:
    """The reporter that fits where stderr goes."""
    console = console or plain(stderr=True)
    return TerminalReporter(console) if console.is_terminal else PlainReporter(console)


class _Messages:
    def __init__(self, console: Console) -> None:
        self.console = console

    def note(self, message: str) -> None:
        self.console.print(message, soft_wrap=True, markup=False)

    def warn(self, message: str) -> None:
        self.console.print(f"warning: {message}", style="yellow", soft_wrap=True, markup=False)


class TerminalReporter(_Messages):
    """Live bars that leave one line per finished step."""

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Step]:
        """Show a spinner, and a bar where the total is known."""
        started = time.monotonic()
        # A long detail is cut, never the title.
        title_column = TextColumn("{task.description}", table_column=Column(no_wrap=True, min_width=len(title)))
        columns = [SpinnerColumn(), title_column, TextColumn("[dim]{task.fields[detail]}")]
        bar = [BarColumn(bar_width=24), MofNCompleteColumn()] if total is not None else []
        with Progress(*columns, *bar, TimeElapsedColumn(), console=self.console, transient=True) as progress:
            task = progress.add_task(title, total=total, detail="")

            def update(done: int | None = None, *, total: int | None = None, detail: str | None = None) -> None:
                fields = {} if detail is None else {"detail": detail}
                progress.update(task, completed=done, total=total, **fields)  # type: ignore[arg-type]

            yield _CallbackStep(update)
        self.note(f"✓ {title} ({time.monotonic() - started:.1f} s)")


class PlainReporter(_Messages):
    """Lines for logs and CI."""

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Step]:
        """Print the start, an occasional update, and the end."""
        started = time.monotonic()
        self.note(f"… {title}")
        state = _PlainState(title, total, printed_at=started)

        def update(done: int | None = None, *, total: int | None = None, detail: str | None = None) -> None:
            if line := state.line(done, total, detail):
                self.note(line)

        yield _CallbackStep(update)
        self.note(f"✓ {title} ({time.monotonic() - started:.1f} s)")


class _Update(Protocol):
    def __call__(self, done: int | None = None, *, total: int | None = None, detail: str | None = None) -> None: ...


@dataclass(frozen=True)
class _CallbackStep:
    update: _Update


@dataclass
class _PlainState:
    title: str
    total: int | None
    printed_at: float
    done: int = 0
    detail: str = field(default="")

    def line(self, done: int | None, total: int | None, detail: str | None) -> str | None:
        self.done = self.done if done is None else done
        self.total = self.total if total is None else total
        self.detail = self.detail if detail is None else detail
        if time.monotonic() - self.printed_at < PLAIN_INTERVAL_SECONDS:
            return None
        self.printed_at = time.monotonic()
        count = f" {self.done}/{self.total}" if self.total is not None else ""
        return f"… {self.title}{count} {self.detail}".rstrip()

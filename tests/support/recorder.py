"""What the code under test reports, for assertions."""

from __future__ import annotations

import io

from rich.console import Console

from aicc.progress import PlainReporter


class Recorder(PlainReporter):
    """A reporter whose lines a test can read."""

    def __init__(self) -> None:
        self._buffer = io.StringIO()
        super().__init__(Console(file=self._buffer, width=300))

    @property
    def text(self) -> str:
        return self._buffer.getvalue()

"""Prometheus' own checks of its rules and configurations; a warning is an error."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class PromtoolError(Exception):
    """Promtool refused; the message is what it printed."""


@dataclass(frozen=True)
class Promtool:
    """The promtool binary."""

    binary: Path

    def check_rules(self, files: Sequence[Path]) -> None:
        """Check rule files together: syntax, unknown keys, durations, and rules that are there twice."""
        self.run(["check", "rules", "--lint=all", "--lint-fatal", *map(str, files)])

    def check_config(self, file: Path) -> None:
        """Check a configuration with the rules and certificates that it names."""
        self.run(["check", "config", "--lint=all", "--lint-fatal", str(file)])

    def test_rules(self, files: Sequence[Path]) -> None:
        """Run promtool's unit tests of rules."""
        self.run(["test", "rules", *map(str, files)])

    def run(self, arguments: Sequence[str]) -> str:
        """Run promtool and return what it prints."""
        done = subprocess.run(
            [self.binary, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise PromtoolError(done.stdout + done.stderr)
        return done.stdout

"""Charts rendered by the real helm."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class HelmError(Exception):
    """Helm refused; the message is what it printed."""


@dataclass(frozen=True)
class Helm:
    """The helm binary."""

    binary: Path

    def template(self, chart: Path, values: Mapping[str, Any], *, release: str, namespace: str) -> str:
        """Render `chart`."""
        return self._run(["template", release, str(chart), "--namespace", namespace, "--values", "-"], values)

    def lint(self, chart: Path, values: Mapping[str, Any]) -> str:
        """Lint `chart`; a warning counts as an error."""
        return self._run(["lint", "--strict", str(chart), "--values", "-"], values)

    def _run(self, arguments: Sequence[str], values: Mapping[str, Any]) -> str:
        done = subprocess.run(
            [self.binary, *arguments], input=json.dumps(values), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise HelmError(done.stdout + done.stderr)
        return done.stdout


@dataclass(frozen=True)
class Objects:
    """What a chart rendered to; at most one object of a kind."""

    by_kind: Mapping[str, Mapping[str, Any]]

    @classmethod
    def parse(cls, text: str) -> Objects:
        """Read helm's output."""
        bodies = [body for body in yaml.load_all(text, Loader=yaml.CSafeLoader) if body]
        by_kind = {body["kind"]: body for body in bodies}
        assert len(by_kind) == len(bodies), f"more than one object of a kind: {[body['kind'] for body in bodies]}"
        return cls(by_kind)

    @property
    def kinds(self) -> set[str]:
        """The kinds that were rendered."""
        return set(self.by_kind)

    def __getitem__(self, kind: str) -> Mapping[str, Any]:
        return self.by_kind[kind]

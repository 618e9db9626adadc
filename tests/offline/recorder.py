"""Runs the Pulumi program for stack files in a process of its own.

Recording works several times in one process, but the SDK's worker threads leave event loops unclosed, and a warning
is an error here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aicc.offline.graph import Graph, graph_of
from aicc.offline.record import Resource
from aicc.paths import REPO
from aicc.progress import reporter


def graphs(stacks: Mapping[str, Path]) -> dict[str, Graph]:
    """The graph of each stack file."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.offline.recorder"],
        input=json.dumps({name: str(path) for name, path in stacks.items()}),
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name: _graph(data) for name, data in json.loads(done.stdout).items()}


def _graph(data: Mapping[str, Any]) -> Graph:
    resources = [Resource(**{**item, "dependencies": tuple(item["dependencies"])}) for item in data["resources"]]
    return Graph(data["stack"], tuple(resources), data["outputs"])


def main() -> None:
    """Read stack files by name from stdin, and write their graphs to stdout."""
    stacks = json.load(sys.stdin)
    made = {name: asdict(graph_of(name, Path(path), reporter())) for name, path in stacks.items()}
    json.dump(made, sys.stdout)


if __name__ == "__main__":
    main()

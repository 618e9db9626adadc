"""Pulumi's entry point (`main: infra` in Pulumi.yaml)."""

import sys
from pathlib import Path

# Pulumi puts this folder first on the path; the packages are imported from the folder above.
sys.path[0:0] = [str(Path(__file__).resolve().parent.parent)]

from infra.program import run  # noqa: E402

run()

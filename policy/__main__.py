"""The pack's entry point, for `pulumi preview --policy-pack policy`."""

import sys
from pathlib import Path

# Pulumi starts the pack in this folder, which is then first on the path; packages are imported from the folder above.
sys.path[0:0] = [str(Path(__file__).resolve().parent.parent)]

from pulumi_policy import PolicyPack  # noqa: E402

from policy.pack import NAME, policies  # noqa: E402

PolicyPack(NAME, policies())

"""`python -m aicc.toolbox`: gets every pinned tool, so that no test waits for a build in silence."""

from __future__ import annotations

import sys

from aicc.errors import AiccError
from aicc.progress import reporter
from aicc.toolbox import TOOLS, ensure


def main() -> int:
    """Get every tool; the exit code of what went wrong, or 0."""
    try:
        ensure(TOOLS, reporter())
    except AiccError as error:
        reporter().warn(f"{error.message}\n  → {error.hint}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

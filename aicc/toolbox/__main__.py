"""`python -m aicc.toolbox [TOOL…]`: gets the pinned tools, so that no test waits for a build in silence.

Without names it gets all but those that only some stacks ask for.
"""

from __future__ import annotations

import sys

from aicc.errors import AiccError
from aicc.progress import reporter
from aicc.toolbox import TOOLS, ensure


def main() -> int:
    """Get the tools; the exit code of what went wrong, or 0."""
    named = sys.argv[1:] or [name for name, tool in TOOLS.items() if not tool.on_request]
    try:
        ensure(named, reporter())
    except AiccError as error:
        reporter().warn(f"{error.message}\n  → {error.hint}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

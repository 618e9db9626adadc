"""`python -m aicc.images [NAME…]`: builds the images, all of them without a name, and prints where each archive is."""

from __future__ import annotations

import sys

from aicc.errors import AiccError
from aicc.images import ensure
from aicc.progress import reporter
from infra.images import names


def main() -> int:
    """Build what the arguments name; the exit code of what went wrong, or 0."""
    wanted = sys.argv[1:] or names()
    if unknown := sorted(set(wanted) - set(names())):
        reporter().warn(f"there is no image {', '.join(unknown)}; there are {', '.join(names())}")
        return 2
    try:
        for archive in ensure(wanted, reporter()).values():
            sys.stdout.write(f"{archive}\n")
    except AiccError as error:
        reporter().warn(f"{error.message}\n  → {error.hint}")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m chat`: the page, on the address and port of CHAINLIT_HOST and CHAINLIT_PORT (loopback, 8000)."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from chat.settings import Settings, login_secrets, prepare


def main() -> int:
    """Serve until told to stop."""
    try:
        Settings.read()
        if folder := os.environ.get("AICC_LOGIN"):
            os.environ.update(login_secrets(Path(folder)))
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as root:
        prepare(Path(root))
        # Chainlit reads them while it is imported, and writes below its root.
        os.environ["CHAINLIT_APP_ROOT"] = root
        from chainlit.cli import run_chainlit  # noqa: PLC0415

        run_chainlit(str(Path(__file__).with_name("app.py")))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Takes out of Chainlit's page what it fetches from elsewhere: fonts, and a style sheet for formulas.

`python3 -m chat.page FOLDER` mends the copy in an image, once, while it is built.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_ELSEWHERE = re.compile(r"<link\b[^>]*\bhref=\"https?://[^>]*>\s*", re.DOTALL)
PAGE = Path("chainlit") / "frontend" / "dist" / "index.html"


def closed(html: str) -> str:
    """Return the page without links to other hosts.

    Raises ValueError where it refers to another host in a way that is not known here.
    """
    mended = _ELSEWHERE.sub("", html)
    if found := re.search(r"(?:src|href)=\"(?:https?:)?//[^\"]*\"", mended):
        raise ValueError(f"the page still asks another host: {found[0]}")
    return mended


def main() -> None:
    """Mend the page below the folder that is named."""
    page = Path(sys.argv[1]) / PAGE
    page.write_text(closed(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The generated dashboards, as they ship: Grafana's JSON, read without Grafana's builder."""

from __future__ import annotations

import json
from typing import Any

from aicc.paths import CHARTS

FOLDER = CHARTS / "monitoring" / "dashboards"
UIDS = (
    "aicc-overview",
    "aicc-nodes",
    "aicc-tenant",
    "aicc-serving",
    "aicc-capacity",
    "aicc-green",
    "aicc-cost",
)
"""In the order of menus. Bookmarks and runbooks lead to them: they stay as they are."""
Document = dict[str, Any]


def file_name(uid: str) -> str:
    """The file of a dashboard."""
    return f"{uid.removeprefix('aicc-')}.json"


def dashboards() -> dict[str, Document]:
    """Every dashboard by its uid, in the order of menus."""
    return {uid: json.loads((FOLDER / file_name(uid)).read_text(encoding="utf-8")) for uid in UIDS}

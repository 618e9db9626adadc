"""The generated dashboards, as they ship: Grafana's JSON, read without Grafana's builder."""

from __future__ import annotations

import json
from typing import Any

from aicc.paths import CHARTS

FOLDER = CHARTS / "monitoring" / "dashboards"
Document = dict[str, Any]


def file_name(uid: str) -> str:
    """The file of a dashboard."""
    return f"{uid.removeprefix('aicc-')}.json"


def dashboards() -> dict[str, Document]:
    """Every dashboard by its uid."""
    found = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json")))
    return {document["uid"]: document for document in found}

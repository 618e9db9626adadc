"""`--driver`."""

from __future__ import annotations

from enum import StrEnum


class Choice(StrEnum):
    """Which driver the user asks for."""

    AUTO = "auto"
    PULUMI = "pulumi"
    OFFLINE = "offline"

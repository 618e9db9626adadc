"""The single dispatch point: kind of cloud → its module, imported only when it is used.

Adding a cloud is one line here; see docs/howto/add-a-cloud.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from infra.clouds.base import Cloud

CLOUDS = {
    "local": "infra.clouds.local",
    "existing": "infra.clouds.existing",
}


def cloud(kind: str) -> Cloud:
    """The module of a declared cloud's kind."""
    return cast("Cloud", import_module(CLOUDS[kind]))

"""The programs of the images, as their images start them: by name, from their own folder."""

from __future__ import annotations

import sys

from aicc.paths import REPO

for name in ("batch-inference", "power-cap"):
    sys.path.insert(0, str(REPO / "images" / name))

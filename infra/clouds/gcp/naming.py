"""What Google Cloud's rules make of names and tags; no other module spells them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LABEL_LIMIT = 63
_FORBIDDEN = re.compile(r"[^a-z0-9_-]")


def labels(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as labels: lower case, digits, - and _, at most 63 characters.

    https://docs.cloud.google.com/compute/docs/labeling-resources#requirements
    """
    return {key: _FORBIDDEN.sub("-", value.lower())[:_LABEL_LIMIT] for key, value in tags.items()}

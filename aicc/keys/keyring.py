"""A tenant's keys as data, and what can be done with them: pure, apart from the source of chance.

A key is known by its id, the beginning of its digest: it can be shown and logged, and tells nothing of the key.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aicc.errors import AiccError

PREFIX = "aicc-"
"""By which scanners for secrets can know one."""
_BYTES = 32
_ID_DIGITS = 12
MOST = 20
"""Keys of one tenant at a time."""


@dataclass(frozen=True)
class Key:
    """One key of a tenant."""

    secret: str = field(repr=False)
    created: datetime
    expires: datetime | None = None
    """None: until it is revoked."""

    @property
    def id(self) -> str:
        """What it is called where it must not be shown."""
        return hashlib.sha256(self.secret.encode()).hexdigest()[:_ID_DIGITS]

    def valid(self, now: datetime) -> bool:
        """Whether the gateway still takes it."""
        return self.expires is None or now < self.expires


Keys = tuple[Key, ...]


def create(keys: Sequence[Key], now: datetime) -> Keys:
    """Return the keys with a new one first; those that have expired are gone.

    Raises AiccError where the tenant has as many as it may have.
    """
    kept = [key for key in keys if key.valid(now)]
    if len(kept) >= MOST:
        raise AiccError(f"the tenant has {len(kept)} keys, and {MOST} at most", hint="revoke one that nobody uses")
    return (Key(PREFIX + secrets.token_urlsafe(_BYTES), now), *kept)


def rotate(keys: Sequence[Key], now: datetime, overlap: timedelta) -> Keys:
    """Return the keys with a new one first; every other ends after `overlap`, or when it would have ended before."""
    end = now + overlap
    ending = [replace(key, expires=min(key.expires or end, end)) for key in keys]
    return create(ending, now)


def revoke(keys: Sequence[Key], key_id: str) -> Keys:
    """Return the keys without one.

    Raises AiccError where there is no such key.
    """
    kept = tuple(key for key in keys if key.id != key_id)
    if len(kept) == len(keys):
        ids = ", ".join(key.id for key in keys) or "none"
        raise AiccError(f"the tenant has no key {key_id}", hint=f"its keys are: {ids}")
    return kept


def encode(keys: Sequence[Key]) -> str:
    """Return the file that the gate reads."""
    return json.dumps(
        {
            "keys": [
                {
                    "key": key.secret,
                    "created": key.created.isoformat(),
                    "expires": key.expires.isoformat() if key.expires else None,
                }
                for key in keys
            ]
        }
    )


def decode(text: str) -> Keys:
    """Read such a file.

    Raises AiccError, without what it holds, where it cannot be read.
    """
    try:
        return tuple(
            Key(
                str(one["key"]),
                datetime.fromisoformat(one["created"]),
                datetime.fromisoformat(one["expires"]) if one.get("expires") else None,
            )
            for one in json.loads(text)["keys"]
        )
    except (ValueError, KeyError, TypeError):
        raise AiccError(
            "the tenant's keys cannot be read",
            hint="they were not written by `aicc keys`; delete them and make new ones",
        ) from None  # the error's text could hold part of a key

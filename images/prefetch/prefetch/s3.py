"""Requests of the S3 protocol, signed with Signature Version 4: what a get, a put and an administrator's call need.

The scheme is Amazon's (docs.aws.amazon.com, "Signature Version 4 signing process"); versitygw, OSS and others share it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request

UNSIGNED = "UNSIGNED-PAYLOAD"
"""In place of the content's sum, where the content is not at hand when the request is signed."""


@dataclass(frozen=True)
class Keys:
    """Who signs."""

    access: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    """Of keys that were lent for a while."""


def request(
    method: str,
    url: str,
    keys: Keys,
    region: str,
    *,
    query: Mapping[str, str] | None = None,
    body: bytes | None = None,
    payload_sha256: str | None = None,
    headers: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Request:
    """Return a signed request for `url`, whose path is not yet escaped."""
    parts = urlsplit(url)
    path = quote(parts.path, safe="/-_.~")
    asked = urlencode(sorted((query or {}).items()), quote_via=quote, safe="-_.~")
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    content = payload_sha256 or hashlib.sha256(body or b"").hexdigest()
    signed = {"host": parts.netloc, "x-amz-content-sha256": content, "x-amz-date": moment}
    if keys.token:
        signed["x-amz-security-token"] = keys.token
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    canonical = "\n".join([method, path, asked, lines, names, content])
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    authorization = f"AWS4-HMAC-SHA256 Credential={keys.access}/{scope}, SignedHeaders={names}, Signature={signature}"
    target = f"{parts.scheme}://{parts.netloc}{path}{f'?{asked}' if asked else ''}"
    others = {name: value for name, value in signed.items() if name != "host"}
    return Request(
        target, data=body, method=method, headers={**others, **(headers or {}), "Authorization": authorization}
    )

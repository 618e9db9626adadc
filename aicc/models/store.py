"""The centre's own object store from outside: its buckets, who may read them, and putting a model's files there.

Files first and their list of sums last, so that a list always stands for files that are whole.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from aicc.errors import ClusterError
from images.prefetch.prefetch import s3, sums
from images.prefetch.prefetch.s3 import Keys
from infra import names

_TIMEOUT_SECONDS = 60
_READ = ["s3:GetObject", "s3:ListBucket"]


class StoreError(ClusterError):
    """The object store refused something, or does not answer."""


@dataclass(frozen=True)
class Store:
    """A store that speaks S3, and its root account."""

    url: str
    keys: Keys

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Wait until it answers; whether it does, and nobody said to stop.

        Raises StoreError where it does not in time.
        """
        stop = stop or threading.Event()
        deadline = time.monotonic() + seconds
        while not self._answers():
            if stop.wait(0.5):
                return False
            if time.monotonic() > deadline:
                raise StoreError(
                    f"the object store at {self.url} does not answer after {seconds:.0f} s",
                    hint="docs/runbooks/object-store.md",
                )
        return True

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/health", timeout=5):  # noqa: S310  an address of our own
                return True
        except (HTTPError, URLError, OSError):
            return False

    def prepare(self, bucket: str, readers: Sequence[Keys]) -> None:
        """Make a bucket, and accounts that may read it and nothing else; what is there is brought up to date."""
        self._send("PUT", f"/{bucket}", allowed={HTTPStatus.CONFLICT})
        for reader in readers:
            self._account(reader)
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": [reader.access for reader in readers]},
                    "Action": _READ,
                    "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                }
            ],
        }
        self._send("PUT", f"/{bucket}", query={"policy": ""}, body=json.dumps(policy).encode())

    def _account(self, keys: Keys) -> None:
        account = f"<Account><Access>{keys.access}</Access><Secret>{keys.secret}</Secret><Role>user</Role></Account>"
        self._send("PATCH", "/create-user", body=account.encode(), allowed={HTTPStatus.CONFLICT})
        change = f"<MutableProps><Secret>{keys.secret}</Secret></MutableProps>".encode()
        self._send("PATCH", "/update-user", query={"access": keys.access}, body=change)

    def digest(self, bucket: str, folder: str) -> str | None:
        """Return the digest of what is in a folder; None where there is no list."""
        listed = self._get(f"/{bucket}/{folder}/{sums.NAME}")
        return None if listed is None else sums.digest(listed)

    def push(self, bucket: str, folder: str, files: Mapping[str, Path]) -> str:
        """Put files into a folder, their list last, and return its digest; nothing where they are there already."""
        found = {name: sums.of_file(path) for name, path in files.items()}
        content = sums.write(found)
        digest = sums.digest(content)
        if self.digest(bucket, folder) == digest:
            return digest
        for name, path in sorted(files.items()):
            self._put_file(f"/{bucket}/{folder}/{name}", path, found[name])
        self._send("PUT", f"/{bucket}/{folder}/{sums.NAME}", body=content)
        return digest

    def _put_file(self, path: str, file: Path, sha256: str) -> None:
        request = s3.request("PUT", f"{self.url}{path}", self.keys, names.OBJECT_STORE_REGION, payload_sha256=sha256)
        with file.open("rb") as content:
            request.data = content
            # After the content, which would take it away: without it the content goes in chunks, which S3 refuses.
            request.add_header("Content-Length", str(file.stat().st_size))
            self._open(request, "PUT", path, frozenset())

    def _get(self, path: str) -> bytes | None:
        request = s3.request("GET", f"{self.url}{path}", self.keys, names.OBJECT_STORE_REGION)
        return self._open(request, "GET", path, frozenset({HTTPStatus.NOT_FOUND}))

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        allowed: set[HTTPStatus] | frozenset[HTTPStatus] = frozenset(),
    ) -> None:
        request = s3.request(method, f"{self.url}{path}", self.keys, names.OBJECT_STORE_REGION, query=query, body=body)
        self._open(request, method, path, allowed)

    def _open(
        self, request: Request, method: str, path: str, allowed: set[HTTPStatus] | frozenset[HTTPStatus]
    ) -> bytes | None:
        """Return the answer; None where it is an error that is allowed."""
        try:
            with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310  an address of our own
                content: bytes = answer.read()
                return content
        except HTTPError as error:
            error.close()  # or its connection stays open for as long as the error does
            if error.code in allowed:
                return None
            raise StoreError(
                f"the object store refused {method} {path}: {error.code} {error.reason}",
                hint="docs/runbooks/object-store.md",
            ) from error
        except (URLError, OSError) as error:
            raise StoreError(
                f"the object store broke off {method} {path}: {error}", hint="docs/runbooks/object-store.md"
            ) from error

"""Where weights come from: an object store of any cloud, or a model hub. Each only makes requests for one file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import quote
from urllib.request import Request, urlopen

from . import identity, s3, sums

Lent = TypeVar("Lent")

TOKEN_SECONDS = 600
"""What was lent is asked for anew after this long; clouds lend for an hour."""


class Source(Protocol):
    """A folder of files somewhere."""

    def request(self, name: str) -> Request:
        """A request for one file, to which a range may be added."""

    def listed(self) -> bytes | None:
        """The content of the list of sums; None where the source keeps none."""

    def names(self) -> list[str]:
        """The files, where the source keeps no list of sums."""


@dataclass(frozen=True)
class Store:
    """A folder of an object store, with its list of sums beside the files."""

    prepare: Callable[[str], Request]

    def request(self, name: str) -> Request:
        """Return a request for one object."""
        return self.prepare(name)

    def listed(self) -> bytes | None:
        """Return what the store says is there; whether that may be believed is the caller's to find out."""
        with urlopen(self.request(sums.NAME), timeout=60) as answer:
            content: bytes = answer.read()
        return content

    def names(self) -> list[str]:
        """Not asked of a store."""
        raise NotImplementedError


def store(scheme: str, endpoint: str, bucket: str, region: str, path: str) -> Store:
    """Return a folder of a cloud's object store, or of one that speaks S3."""
    address = endpoint if "://" in endpoint else f"https://{endpoint}"
    below = path.strip("/")
    match scheme:
        case "s3":
            keys = _kept(lambda: identity.aws_keys(region))
            return Store(lambda name: s3.request("GET", f"{address}/{bucket}/{below}/{name}", keys(), region))
        case "oss":
            lent = _kept(identity.alibaba_keys)
            protocol, _, host = address.partition("://")
            base = f"{protocol}://{bucket}.s3.{host}"  # its S3 protocol wants the bucket in the host's name
            return Store(lambda name: s3.request("GET", f"{base}/{below}/{name}", lent(), region))
        case "gs":
            token = _kept(identity.google_token)
            return Store(lambda name: _bearer(f"{address}/{bucket}/{below}/{name}", token(), {}))
        case "azblob":
            token = _kept(identity.azure_token)
            version = {"x-ms-version": "2023-11-03"}
            return Store(lambda name: _bearer(f"{address}/{bucket}/{below}/{name}", token(), version))
        case _:
            raise ValueError(f"{scheme!r} is not a scheme of object stores: s3, oss, gs, azblob")


def _bearer(url: str, token: str, headers: dict[str, str]) -> Request:
    protocol, _, rest = url.partition("://")
    return Request(
        f"{protocol}://{quote(rest, safe='/:-_.~')}", headers={"Authorization": f"Bearer {token}", **headers}
    )


@dataclass(frozen=True)
class Hub:
    """A repository of a hub with Hugging Face's interface, at one commit."""

    endpoint: str
    repository: str
    revision: str

    def request(self, name: str) -> Request:
        """Return a request for one file; it leads to wherever the hub keeps large ones."""
        return Request(f"{self.endpoint}/{self.repository}/resolve/{self.revision}/{quote(name)}")

    def listed(self) -> bytes | None:
        """A hub keeps no list."""
        return None

    def names(self) -> list[str]:
        """Return every file of the repository, but for the hub's own."""
        address = f"{self.endpoint}/api/models/{self.repository}/tree/{self.revision}?recursive=true"
        found, next_page = [], address
        while next_page:
            with urlopen(Request(next_page), timeout=60) as answer:
                found += [item["path"] for item in json.loads(answer.read()) if item["type"] == "file"]
                next_page = _next(answer.headers.get("Link", ""))
        return sorted(name for name in found if not name.startswith("."))


def _next(link: str) -> str:
    """The address of the next page in a Link header."""
    return next((part.partition(">")[0].strip(" <") for part in link.split(",") if 'rel="next"' in part), "")


def _kept(get: Callable[[], Lent]) -> Callable[[], Lent]:
    held: list[tuple[float, Lent]] = []

    def current() -> Lent:
        if not held or time.monotonic() - held[0][0] > TOKEN_SECONDS:
            held[:] = [(time.monotonic(), get())]
        return held[0][1]

    return current

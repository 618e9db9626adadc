"""Official releases, streamed to disk and checked against their pinned checksum."""

from __future__ import annotations

import hashlib
import http.client
import io
import shutil
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from aicc.progress import Step
from aicc.toolbox.catalogue import Release

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

TIMEOUT_SECONDS = 5.0
"""For connecting and for each read: a host that is slower than this is slower than building here."""
CHUNK_BYTES = 1 << 20

_unreachable: set[str] = set()


class DownloadError(Exception):
    """The release could not be had; nothing of it is kept."""


def fetch(release: Release, target: Path, step: Step) -> None:
    """Write the release's binary to `target`.

    Raises DownloadError where the host does not answer (which this process then remembers), the transfer breaks, or
    the checksum differs.
    """
    host = urlsplit(release.url).netloc
    if host in _unreachable:
        raise DownloadError(f"{host} cannot be reached")
    try:
        response = urllib.request.urlopen(release.url, timeout=TIMEOUT_SECONDS)  # noqa: S310 - pinned https URLs
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadError(f"{release.url} answered {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        _unreachable.add(host)
        raise DownloadError(f"{host} cannot be reached: {getattr(error, 'reason', error)}") from error
    try:
        with response:
            digest = _receive(response, release, target, step)
    except (OSError, EOFError, tarfile.TarError, http.client.HTTPException) as error:
        target.unlink(missing_ok=True)
        raise DownloadError(f"downloading {release.url} broke off: {error}") from error
    if digest != release.digest:
        target.unlink()
        raise DownloadError(
            f"{release.url} has {release.algorithm} {digest}, not the pinned {release.digest}; it is not used"
        )


def _receive(response: http.client.HTTPResponse, release: Release, target: Path, step: Step) -> str:
    """Write the binary to `target` and return the digest of the whole response."""
    source = _DigestingReader(response, release.algorithm, step)
    with target.open("wb") as file:
        if release.member is None:
            shutil.copyfileobj(source, file)
        else:
            _extract(source, release.member, file)
    while source.read(CHUNK_BYTES):
        pass  # the tar reader stops at the member it wants; the digest is of the whole file
    return source.digest.hexdigest()


def _extract(source: _DigestingReader, member: str, target: IO[bytes]) -> None:
    with tarfile.open(fileobj=source, mode="r|*") as archive:
        for entry in archive:
            if entry.name.removeprefix("./") == member and (content := archive.extractfile(entry)):
                shutil.copyfileobj(content, target)
                return
    raise tarfile.TarError(f"it has no member {member}")


class _DigestingReader(io.RawIOBase):
    """A response that is digested, and reported in megabytes, as it is read."""

    def __init__(self, response: http.client.HTTPResponse, algorithm: str, step: Step) -> None:
        self.digest = hashlib.new(algorithm)
        self._response = response
        self._step = step
        self._bytes = 0
        step.update(0, total=None if response.length is None else response.length // 1_000_000)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        count = self._response.readinto(view)
        self.digest.update(view[:count])
        self._bytes += count
        self._step.update(self._bytes // 1_000_000)
        return count

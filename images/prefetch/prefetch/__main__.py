"""Fills the cache with one model's weights.

Exit codes: 0 done, 2 wrong arguments, 3 the digest does not match, 4 no room; 1 what another attempt may mend.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from urllib.error import HTTPError

from .cache import Cache, DigestError, ListedFileError, NoRoomError
from .identity import IdentityError
from .sources import Hub, Source, store
from .sums import SumsError

_LONGEST_PAUSE_SECONDS = 30.0


def main(arguments: list[str] | None = None) -> int:
    """Fetch, verify, and let the folder appear; see the module."""
    given = _parser().parse_args(arguments)
    cache = Cache(Path(given.root))
    if cache.complete(given.folder, given.digest):
        _say(f"{given.folder} is in the cache already")
        return 0
    try:
        cache.make_room(given.keep, given.size_bytes, given.limit_bytes, _say)
        return _fetch(cache, given)
    except DigestError as error:
        _say(f"refused: {error}")
        return 3
    except NoRoomError as error:
        _say(f"no room: {error}")
        return 4


def _fetch(cache: Cache, given: argparse.Namespace) -> int:
    """Try until it is done, or patience is at an end; a list that is not the declared one may be about to change."""
    begun, pause = time.monotonic(), 1.0
    source = _source(given)
    while True:
        waited = time.monotonic() - begun
        try:
            cache.fill(given.folder, given.digest, source, _say)
        except ListedFileError:
            raise
        except DigestError:
            if waited > given.grace_seconds:
                raise
            _say("the digest does not match; looking again, as it may be about to be replaced")
        except (OSError, IdentityError, SumsError) as error:
            if waited > given.patience_seconds:
                _say(f"gave up after {waited:.0f} s: {_told(error)}")
                return 1
            _say(f"{_told(error)}; trying again in {pause:.0f} s")
        else:
            return 0
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _told(error: Exception) -> str:
    return (
        f"{error.code} {error.reason} from {error.url.partition('?')[0]}"
        if isinstance(error, HTTPError)
        else str(error)
    )


def _source(given: argparse.Namespace) -> Source:
    if given.hub:
        return Hub(given.hub.rstrip("/"), given.path, given.revision)
    return store(given.scheme, given.endpoint, given.bucket, given.region, given.path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="prefetch")
    parser.add_argument("--root", default="/models", help="the cache")
    parser.add_argument("--folder", required=True, help="its folder for these weights")
    parser.add_argument("--digest", required=True, help="sha256:… of their list of sums")
    parser.add_argument("--path", required=True, help="folder of the bucket, or repository of the hub")
    parser.add_argument("--hub", help="the hub's address; without it, the store's options say where")
    parser.add_argument("--revision", help="commit of the hub's repository")
    parser.add_argument("--scheme", choices=("s3", "oss", "gs", "azblob"))
    parser.add_argument("--endpoint", help="https unless it says http://")
    parser.add_argument("--bucket")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--keep", action="append", default=[], help="a folder that is needed; may be repeated")
    parser.add_argument("--size-bytes", type=int, default=0, help="of the weights, where known")
    parser.add_argument("--limit-bytes", type=int, required=True, help="of the whole cache")
    parser.add_argument("--patience-seconds", type=float, default=3600)
    parser.add_argument("--grace-seconds", type=float, default=60)
    return parser


def _say(message: str) -> None:
    print(message, flush=True)


if __name__ == "__main__":
    sys.exit(main())

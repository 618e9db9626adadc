"""`python -m batch_inference`: one batch; what the exit status means is in `Exit`."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from batch_inference import buckets
from batch_inference.gateway import Gateway, Patience, RefusedError
from batch_inference.outcome import ERRORS, RESULTS, Outcome
from batch_inference.run import PASSING, Batch


class Exit(IntEnum):
    """Why the program ended."""

    DONE = 0
    """Every request has an answer or an error that stands."""
    AGAIN = 1
    """Some requests failed for now: start it again."""
    HOPELESS = 2
    """The input is not there or the key is refused: starting it again changes nothing."""
    INTERRUPTED = 143
    """Told to stop; start it again to go on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one batch."""
    given = _parser().parse_args(arguments)
    gateway = Gateway(given.gateway, given.key_file, Patience(attempts=given.attempts, timeout_seconds=given.timeout))
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: gateway.stopping.set())
    with tempfile.TemporaryDirectory() as scratch:
        try:
            source = buckets.fetched(given.input, Path(scratch) / "input.jsonl")
            folder = buckets.folder(given.output, Path(scratch) / "output", (RESULTS, ERRORS))
        except (OSError, buckets.StoreError) as error:
            _tell(f"cannot read: {error}")
            return Exit.HOPELESS
        outcome = Outcome(folder.path)
        batch = Batch(gateway, outcome, given.model, given.concurrency, folder.save, _tell)
        try:
            with source.open("rb") as lines:
                counts = batch.run(lines)
        except RefusedError as error:
            _tell(str(error))
            return Exit.HOPELESS
        except buckets.StoreError as error:
            _tell(f"cannot write: {error}")
            return Exit.AGAIN
        finally:
            outcome.close()
    _tell(batch.summary())
    if gateway.stopping.is_set():
        return Exit.INTERRUPTED
    return Exit.AGAIN if counts[PASSING] else Exit.DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="batch_inference", description=__doc__)
    parser.add_argument("--gateway", required=True, help="up to where /v1 begins")
    parser.add_argument("--key-file", type=Path, help="holds the tenant's key and nothing else")
    parser.add_argument("--model", required=True, help="what every request is put to")
    parser.add_argument("--input", required=True, help="a path, or an address such as s3://bucket/requests.jsonl")
    parser.add_argument("--output", required=True, help="a folder, or an address such as s3://bucket/folder")
    parser.add_argument("--concurrency", type=int, default=8, help="requests under way, at most")
    parser.add_argument("--attempts", type=int, default=8, help="of each request, at most")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds for one attempt")
    return parser


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""The batch: reads requests, keeps a bounded number of them under way, and writes what becomes of each."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from batch_inference.gateway import Gateway, RefusedError
from batch_inference.outcome import ERRORS, RESULTS, Outcome
from batch_inference.records import Malformed, Request, malformed, requests, written

GOOD, BAD, PASSING, SKIPPED, MALFORMED = "answered", "refused", "failed for now", "done before", "malformed"
SAVE_SECONDS = 15.0


@dataclass
class Batch:
    """One run over one input."""

    gateway: Gateway
    outcome: Outcome
    model: str
    concurrency: int
    save: Callable[[], None] = lambda: None
    """Called now and then, and at the end, once what was written is on the disk."""
    tell: Callable[[str], None] = print
    counts: Counter[str] = field(default_factory=Counter)
    refused: RefusedError | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def run(self, lines: Iterable[bytes]) -> Counter[str]:
        """Put every request that is not done; return how many came to which end.

        Raises RefusedError where the gateway refuses the key. Stops early, once what was begun is answered, when
        `gateway.stopping` is set.
        """
        waiting: queue.Queue[Request | None] = queue.Queue(maxsize=self.concurrency)
        workers = [threading.Thread(target=self._work, args=(waiting,), daemon=True) for _ in range(self.concurrency)]
        ended = threading.Event()
        saver = threading.Thread(target=self._save_now_and_then, args=(ended,), daemon=True)
        for thread in (*workers, saver):
            thread.start()
        try:
            self._feed(lines, waiting)
        finally:
            for _ in workers:
                self._put(waiting, None)
            for worker in workers:
                worker.join()
            ended.set()
            saver.join()
            self._save()
        if self.refused:
            raise self.refused
        return self.counts

    def _feed(self, lines: Iterable[bytes], waiting: queue.Queue[Request | None]) -> None:
        seen = set(self.outcome.done)
        for found in requests(lines, self.model):
            if self.gateway.stopping.is_set():
                return
            if found.custom_id in seen:
                self._count(SKIPPED)
            elif isinstance(found, Malformed):
                self.outcome.write(ERRORS, malformed(found))
                self._count(MALFORMED)
            else:
                self._put(waiting, found)
            seen.add(found.custom_id)

    def _save(self) -> None:
        self.outcome.flush()
        self.save()

    def _save_now_and_then(self, ended: threading.Event) -> None:
        """A copy that could not be made is made the next time; at the end, it must be."""
        while not ended.wait(SAVE_SECONDS):
            try:
                self._save()
            except Exception as error:  # noqa: BLE001  whatever a store raises
                self.tell(f"not saved, trying again: {error}")
            self.tell(self.summary())

    def _count(self, end: str) -> None:
        with self._lock:
            self.counts[end] += 1

    def _put(self, waiting: queue.Queue[Request | None], item: Request | None) -> None:
        """Wait for room, but not beyond the order to stop: nobody takes anything out then."""
        while True:
            try:
                return waiting.put(item, timeout=0.2)
            except queue.Full:
                if self.gateway.stopping.is_set():
                    return None

    def _work(self, waiting: queue.Queue[Request | None]) -> None:
        try:
            while not self.gateway.stopping.is_set() and self._next(waiting):
                pass
        except RefusedError as error:
            self._stop(error)
        except Exception as error:  # noqa: BLE001  a thread that died silently would leave the run short of one
            self._stop(RefusedError(f"{type(error).__name__}: {error}"))
        finally:
            self.gateway.hang_up()

    def _stop(self, reason: RefusedError) -> None:
        self.refused = reason
        self.gateway.stopping.set()

    def _next(self, waiting: queue.Queue[Request | None]) -> bool:
        """Do one request, where there is one; whether there may be more."""
        try:
            request = waiting.get(timeout=0.2)
        except queue.Empty:
            return True
        answer = self.gateway.ask(request) if request else None
        if answer is None:
            return False
        self.outcome.write(RESULTS if answer.good else ERRORS, written(answer))
        self._count(GOOD if answer.good else BAD if answer.final else PASSING)
        return True

    def summary(self) -> str:
        """How far the run is, without a word of what was asked or answered."""
        return ", ".join(f"{count} {name}" for name, count in sorted(dict(self.counts).items())) or "nothing done yet"

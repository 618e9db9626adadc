"""The first process of the sandbox: prepares it, keeps the node's parts running, and collects orphans.

`python -m aicc.local.node.supervisor HOME NETWORK_FD`; NETWORK_FD refers to the machine's network. A part that ends is
started again after a short pause, longer each time it ends early; when each started and ended is on record, so that
recovery can be measured. Ending this process ends everything in the sandbox. Standard library only.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aicc.local.node import inside
from aicc.local.node.layout import Layout, Specification
from aicc.local.node.parts import Part, parts

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0
"""A part that has run this long may be started again at once."""
_PROBE_SECONDS = 1.0
_STARTING_PROBE_SECONDS = 0.1
_LOG_BYTES = 16 << 20


@dataclass
class Running:
    """A part and its process."""

    part: Part
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    started: float = 0.0
    due: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    ready: bool = False
    was_ready: bool = field(default=False)


class Supervisor:
    """Keeps parts running."""

    def __init__(self, where: Layout, wanted: tuple[Part, ...]) -> None:
        self._where = where
        self._running = {part.name: Running(part) for part in wanted}
        self._writing = threading.Lock()
        self._woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def run(self) -> None:
        """Run until killed."""
        threading.Thread(target=self._probe, daemon=True).start()
        while True:
            now = time.monotonic()
            for running in self._running.values():
                if running.process is None and now >= running.due and self._may_start(running.part):
                    self._start(running)
            self._wait()
            self._collect()

    def _wait(self) -> None:
        """Wait until a process ends, or for a moment."""
        if select.select([self._woken], [], [], _STARTING_PROBE_SECONDS)[0]:
            os.read(self._woken, 4096)

    def _may_start(self, part: Part) -> bool:
        return part.after is None or self._running[part.after].was_ready

    def _start(self, running: Running) -> None:
        log = self._where.logs / f"{running.part.name}.log"
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            running.process = subprocess.Popen(
                running.part.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=running.part.inherits,
                start_new_session=True,
            )
        running.starts += 1
        running.started = time.monotonic()
        self._record(running.part.name, "started")

    def _collect(self) -> None:
        """Collect every process that has ended: the parts', and those that containers' shims left to us."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for running in self._running.values():
                if running.process is not None and running.process.pid == pid:
                    self._ended(running, os.waitstatus_to_exitcode(status))

    def _ended(self, running: Running, code: int) -> None:
        if running.process is not None:
            running.process.returncode = code
        running.process, running.ready = None, False
        self._record(running.part.name, "ended", code=code)
        now = time.monotonic()
        if now - running.started >= STEADY_SECONDS:
            running.pause = FIRST_PAUSE_SECONDS
            running.due = now
        else:
            running.due = now + running.pause
            running.pause = min(2 * running.pause, LONGEST_PAUSE_SECONDS)

    def _probe(self) -> None:
        """See which parts are ready, and say so in the state file."""
        while True:
            for running in self._running.values():
                process = running.process
                ready = process is not None and running.part.ready()
                was, running.ready = running.ready, ready and running.process is process
                if running.ready and not was:
                    running.was_ready = True
                    self._record(running.part.name, "ready")
            self._write_state()  # also where nothing changed: it shows that this process lives
            waiting = any(not running.ready for running in self._running.values())
            time.sleep(_STARTING_PROBE_SECONDS if waiting else _PROBE_SECONDS)

    def _write_state(self) -> None:
        new = self._where.state.with_suffix(".new")
        with self._writing:
            parts = {name: {"ready": item.ready, "starts": item.starts} for name, item in self._running.items()}
            new.write_text(json.dumps({"time": time.time(), "parts": parts}))
            new.replace(self._where.state)

    def _record(self, part: str, event: str, **more: object) -> None:
        line = json.dumps({"time": datetime.now(UTC).isoformat(), "part": part, "event": event, **more})
        with self._where.events.open("a") as events:
            events.write(f"{line}\n")
        self._write_state()


def main(home: Path, machine_network: int) -> None:
    """Prepare the sandbox and run its parts."""
    where = Layout(home)
    node = Specification(**json.loads(where.specification.read_text()))
    inside.prepare(node, where)
    Supervisor(where, parts(node, where, machine_network)).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

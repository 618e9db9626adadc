"""Programs that outlive the command that starts them, each in a session of its own; found again, and ended.

A stack's programs are told from any other's by their command line: they are started by a link in the stack's own
folder, or as a Python module that is given a path below it. Pid files would outlive what they name.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from aicc import paths
from aicc.errors import ClusterError
from aicc.local.files import create_private

_READS = "AICC_READS"
"""In a program's environment: of what the files held that it has read."""
_LAUNCH_SECONDS = 2.0
"""What launches a program needs until it has become it."""
_POLL_SECONDS = 0.02
_WAIT_POLL_SECONDS = 0.2
_LOG_LINES = 8
_LOG_LINE_CHARACTERS = 400


@dataclass(frozen=True)
class ProgramStatus:
    """A program as it is now."""

    name: str
    pid: int | None
    """None where it does not run."""


@dataclass(frozen=True)
class Program:
    """A program as it should run."""

    name: str
    binary: Path
    """The program; of a module, the Python that runs it."""
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beyond PATH and HOME."""
    module: str | None = None
    """The Python module, where it is one."""
    prefix: tuple[str, ...] = ()
    """What its command line begins with, and becomes it."""
    reads: tuple[Path, ...] = ()
    """The files that it reads once: a change of one asks for a new start."""


class Programs:
    """The programs of one stack below one folder."""

    def __init__(self, home: Path, names: Sequence[str], modules: Mapping[str, str] | None = None) -> None:
        self.names = tuple(names)
        """In the order of dependence."""
        self._home = home
        self._links = home / "bin"
        self._modules = dict(modules or {})
        """Names by Python module."""

    def log(self, name: str) -> Path:
        """Return where a program logs; it starts anew with the program."""
        return self._home / f"{name}.log"

    def running(self) -> dict[str, psutil.Process]:
        """Return the live process of each program that has one."""
        found = {}
        for process in psutil.process_iter(["cmdline"]):
            if name := self._name(process.info["cmdline"] or []):
                found[name] = process
        return found

    def status(self) -> tuple[ProgramStatus, ...]:
        """Return what runs now."""
        live = self.running()
        return tuple(ProgramStatus(name, live[name].pid if name in live else None) for name in self.names)

    def converge(self, wanted: Sequence[Program]) -> None:
        """Start what does not run, and what runs otherwise than it should; leave the rest alone."""
        live = self.running()
        for program in wanted:
            if program.name in live and self._is_current(program, live[program.name]):
                continue
            self.kill([program.name])
            self._launch(program)

    def kill(self, names: Iterable[str]) -> None:
        """End the named programs; none is left when this returns."""
        doomed = frozenset(names)
        end([process for name, process in self.running().items() if name in doomed])

    def wait(self, waiting: Callable[[], Sequence[str]], seconds: float, tell: Callable[[str], None]) -> None:
        """Wait until `waiting` names no program; `tell` is given what is waited for.

        Raises ClusterError, with the end of a log, where a program has ended or the time has passed.
        """
        started = time.monotonic()
        while late := waiting():
            tell(f"waiting for {', '.join(late)}")
            live, passed = self.running(), time.monotonic() - started
            dead = [name for name in self.names if name not in live]
            # Not at once: a program has its name only when what launches it has become it.
            if dead and passed > _LAUNCH_SECONDS:
                raise self._failure(dead[0], "ended while starting")
            if passed > seconds:
                raise self._failure(late[0], f"not ready after {seconds:.0f} s")
            time.sleep(_WAIT_POLL_SECONDS)

    def _failure(self, name: str, what: str) -> ClusterError:
        log = self.log(name)
        return ClusterError(f"{name} {what}; its log ends:\n{tail(log)}", hint=f"the whole log is {log}")

    def _name(self, command: Sequence[str]) -> str | None:
        if not command:
            return None
        if Path(command[0]).parent == self._links:
            return Path(command[0]).name
        if len(command) > 2 and command[1] == "-m" and any(str(self._home) in part for part in command[3:]):
            return self._modules.get(command[2])
        return None

    def _command(self, program: Program) -> list[str]:
        if program.module:
            return [str(program.binary), "-m", program.module, *program.arguments]
        return [str(self._links / program.name), *program.arguments]

    def _is_current(self, program: Program, process: psutil.Process) -> bool:
        try:
            same = process.cmdline() == self._command(program)
            if not program.module:
                same = same and Path(process.exe()) == program.binary.resolve()
            return same and process.environ().get(_READS, "") == _fingerprint(program.reads)
        except (psutil.Error, OSError):
            return False

    def _launch(self, program: Program) -> None:
        if not program.module:
            link = paths.private_dir(self._links) / program.name
            link.unlink(missing_ok=True)
            link.symlink_to(program.binary.resolve())
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._home),
            _READS: _fingerprint(program.reads),
            **program.environment,
        }
        with create_private(self.log(program.name)) as log:
            # Started and let go: it outlives this process and is nobody's child.
            subprocess.run(
                ["setsid", "--fork", *program.prefix, *self._command(program)],
                cwd=self._home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                umask=0o077,
                check=True,
            )


def _fingerprint(files: Sequence[Path]) -> str:
    """Return a digest of what is in the files; nothing of none."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest() if files else ""


def end(processes: Iterable[psutil.Process]) -> None:
    """Kill processes, and wait until they have let go of their ports and files."""
    doomed = list(processes)
    for process in doomed:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    wait_ended(doomed)


def wait_ended(processes: Iterable[psutil.Process]) -> None:
    """Wait until processes that were killed have let go of their ports and files."""
    for process in processes:
        while _is_alive(process):
            time.sleep(_POLL_SECONDS)


def tail(log: Path) -> str:
    """Return the last lines of a log, or that there is none."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    except OSError:
        return "(there is no log)"
    return "\n".join(line[:_LOG_LINE_CHARACTERS] for line in lines)


def _is_alive(process: psutil.Process) -> bool:
    """Whether it may hold ports and files: a zombie that nobody reaps does not, unless threads of it are left."""
    try:
        return process.is_running() and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.NoSuchProcess:
        return False

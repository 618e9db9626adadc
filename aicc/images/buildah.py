"""Debian's buildah with a storage of aicc's own: the user's images and containers are never seen or touched."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from aicc import paths
from aicc.commandline import follow
from aicc.errors import AiccError
from aicc.toolbox.debian import PATH

EPOCH = 1577836800
"""2020-01-01: every file of an image carries this time, so that the same inputs make the same image. Zip files know no
times before 1980."""
PATIENT = ("setpriv", "--pdeathsig", "KILL", "nice", "-n", "5")
"""Before a command that takes long: it ends with the run that wants it, and others' work goes first."""


class Buildah:
    """One storage. Used by one process at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "tmp"
        self.driver = ""

    def open(self) -> None:
        """Clear away what a killed run left, and choose how layers are kept: as overlays where the kernel can."""
        self.close()
        if left := _mounts_below(self.folder):
            raise AiccError(
                f"a stopped build left {left[0]} mounted, and it cannot be unmounted",
                hint="end what uses it, unmount it, and run the command again",
            )
        shutil.rmtree(self.temporary, ignore_errors=True)
        paths.private_dir(self.temporary)
        for driver in ("overlay", "vfs"):
            self.driver = driver
            if self._try("images", "--quiet"):
                break
        else:
            raise AiccError(
                f"buildah cannot keep images below {self.folder}, neither as overlays nor as copies",
                hint=f"remove {self.folder} and run the command again; `buildah info` says more",
            )
        self._try("rm", "--all")

    def close(self) -> None:
        """Unmount what buildah leaves mounted below its storage."""
        for mounted in sorted(_mounts_below(self.folder), reverse=True):
            subprocess.run(["umount", "--lazy", mounted], check=False, capture_output=True)

    def has(self, reference: str) -> bool:
        """Whether an image is in the storage."""
        return self._try("inspect", "--type", "image", reference)

    def pull(self, reference: str, timeout_seconds: float) -> bool:
        """Pull an image; False where that fails, as it does without a reachable registry."""
        return self._try("pull", "--quiet", reference, timeout_seconds=timeout_seconds)

    def forget(self, reference: str) -> None:
        """Remove an image and the layers that no other image is made of."""
        self._try("rmi", "--force", reference)
        self._try("rmi", "--prune", "--force")

    def run(self, arguments: Sequence[str], on_line: Callable[[str], None], *, what: str) -> None:
        """Run one command, handing on each line it prints; an interruption ends it and what it started.

        Raises AiccError with the last lines where it fails.
        """
        status, last = follow(self._command(arguments), on_line, environment=self._environment())
        if status != 0:
            raise AiccError(
                f"{what} failed:\n{last}",
                hint="mend what the last lines name and run the command again: finished steps are kept",
            )

    def _try(self, *arguments: str, timeout_seconds: float = 300) -> bool:
        try:
            done = subprocess.run(
                self._command(arguments),
                env=self._environment(),
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=timeout_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def _command(self, arguments: Sequence[str]) -> list[str]:
        storage = ["--root", str(self.folder / self.driver), "--runroot", str(self.folder / f"{self.driver}-run")]
        return [*PATIENT, "buildah", *storage, "--storage-driver", self.driver, *arguments]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": PATH, "TMPDIR": str(self.temporary), "BUILDAH_ISOLATION": "chroot"}


def _mounts_below(folder: Path) -> list[str]:
    prefix = f"{folder.resolve()}/"
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    found = (line.split()[4].encode().decode("unicode_escape") for line in mounts)
    return [path for path in found if path.startswith(prefix)]

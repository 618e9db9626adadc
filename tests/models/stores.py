"""A real versitygw over a folder of the test's, on loopback, and nothing of it afterwards."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aicc import progress, toolbox
from aicc.local.ports import free_ports
from aicc.models.store import Store
from images.prefetch.prefetch.s3 import Keys

ROOT = Keys("root", "root-secret")
READER = Keys("reader", "reader-secret")


@contextmanager
def serving(folder: Path) -> Iterator[Store]:
    """As the chart runs it."""
    binary = toolbox.ensure(["versitygw"], progress.reporter())["versitygw"]
    for name in ("objects", "accounts", "attributes"):
        (folder / name).mkdir(parents=True)
    port = next(iter(free_ports(str(folder))))
    arguments = ["--health=/health", f"--iam-dir={folder}/accounts", "--quiet", "posix"]
    process = subprocess.Popen(
        [binary, f"--port=127.0.0.1:{port}", *arguments, f"--sidecar={folder}/attributes", folder / "objects"],
        env={"ROOT_ACCESS_KEY_ID": ROOT.access, "ROOT_SECRET_ACCESS_KEY": ROOT.secret},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        store = Store(f"http://127.0.0.1:{port}", ROOT)
        store.wait(30)
        yield store
    finally:
        process.kill()
        process.wait()

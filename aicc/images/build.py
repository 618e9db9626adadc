"""From names to archives: what is built already is found, what is not is built, one after the other."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from aicc.errors import PrerequisiteError
from aicc.images import apt, archives
from aicc.images.base import Base, ensure_base
from aicc.images.buildah import EPOCH, Buildah
from aicc.images.context import prepare
from aicc.progress import Reporter, Step
from aicc.toolbox import debian
from aicc.toolbox.disk import require_space
from infra.images import local_image, needs_base

NEEDS_BYTES = 3 << 30
"""About what the largest build takes, above all the compiler and its objects."""
_STEP = re.compile(r"^(?:\[(?P<stage>\d+/\d+)\] )?STEP (?P<step>\d+/\d+): (?P<what>.*)$")
_COMPILED = re.compile(r"^\[(?P<done>\d+)/(?P<total>\d+)\] ")


def ensure(names: Iterable[str], reporter: Reporter) -> dict[str, Path]:
    """Return the archive of each image, building those that are not there. What a killed run finished is kept.

    Raises KeyError for a name that is no image, PrerequisiteError without buildah or root, AiccError where a build
    fails.
    """
    wanted = {name: archives.path_of(name) for name in names}
    if any(archives.record_of(archive) is None for archive in wanted.values()):
        _build(wanted, reporter)
    return wanted


def absent(names: Iterable[str]) -> list[str]:
    """Return those of the images that are not built yet, building nothing."""
    return [name for name in names if archives.record_of(archives.path_of(name)) is None]


def _build(wanted: dict[str, Path], reporter: Reporter) -> None:
    if os.geteuid() != 0:
        raise PrerequisiteError(
            f"building container images needs root; not built yet: {', '.join(absent(wanted))}",
            hint="run the command as root, once",
        )
    with storage(reporter) as buildah:
        missing = {name: path for name, path in wanted.items() if archives.record_of(path) is None}
        if missing:
            require_space("building container images", [(buildah.folder, NEEDS_BYTES)])
            _build_each(missing, buildah, reporter)


@contextmanager
def storage(reporter: Reporter) -> Iterator[Buildah]:
    """Yield buildah, open, in this process alone; another run that has it is waited for.

    Raises PrerequisiteError where it is not there and cannot be installed.
    """
    debian.ensure({"buildah": "buildah"}, "building container images", reporter)
    folder = archives.folder()
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        reporter.note("another run is building images; waiting for it")
        lock.acquire()
    buildah = Buildah(folder)
    try:
        buildah.open()
        yield buildah
    finally:
        buildah.close()
        lock.release()


def _build_each(missing: dict[str, Path], buildah: Buildah, reporter: Reporter) -> None:
    base = ensure_base(buildah, reporter) if any(needs_base(name) for name in missing) else None
    for name, archive in missing.items():
        context = buildah.temporary / "context"
        shutil.rmtree(context, ignore_errors=True)
        prepare(name, context, reporter)
        with reporter.step(f"Building image {name}") as step, archives.replacing(archive) as new:
            buildah.run(_bud(name, context, base), partial(_show, step), what=f"building image {name}")
            step.update(detail="writing the archive")
            pushed = ["push", "--quiet", local_image(name), f"docker-archive:{new}:{local_image(name)}"]
            buildah.run(pushed, lambda _: None, what=f"writing image {name}")
        # The archive is what is kept. Layers take gigabytes, and serve no build that is not repeated.
        buildah.forget(local_image(name))
        shutil.rmtree(context)


def _bud(name: str, context: Path, base: Base | None) -> list[str]:
    command = ["bud", "--isolation", "chroot", "--layers", f"--timestamp={EPOCH}", "--tag", local_image(name)]
    if base is not None:
        sources = apt.mirror().sources() if base.made_here else None
        command += ["--build-arg", f"BASE={base.reference}", *apt.mounts(context.with_name("apt"), sources)]
    if "ENV CCACHE_DIR=/ccache" in (context / "Containerfile").read_text(encoding="utf-8").splitlines():
        compiled = archives.folder() / "ccache"
        compiled.mkdir(exist_ok=True)
        command += ["--volume", f"{compiled}:/ccache"]
    return [*command, str(context)]


def _show(step: Step, line: str) -> None:
    if found := _STEP.match(line):
        step.update(detail=f"step {found['step']}: {found['what'][:60]}")
    elif found := _COMPILED.match(line):
        step.update(int(found["done"]), total=int(found["total"]))

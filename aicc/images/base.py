"""The base image: the ordinary one, pinned by digest, where a registry can be reached; else one made by debootstrap.

Both are Debian of the same release with apt; the one made here holds fewer files. Which it was is kept, so that the
images of one machine share one base.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aicc.errors import AiccError
from aicc.images import apt
from aicc.images.buildah import EPOCH, PATIENT, Buildah
from aicc.progress import Reporter, Step
from aicc.toolbox.debian import PATH, ensure
from aicc.toolbox.disk import require_space
from infra import images
from infra.versions import DEBIAN

PULL_SECONDS = 120
NEEDS_BYTES = 1 << 30


@dataclass(frozen=True)
class Base:
    """What images start from."""

    reference: str
    made_here: bool


def ensure_base(buildah: Buildah, reporter: Reporter) -> Base:
    """Return the base, pulled or made if it is not yet in the storage.

    Raises PrerequisiteError without debootstrap, AiccError where making it fails.
    """
    made = Base(f"{images.REPOSITORY}/{images.BASE}:{images.base_hash()}", made_here=True)
    ordinary = Base(DEBIAN.image, made_here=False)
    for base in (ordinary, made):
        if buildah.has(base.reference):
            return base
    with reporter.step(f"Pulling {DEBIAN.image.partition('@')[0]}"):
        pulled = buildah.pull(DEBIAN.image, PULL_SECONDS)
    if pulled:
        return ordinary
    reporter.note(f"no registry to pull it from; making the base image with debootstrap instead ({DEBIAN.suite})")
    ensure({"debootstrap": "debootstrap"}, "making the base image", reporter)
    require_space("making the base image", [(buildah.folder, NEEDS_BYTES)])
    with reporter.step(f"Making the base image of Debian {DEBIAN.suite}") as step:
        _make(made.reference, buildah, step)
    return made


def _make(reference: str, buildah: Buildah, step: Step) -> None:
    root = Path(tempfile.mkdtemp(prefix="root-", dir=buildah.temporary))
    root.chmod(0o755)
    context = buildah.temporary / "base"
    recipe = images.FOLDER / images.BASE
    included = ",".join((recipe / "packages.txt").read_text(encoding="utf-8").split())
    context.mkdir()
    step.update(detail="debootstrap")
    bootstrap = [
        *PATIENT,
        "debootstrap",
        "--variant=minbase",
        f"--include={included}",
        DEBIAN.suite,
        str(root),
        apt.mirror().main,
    ]
    _run(bootstrap)
    step.update(detail="trimming")
    shutil.copy(recipe / "trim.sh", root / "trim.sh")
    _run(["chroot", str(root), "/trim.sh"])
    (root / "trim.sh").unlink()
    # Empty: a build mounts this machine's own over them, and that leaves no file behind which was not there.
    for name in ("sources.list", "apt.conf"):
        (root / "etc" / "apt" / name).write_text("")
    in_order = ["--sort=name", f"--mtime=@{EPOCH}", "--numeric-owner", "--exclude=./dev/*", "--one-file-system"]
    _run(["tar", *in_order, "-C", str(root), "-cf", str(context / "root.tar"), "."])
    shutil.rmtree(root)
    step.update(detail="importing")
    (context / "Containerfile").write_text('FROM scratch\nADD root.tar /\nCMD ["/bin/sh"]\n')
    command = ["bud", "--isolation", "chroot", f"--timestamp={EPOCH}", "--tag", reference, str(context)]
    buildah.run(command, lambda _: None, what="importing the base image")
    shutil.rmtree(context)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(
        command,
        env={"PATH": PATH, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise AiccError(
            f"`{' '.join(command)}` failed while the base image was made:\n{last}",
            hint="mend what the last lines name and run the command again",
        )

"""`aicc images push`: what a stack names in a registry of its own is built, pushed there, and pinned in its file."""

from __future__ import annotations

from aicc.errors import ConfigError
from aicc.files import write_whole
from aicc.images import pins
from aicc.images.push import known, push
from aicc.progress import Reporter
from aicc.stacks import Stack


def push_named(stack: Stack, registry: str, reporter: Reporter) -> dict[str, str]:
    """Push every image that the stack file names in `registry` and that can be made here; the pinned reference by name.

    The file is written last, and only where a digest differs. Raises ConfigError, with nothing built, where it names
    none.
    """
    text = stack.path.read_text(encoding="utf-8")
    named = pins.named(text, registry)
    made_here = [name for name in named if name in known()]
    if not made_here:
        raise ConfigError(
            f"{stack.path.name} names no image of {registry} that is made here; nothing was built or pushed",
            hint=f"name them as {registry}/<name>@sha256:<64 digits, any until they are pushed>; "
            f"made here are {', '.join(known())}",
        )
    if others := [f"{registry}/{name}" for name in named if name not in made_here]:
        reporter.note(f"not made here, and left as they are: {', '.join(others)}")
    digests = push(made_here, registry, reporter)
    pinned = pins.repinned(text, registry, digests)
    if pinned != text:
        mode = stack.path.stat().st_mode
        write_whole(stack.path, pinned)
        stack.path.chmod(mode)
    return {name: f"{registry}/{name}@{digest}" for name, digest in digests.items()}

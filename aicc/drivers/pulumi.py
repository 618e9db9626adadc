"""The Pulumi driver: the real engine, through the Automation API. State, diffs and secrets are Pulumi's.

A local stack is disposable, so its state, like its cluster, is kept under aicc's state directory, in a workspace of its
own. Every other stack uses the backend and secrets provider that the user is logged in to, and the project's own files.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil
import yaml
from pulumi import automation
from pulumi.automation.errors import CommandError, ConcurrentUpdateError

from aicc import paths
from aicc.drivers.base import Changes
from aicc.errors import ClusterError, LockedError, PrerequisiteError
from aicc.progress import Reporter, Step
from aicc.stacks import Stack
from infra.config.load import PROJECT

T = TypeVar("T")
_INTERRUPT_SECONDS = 60
_ERROR_LINES = 30


class PulumiDriver:
    """`pulumi up` and `pulumi destroy`."""

    name = "pulumi"
    reason = "the Pulumi CLI is on PATH; it keeps the stack's state"

    def up(self, stack: Stack, reporter: Reporter, timeout_seconds: float) -> Changes:  # noqa: ARG002  Pulumi awaits
        """Run `pulumi up`.

        Raises ClusterError with the engine's diagnostics.
        """
        selected = _select(stack)
        with reporter.step("pulumi up") as step:
            done = _run(
                stack,
                selected,
                reporter,
                lambda: selected.up(**_options(stack, step)),
            )
        counts = _counts(done)
        return Changes(
            created=counts.get("create", 0),
            changed=counts.get("update", 0) + counts.get("replace", 0),
            unchanged=counts.get("same", 0),
            deleted=counts.get("delete", 0),
        )

    def down(self, stack: Stack, reporter: Reporter, timeout_seconds: float) -> Changes:  # noqa: ARG002  Pulumi awaits
        """Run `pulumi destroy`; the stack and its history stay, as with Pulumi itself."""
        selected = _select(stack)
        with reporter.step("pulumi destroy") as step:
            done = _run(
                stack,
                selected,
                reporter,
                lambda: selected.destroy(**_options(stack, step)),
            )
        return Changes(deleted=_counts(done).get("delete", 0))


def save_kubeconfig(stack: Stack) -> Path:
    """The kubeconfig that the stack exports, in a file that only its user can read.

    The file is not there where the stack has none yet. Raises PrerequisiteError without the CLI.
    """
    if not shutil.which("pulumi"):
        raise PrerequisiteError(
            f"stack {stack.name} keeps its kubeconfig in Pulumi's state, and the Pulumi CLI is not on PATH",
            hint="install it (pulumi.com/docs/install)",
        )
    path = paths.state_dir(stack.name) / "kubeconfig"
    exported = _select(stack).outputs().get("kubeconfig")
    path.unlink(missing_ok=True)
    if exported is not None and exported.value:
        _write_private(path, str(exported.value))
    return path


def _counts(done: automation.UpResult | automation.DestroyResult) -> dict[str, int]:
    """Resources by what was done with them, components included."""
    return {str(kind): count for kind, count in (done.summary.resource_changes or {}).items()}


def _select(stack: Stack) -> automation.Stack:
    """The stack in its workspace, made where it is new."""
    local = stack.plan.cloud.kind == "local"
    folder = _workspace(stack) if local else paths.REPO
    environment = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    if local:
        environment |= {
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(_passphrase(folder)),
        }
    if local:
        mend(folder / ".pulumi" / "stacks" / PROJECT / f"{stack.name}.json")
    workspace = automation.LocalWorkspaceOptions(env_vars=environment)
    try:
        return automation.create_or_select_stack(stack.name, work_dir=str(folder), opts=workspace)
    except CommandError as error:
        raise ClusterError(f"the Pulumi CLI cannot open stack {stack.name}: {_tail(str(error))}") from error


def mend(checkpoint: Path) -> None:
    """A killed engine may leave half a checkpoint: the one before takes its place, or none.

    Nothing is lost: the local cluster's provider takes up objects that are there already. The attributes that the
    engine keeps beside each file (gocloud.dev/blob/fileblob) are not written at once either: unreadable, they hide
    a sound checkpoint ("failed to load checkpoint: EOF"); without them it is read.
    """
    for attributes in checkpoint.parent.glob("*.attrs"):
        if not _is_whole(attributes):
            attributes.unlink()
    before = checkpoint.with_name(f"{checkpoint.name}.bak")
    if not checkpoint.exists() or _is_whole(checkpoint):
        return
    if _is_whole(before):
        before.replace(checkpoint)
    else:
        checkpoint.unlink()


def _is_whole(checkpoint: Path) -> bool:
    try:
        json.loads(checkpoint.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _workspace(stack: Stack) -> Path:
    """A Pulumi project of the stack's own, so that the repository's files are not written to."""
    folder = paths.private_dir(paths.state_dir(stack.name) / "pulumi")
    project = yaml.safe_load((paths.REPO / "Pulumi.yaml").read_text(encoding="utf-8"))
    project["main"] = str(paths.REPO / project["main"])
    project["runtime"]["options"]["virtualenv"] = str(paths.REPO / ".venv")
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    copy = folder / f"Pulumi.{stack.name}.yaml"
    before = yaml.safe_load(copy.read_text(encoding="utf-8")) if copy.exists() else {}
    declared = yaml.safe_load(stack.path.read_text(encoding="utf-8"))
    salt = {key: before[key] for key in ("encryptionsalt", "secretsprovider") if key in before}
    copy.write_text(yaml.safe_dump({**salt, **declared}), encoding="utf-8")
    return folder


def _options(stack: Stack, step: Step) -> dict[str, Any]:
    """What every operation is given; the stack's file where it is not where Pulumi looks for it."""
    beside = paths.REPO / f"Pulumi.{stack.name}.yaml"
    found = stack.plan.cloud.kind == "local" or stack.path == beside
    return {"on_event": _follow(step), "color": "never", "config_file": None if found else str(stack.path)}


def _passphrase(folder: Path) -> Path:
    """A random passphrase of this stack's own, readable by its user only."""
    path = folder / "passphrase"
    if not path.exists():
        _write_private(path, secrets.token_urlsafe(32))
    return path


def _write_private(path: Path, text: str) -> None:
    """Write a new file that only its user can read."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _follow(step: Step) -> Callable[[Any], None]:
    """Count finished resources."""
    finished = 0

    def follow(event: Any) -> None:
        nonlocal finished
        if event.res_outputs_event:
            finished += 1
            step.update(finished, detail=f"{finished} {event.res_outputs_event.metadata.urn.rsplit('::', 1)[-1]}")

    return follow


def _run(stack: Stack, selected: automation.Stack, reporter: Reporter, work: Callable[[], T]) -> T:
    """Run an operation; a lock that a killed run left in a local stack's own backend is removed."""
    try:
        try:
            return work()
        except ConcurrentUpdateError as error:
            if stack.plan.cloud.kind != "local":
                raise LockedError(
                    f"stack {stack.name} is locked in Pulumi's backend",
                    hint=f"wait for the other update; if it died: pulumi cancel --stack {stack.name}",
                ) from error
            reporter.note("an earlier Pulumi run was killed; removing its lock")
            selected.cancel()
            return work()
    except CommandError as error:
        raise ClusterError(f"pulumi failed:\n{_tail(str(error))}", hint="mend the cause and run it again") from error
    except KeyboardInterrupt:
        _interrupt_children()
        raise


def _interrupt_children() -> None:
    """Let the engine stop as on Ctrl-C, saving its state."""
    children = [child for child in psutil.Process().children() if child.name() == "pulumi"]
    for child in children:
        child.send_signal(signal.SIGINT)
    psutil.wait_procs(children, timeout=_INTERRUPT_SECONDS)


def _tail(text: str) -> str:
    """The end of what the CLI said; where it names what went wrong, that, without the outputs that follow."""
    _, found, diagnostics = text.partition("\nDiagnostics:\n")
    if found:
        text = diagnostics.partition("\nOutputs:\n")[0]
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-_ERROR_LINES:])

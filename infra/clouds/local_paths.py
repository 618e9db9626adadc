"""Where a local cluster keeps its files; shared by the program and the command line."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_state_path


def state_home() -> Path:
    """`${XDG_STATE_HOME:-~/.local/state}/aicc`."""
    return user_state_path("aicc")


def kubeconfig_path(stack: str) -> Path:
    """The kubeconfig of `stack`'s local cluster; never the user's own."""
    return state_home() / stack / "kubeconfig"

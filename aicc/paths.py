"""Where aicc keeps things: a cache that may be deleted, and state that belongs to a stack (XDG base directories).

Everything is created with mode 0700: certificates and keys live below the state directory.
"""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path

from infra.clouds.local_paths import state_home

REPO = Path(__file__).resolve().parent.parent
CHARTS = REPO / "charts"
TOOLS = REPO / "tools"


def cache_dir() -> Path:
    """`${XDG_CACHE_HOME:-~/.cache}/aicc`: binaries and rendered charts, by version. Safe to delete."""
    return private_dir(user_cache_path("aicc"))


def state_dir(stack: str) -> Path:
    """`${XDG_STATE_HOME:-~/.local/state}/aicc/<stack>`: one stack's cluster, certificates, locks."""
    return private_dir(private_dir(state_home()) / stack)


def private_dir(path: Path) -> Path:
    """Create `path` (mode 0700) and return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path

"""How this machine reaches Debian's archive, for the builds alone: nothing of it stays in an image."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from aicc.errors import PrerequisiteError
from aicc.toolbox.debian import PATH, which
from infra.versions import DEBIAN

_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_KEPT_SETTINGS = ("Acquire::http", "Acquire::https", "Acquire::Retries", "Acquire::Check-Valid-Until")


@dataclass(frozen=True)
class Mirror:
    """Where packages come from."""

    main: str
    security: str | None

    def sources(self) -> str:
        """Return a sources.list."""
        lines = [f"deb {self.main} {suite} main" for suite in (DEBIAN.suite, f"{DEBIAN.suite}-updates")]
        if self.security:
            lines.append(f"deb {self.security} {DEBIAN.suite}-security main")
        return "".join(f"{line}\n" for line in lines)


def mirror() -> Mirror:
    """Return the mirror that this machine's own apt uses, whatever release of Debian it runs.

    Raises PrerequisiteError where it has none.
    """
    listed = _lines("apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Created-By: Packages")
    uris = [uri for uri, _, component in (line.partition(" ") for line in listed) if component == "main"]
    security = next((uri for uri in uris if uri.rstrip("/").endswith("security")), None)
    others = [uri for uri in uris if uri != security]
    main = next((uri for uri in others if uri.rstrip("/").endswith("/debian")), others[0] if others else None)
    if main is None:
        raise PrerequisiteError(
            "this machine's apt names no mirror of Debian to make images from",
            hint="add one to /etc/apt/sources.list, or make a container registry reachable, and run the command again",
        )
    return Mirror(main, security)


def mounts(folder: Path, sources: str | None) -> list[str]:
    """Write the configuration of one build below `folder`, and return what buildah mounts over the image's own.

    `sources` is None for a base that brings its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "apt.conf"
    settings.write_text("".join(f"{line}\n" for line in _settings()))
    mounted = {settings: "/etc/apt/apt.conf"}
    if sources is not None:
        (folder / "sources.list").write_text(sources)
        mounted[folder / "sources.list"] = "/etc/apt/sources.list"
    if _CERTIFICATES.is_file():
        mounted[_CERTIFICATES] = str(_CERTIFICATES)
    return [part for path, place in mounted.items() for part in ("--volume", f"{path}:{place}:ro")]


def _settings() -> list[str]:
    """How this machine's apt reaches a server, such as a proxy; and what makes installing quiet."""
    own = [line for line in _lines("apt-config", "dump") if line.startswith(_KEPT_SETTINGS) and '""' not in line]
    return [*own, 'APT::Install-Recommends "false";', 'APT::Get::Assume-Yes "true";', 'Dpkg::Use-Pty "false";']


def _lines(command: str, *arguments: str) -> list[str]:
    if not (found := which(command)):
        return []
    done = subprocess.run([found, *arguments], env={"PATH": PATH}, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else []

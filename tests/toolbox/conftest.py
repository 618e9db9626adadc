"""A cache of its own for every test, what the toolbox reports, and stand-in tools that are real executables."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from aicc.toolbox import download
from aicc.toolbox.catalogue import Family, Release, Tool, platform_name
from tests.support.recorder import Recorder


def script(version: str) -> bytes:
    """An executable that answers `--version` as tools do."""
    return f"#!/bin/sh\necho 'sample version v{version} (test)'\n".encode()


@pytest.fixture(autouse=True)
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    monkeypatch.delenv("AICC_BUILD_FROM_SOURCE", raising=False)
    return home


@pytest.fixture(autouse=True)
def _all_hosts_untried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_unreachable", set())


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def sample() -> Callable[..., Tool]:
    """Make a tool named `sample`, with a release where one is given."""

    def make(release: Release | None = None, *, objects_bytes: int = 1) -> Tool:
        releases = {} if release is None else {platform_name(): release}
        family = Family("sample", modules_bytes=1, objects_bytes=objects_bytes)
        return Tool(
            "sample",
            "1.2.3",
            family,
            "example.test/sample",
            variables={"main.version": "v1.2.3"},
            version_arguments=("--version",),
            releases=releases,
        )

    return make


@pytest.fixture(scope="session")
def go() -> str:
    """The Go on PATH, for tests that really compile."""
    found = shutil.which("go")
    if found is None:
        pytest.skip("needs Go on PATH")
    return found


@pytest.fixture(scope="session")
def go_objects(go: str) -> str:
    """The user's own build cache, so that the standard library is compiled once and not for every test."""
    return subprocess.check_output([go, "env", "GOCACHE"], text=True).strip()

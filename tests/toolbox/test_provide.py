import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aicc import paths
from aicc.errors import PrerequisiteError
from aicc.toolbox import cache, ensure, locate, provide
from aicc.toolbox.catalogue import Release, Tool
from tests.support.recorder import Recorder

from .conftest import script
from .server import Host, serving

Make = Callable[..., Tool]
Offer = Callable[..., Tool]

PROGRAM = """package main

import "fmt"

var version = "development"

func main() { fmt.Println("sample", version) }
"""


@pytest.fixture
def host() -> Iterator[Host]:
    with serving() as running:
        yield running


@pytest.fixture
def usable(host: Host) -> Release:
    """A release that downloads as it should."""
    return host.release("/sample", script("1.2.3"))


@pytest.fixture
def offer(sample: Make, monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Put `sample` in the catalogue."""

    def put(release: Release | None = None, **details: int) -> Tool:
        tool = sample(release, **details)
        monkeypatch.setattr(provide, "TOOLS", {tool.name: tool})
        return tool

    return put


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, go_objects: str) -> Path:
    """A Go module that builds `sample`."""
    folder = tmp_path / "tools" / "sample"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module example.test/sample\n\ngo 1.26.0\n")
    (folder / "main.go").write_text(PROGRAM)
    monkeypatch.setattr(paths, "TOOLS", folder.parent)
    monkeypatch.setenv("GOCACHE", go_objects)
    return folder


def _put_on_path(folder: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    binary = folder / "sample"
    folder.mkdir()
    binary.write_bytes(script(version))
    binary.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return binary


def test_path_comes_first(
    offer: Offer, host: Host, usable: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(usable)
    on_path = _put_on_path(tmp_path / "bin", "1.2.3", monkeypatch)
    assert ensure(["sample"], Recorder()) == {"sample": on_path}
    assert not host.requests
    located = locate("sample")
    assert located is not None
    assert (located.path, located.source) == (on_path, "path")


def test_another_version_on_path_is_not_used(
    offer: Offer, usable: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorder: Recorder
) -> None:
    tool = offer(usable)
    _put_on_path(tmp_path / "bin", "1.2.2", monkeypatch)
    assert ensure(["sample"], recorder) == {"sample": cache.binary_path(tool)}


def test_what_is_cached_is_got_once(offer: Offer, host: Host, usable: Release, recorder: Recorder) -> None:
    tool = offer(usable)
    assert locate("sample") is None
    for _ in range(2):
        assert ensure(["sample"], recorder) == {"sample": cache.binary_path(tool)}
    assert host.requests["/sample"] == 1
    located = locate("sample")
    assert located is not None
    assert located.source == "cache"


def test_a_corrupted_entry_is_said_and_replaced(offer: Offer, host: Host, usable: Release, recorder: Recorder) -> None:
    tool = offer(usable)
    ensure(["sample"], recorder)
    os.truncate(cache.binary_path(tool), 3)
    assert locate("sample") is None
    ensure(["sample"], recorder)
    assert "the cached sample is not what was put there; getting it again" in recorder.text
    assert host.requests["/sample"] == 2
    assert locate("sample") is not None


def test_what_two_runs_want_is_got_once(offer: Offer, host: Host, usable: Release, recorder: Recorder) -> None:
    tool = offer(usable)
    other = Recorder()
    with cache.owning(tool, recorder):
        second = threading.Thread(target=ensure, args=(["sample"], other))
        second.start()
        while "another run is getting sample" not in other.text:
            second.join(timeout=0.05)
        with cache.replacing(tool) as new:
            new.write_bytes(script("1.2.3"))
    second.join()
    assert not host.requests


def test_without_a_pinned_release_it_is_built(offer: Offer, module: Path, recorder: Recorder) -> None:
    assert _is_built(offer(), recorder)


def test_a_release_that_is_gone_is_replaced_by_a_build(
    offer: Offer, host: Host, usable: Release, module: Path, recorder: Recorder
) -> None:
    host.files.clear()
    assert _is_built(offer(usable), recorder)
    assert "404 Not Found; building it from source instead" in recorder.text


def test_a_release_with_another_checksum_is_not_used(
    offer: Offer, host: Host, usable: Release, module: Path, recorder: Recorder
) -> None:
    host.files["/sample"] += b"# changed"
    assert _is_built(offer(usable), recorder)
    assert "it is not used; building it from source instead" in recorder.text


def test_downloads_can_be_ruled_out(
    offer: Offer, host: Host, usable: Release, module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICC_BUILD_FROM_SOURCE", "1")
    assert _is_built(offer(usable), Recorder())
    assert not host.requests


def _is_built(tool: Tool, recorder: Recorder) -> bool:
    binary = ensure(["sample"], recorder)["sample"]
    assert tool.reported_version(binary) == "1.2.3"
    return binary.read_bytes().startswith(b"\x7fELF")


def test_a_failing_build_shows_what_the_compiler_said(offer: Offer, module: Path, recorder: Recorder) -> None:
    (module / "main.go").write_text(PROGRAM.replace("fmt.Println", "fmt.Pritnln"))
    tool = offer()
    with pytest.raises(PrerequisiteError, match=r"(?s)`go build` of sample 1\.2\.3 failed:.*undefined: fmt\.Pritnln"):
        ensure(["sample"], recorder)
    assert cache.state(tool) is cache.State.ABSENT


def test_a_full_disk_is_said_before_anything_is_compiled(offer: Offer, module: Path, recorder: Recorder) -> None:
    offer(objects_bytes=1 << 60)
    with pytest.raises(PrerequisiteError, match="building sample from source needs about"):
        ensure(["sample"], recorder)
    assert "Building" not in recorder.text

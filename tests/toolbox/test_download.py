import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from aicc.progress import Step
from aicc.toolbox.catalogue import Release
from aicc.toolbox.download import DownloadError, fetch
from tests.support.recorder import Recorder

from .server import Host, serving, tarball

CONTENT = bytes(range(256)) * 40_000


@pytest.fixture
def host() -> Iterator[Host]:
    with serving() as running:
        yield running


@pytest.fixture
def step(recorder: Recorder) -> Iterator[Step]:
    with recorder.step("Downloading") as running:
        yield running


def test_a_binary_arrives_whole(host: Host, step: Step, tmp_path: Path) -> None:
    fetch(host.release("/tool", CONTENT), tmp_path / "tool", step)
    assert (tmp_path / "tool").read_bytes() == CONTENT


def test_a_member_is_taken_out_of_a_tarball(host: Host, step: Step, tmp_path: Path) -> None:
    archive = tarball({"LICENSE": b"text", "tool": CONTENT, "more": CONTENT[::-1]})
    fetch(host.release("/tool.tar.gz", archive, member="tool"), tmp_path / "tool", step)
    assert (tmp_path / "tool").read_bytes() == CONTENT
    assert not (tmp_path / "LICENSE").exists()


def test_a_tarball_without_the_member_is_refused(host: Host, step: Step, tmp_path: Path) -> None:
    release = host.release("/tool.tar.gz", tarball({"other": CONTENT}), member="tool")
    with pytest.raises(DownloadError, match="no member tool"):
        fetch(release, tmp_path / "tool", step)


@pytest.mark.parametrize("member", [None, "tool"])
def test_another_checksum_is_refused_and_named(host: Host, step: Step, tmp_path: Path, member: str | None) -> None:
    release = host.release("/tool", tarball({"tool": CONTENT}), member)
    wrong = dataclasses.replace(release, digest="0" * 64)
    with pytest.raises(DownloadError, match=f"sha256 {release.digest}, not the pinned {'0' * 64}"):
        fetch(wrong, tmp_path / "tool", step)
    assert not (tmp_path / "tool").exists()


def test_what_breaks_off_is_refused(host: Host, step: Step, tmp_path: Path) -> None:
    release = host.release("/tool", CONTENT)
    host.cut_short.add("/tool")
    with pytest.raises(DownloadError):
        fetch(release, tmp_path / "tool", step)
    assert not (tmp_path / "tool").exists()


def test_a_file_that_is_not_there_is_refused(host: Host, step: Step, tmp_path: Path) -> None:
    release = host.release("/tool", CONTENT)
    host.files.clear()
    with pytest.raises(DownloadError, match="404"):
        fetch(release, tmp_path / "tool", step)


def test_a_host_that_does_not_answer_is_tried_once(step: Step, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    release = Release(f"http://127.0.0.1:{port}/tool", "0" * 64)
    with pytest.raises(DownloadError, match=r"cannot be reached: .*refused"):
        fetch(release, tmp_path / "tool", step)
    with pytest.raises(DownloadError, match=f"127.0.0.1:{port} cannot be reached$"):
        fetch(release, tmp_path / "tool", step)

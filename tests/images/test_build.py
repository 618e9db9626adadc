"""Images are really built here, by buildah: the same from the same, never twice, and whole after a kill."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from aicc.errors import AiccError, PrerequisiteError
from aicc.images import archives, ensure
from aicc.images.buildah import Buildah
from aicc.paths import REPO
from aicc.progress import reporter
from infra import images

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="building images needs root")
SCRATCH = "FROM scratch\nCOPY greeting /greeting\nUSER 65532:65532\n"

STAGED = """\
ARG BASE
FROM ${BASE} AS build
RUN apt-get update -qq && apt-get install -qq --no-install-recommends busybox-static

FROM scratch
COPY --from=build /bin/busybox /busybox
USER 65532:65532
"""


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an image without a base, and caches of its own."""
    folder = tmp_path / "images" / "sample"
    folder.mkdir(parents=True)
    (folder / "Containerfile").write_text(SCRATCH)
    (folder / "greeting").write_text("hello\n")
    base = images.FOLDER / images.BASE
    monkeypatch.setattr(images, "FOLDER", folder.parent)
    shutil.copytree(base, folder.parent / images.BASE)
    monkeypatch.setattr("aicc.images.context.FOLDER", folder.parent)
    _use_cache(tmp_path / "cache", monkeypatch)
    return folder


def _use_cache(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(path))


def _digest(archive: Path) -> str:
    record = archives.record_of(archive)
    assert record is not None
    return record.sha256


def _mounts() -> str:
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8")


@AS_ROOT
def test_the_same_inputs_make_the_same_archive(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ensure(["sample"], reporter())["sample"]
    os.utime(sample / "greeting", (1, 1))
    _use_cache(tmp_path / "another", monkeypatch)
    second = ensure(["sample"], reporter())["sample"]
    assert first != second
    assert first.read_bytes() == second.read_bytes()


@AS_ROOT
def test_an_archive_holds_the_image_under_its_reference(sample: Path) -> None:
    archive = ensure(["sample"], reporter())["sample"]
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        (image,) = json.load(manifest)
        config = tar.extractfile(image["Config"])
        assert config is not None
        assert json.load(config)["config"]["User"] == "65532:65532"
    assert image["RepoTags"] == [images.local_image("sample")]


@AS_ROOT
def test_layers_are_not_kept_beside_the_archive(sample: Path, tmp_path: Path) -> None:
    ensure(["sample"], reporter())
    buildah = Buildah(archives.folder())
    buildah.open()
    try:
        assert not buildah.has(images.local_image("sample"))
        kept = [
            path.name for path in (tmp_path / "cache" / "aicc" / "images" / "overlay").glob("overlay/*/diff/greeting")
        ]
        assert kept == []
    finally:
        buildah.close()


@AS_ROOT
def test_what_is_built_is_not_built_again(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = ensure(["sample"], reporter())["sample"]
    monkeypatch.setattr("aicc.images.build._build", lambda *_: pytest.fail("built again"))
    assert ensure(["sample"], reporter()) == {"sample": archive}


@AS_ROOT
def test_a_changed_input_is_another_archive(sample: Path) -> None:
    first = ensure(["sample"], reporter())["sample"]
    (sample / "greeting").write_text("good day\n")
    second = ensure(["sample"], reporter())["sample"]
    assert _digest(first) != _digest(second)


@AS_ROOT
def test_a_build_that_fails_says_why_and_leaves_nothing_mounted(sample: Path, tmp_path: Path) -> None:
    (sample / "Containerfile").write_text("FROM scratch\nCOPY nothing /\n")
    with pytest.raises(AiccError, match="building image sample failed") as caught:
        ensure(["sample"], reporter())
    assert "nothing" in caught.value.message
    assert not archives.path_of("sample").exists()
    assert str(tmp_path) not in _mounts()


@AS_ROOT
def test_a_killed_build_is_made_whole_by_the_next(sample: Path, tmp_path: Path) -> None:
    """The whole way, from a base to an archive: two runs are ended while they make the base, the third goes through."""
    (sample / "Containerfile").write_text(STAGED)
    code = f"from pathlib import Path; from infra import images; images.FOLDER = Path({str(sample.parent)!r})\n"
    code += "from aicc import progress; from aicc.images import ensure; ensure(['sample'], progress.reporter())"
    for number in (signal.SIGTERM, signal.SIGKILL):
        left = _being_made(tmp_path)
        process = subprocess.Popen([sys.executable, "-c", code], cwd=REPO, start_new_session=True)
        while not _being_made(tmp_path) - left and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait() != 0
        assert not archives.path_of("sample").exists()
    archive = ensure(["sample"], reporter())["sample"]
    assert _digest(archive)
    assert str(tmp_path) not in _mounts()


def _being_made(folder: Path) -> set[Path]:
    return set((folder / "cache").glob("aicc/images/tmp/*"))


def test_without_root_it_says_what_is_missing(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(PrerequisiteError, match=r"needs root; not built yet: sample"):
        ensure(["sample"], reporter())

"""Weights from a real store into a cache, with everything that goes wrong on the way."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from aicc.models.store import Store
from images.prefetch.prefetch import sums
from images.prefetch.prefetch.__main__ import main
from tests.models.stores import READER, serving

Files = dict[str, Path]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def store(root: Path) -> Iterator[Store]:
    with serving(root) as found:
        found.prepare("models", [READER])
        yield found


@pytest.fixture
def files(tmp_path: Path) -> Files:
    source = tmp_path / "source" / "tokenizer"
    source.mkdir(parents=True)
    (source.parent / "model.gguf").write_bytes(os.urandom(3_000_000))
    (source / "vocab.txt").write_bytes(b"words")
    return {path.relative_to(source.parent).as_posix(): path for path in source.parent.rglob("*") if path.is_file()}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def _as_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", READER.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READER.secret)


def fetch(store: Store, cache: Path, digest: str, **options: str) -> int:
    given = {
        "folder": "small-1",
        "path": "small",
        "limit-bytes": "100000000",
        "patience-seconds": "0",
        "grace-seconds": "0",
    } | {name.replace("_", "-"): value for name, value in options.items()}
    fixed = [f"--root={cache}", f"--digest={digest}", "--scheme=s3", f"--endpoint={store.url}", "--bucket=models"]
    return main([*fixed, *(f"--{name}={value}" for name, value in given.items())])


def test_what_arrives_is_what_was_pushed(store: Store, files: Files, cache: Path) -> None:
    digest = store.push("models", "small", files)
    assert fetch(store, cache, digest) == 0
    assert sums.of_folder(cache / "small-1") == {name: sums.of_file(path) for name, path in files.items()}
    assert [path.name for path in cache.iterdir() if not path.name.startswith(".")] == ["small-1"]
    assert fetch(store, cache, digest) == 0


def test_what_is_there_is_not_asked_for_again(store: Store, files: Files, cache: Path) -> None:
    digest = store.push("models", "small", files)
    assert fetch(store, cache, digest) == 0
    assert fetch(store, cache, digest, endpoint="http://127.0.0.1:9") == 0


def test_another_digest_than_declared_is_refused(
    store: Store, files: Files, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, declared = store.push("models", "small", files), f"sha256:{'0' * 64}"
    assert fetch(store, cache, declared) == 3
    assert f"refused: the store's list of files is {found}, but {declared} is declared" in capsys.readouterr().out
    assert not (cache / "small-1").exists()


def test_a_file_that_is_not_what_the_list_says_is_refused(
    store: Store, files: Files, cache: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever can write into the store's volume cannot change what is served; it is not waited for to be mended."""
    digest = store.push("models", "small", files)
    kept = root / "objects" / "models" / "small" / "model.gguf"
    with kept.open("r+b") as file:
        file.write(b"evil")
    assert fetch(store, cache, digest, grace_seconds="3600") == 3
    told = capsys.readouterr().out
    assert "model.gguf is sha256:" in told
    assert told.count("fetching model.gguf") == 2
    assert not (cache / "small-1").exists()
    shutil.copy(files["model.gguf"], kept)
    assert fetch(store, cache, digest) == 0


def test_a_fetch_goes_on_where_an_earlier_one_was_stopped(
    store: Store, files: Files, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = store.push("models", "small", files)
    begun = cache / ".partial-small-1" / "model.gguf"
    begun.parent.mkdir()
    begun.write_bytes(files["model.gguf"].read_bytes()[:1_234_567])
    assert fetch(store, cache, digest) == 0
    assert "fetching model.gguf, from byte 1,234,567 on" in capsys.readouterr().out


def test_a_start_that_is_wrong_is_thrown_away_and_not_served(store: Store, files: Files, cache: Path) -> None:
    digest = store.push("models", "small", files)
    begun = cache / ".partial-small-1" / "model.gguf"
    begun.parent.mkdir()
    begun.write_bytes(b"something else")
    assert fetch(store, cache, digest) == 0
    assert sums.of_file(cache / "small-1" / "model.gguf") == sums.of_file(files["model.gguf"])


def test_weights_that_are_not_in_the_store_yet_are_waited_for(
    store: Store, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(store, cache, f"sha256:{'0' * 64}", path="never") == 1
    told = capsys.readouterr().out
    assert "gave up after" in told
    assert "404" in told


def test_folders_that_nothing_needs_make_room(store: Store, files: Files, cache: Path) -> None:
    digest = store.push("models", "small", files)
    for name, age in (("old-1", 3), ("old-2", 2), ("needed-1", 4)):
        (cache / name).mkdir()
        (cache / name / "weights").write_bytes(bytes(2_000_000))
        os.utime(cache / name, (1_000_000 - age, 1_000_000 - age))
    options = {"limit_bytes": "7500000", "size_bytes": "3000005", "keep": "needed-1"}
    assert fetch(store, cache, digest, **options) == 0
    assert sorted(path.name for path in cache.iterdir() if not path.name.startswith(".")) == [
        "needed-1",
        "old-2",
        "small-1",
    ]


def test_nothing_is_fetched_that_has_no_room(
    store: Store, files: Files, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = store.push("models", "small", files)
    assert fetch(store, cache, digest, limit_bytes="1000", size_bytes="3000005") == 4
    assert "no room: 0 bytes are in use and 3,000,005 more are needed; the limit is 1,000" in capsys.readouterr().out


def test_no_key_is_ever_printed(store: Store, files: Files, cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    digest = store.push("models", "small", files)
    fetch(store, cache, digest)
    fetch(store, cache, digest, folder="other", path="never")
    told = capfd.readouterr()
    assert READER.secret not in told.out + told.err


@pytest.mark.parametrize(
    "line",
    ["", "nothing", f"{'0' * 64}  ../evil", f"{'0' * 64}  /etc/passwd", f"{'0' * 64}  SHA256SUMS", f"{'0' * 63}  a"],
)
def test_a_list_that_leads_out_of_the_folder_is_none(line: str) -> None:
    with pytest.raises(sums.SumsError):
        sums.read(line.encode())

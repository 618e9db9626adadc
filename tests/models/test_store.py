"""The client against a real versitygw."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aicc.models.store import Store, StoreError
from images.prefetch.prefetch import sums
from images.prefetch.prefetch.s3 import Keys
from tests.models.stores import READER, serving


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with serving(tmp_path_factory.mktemp("store")) as found:
        found.prepare("models", [READER])
        yield found


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    for name, content in {"model.gguf": os.urandom(300_000), "a name with spaces & signs.txt": b"x"}.items():
        (tmp_path / name).write_bytes(content)
    return {path.name: path for path in tmp_path.iterdir()}


def test_what_was_pushed_has_the_digest_that_sha256sum_gives(store: Store, files: dict[str, Path]) -> None:
    digest = store.push("models", "small", files)
    assert digest == sums.digest(sums.write({name: sums.of_file(path) for name, path in files.items()}))
    assert store.digest("models", "small") == digest
    assert store.push("models", "small", files) == digest, "again: nothing to do"


def test_nothing_is_there_before(store: Store) -> None:
    assert store.digest("models", "absent") is None


def test_preparing_again_changes_nothing_but_a_reader_s_secret(store: Store) -> None:
    store.prepare("models", [READER])
    new = Keys(READER.access, "another-secret")
    store.prepare("models", [new])
    assert replace(store, keys=new).digest("models", "absent") is None
    with pytest.raises(StoreError, match="403"):
        replace(store, keys=READER).digest("models", "absent")
    store.prepare("models", [READER])


def test_a_reader_cannot_write(store: Store, files: dict[str, Path]) -> None:
    with pytest.raises(StoreError, match="403"):
        replace(store, keys=READER).push("models", "other", files)


def test_a_stranger_cannot_read(store: Store, files: dict[str, Path]) -> None:
    store.push("models", "small", files)
    with pytest.raises(StoreError, match="403"):
        replace(store, keys=Keys("stranger", "secret")).digest("models", "small")


def test_a_store_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    nobody = Store("http://127.0.0.1:9", Keys("a", "b"))
    with pytest.raises(StoreError, match="does not answer after 0 s"):
        nobody.wait(0)
    with pytest.raises(StoreError, match="broke off"):
        nobody.digest("models", "small")
    assert "secret" not in repr(Keys("a", "secret"))

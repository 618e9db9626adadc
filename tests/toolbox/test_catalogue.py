import re
from pathlib import Path

import pytest

from aicc import paths
from aicc.toolbox import TOOLS
from aicc.toolbox.catalogue import Tool

from .conftest import script

DIGEST_LENGTH = {"sha256": 64, "sha512": 128}


OF_OTHERS = [tool for tool in TOOLS.values() if not tool.package.startswith(".")]


@pytest.mark.parametrize("tool", OF_OTHERS, ids=lambda tool: tool.name)
def test_the_go_module_pins_the_version_that_the_tool_has(tool: Tool) -> None:
    requirements = dict(
        re.findall(r"^\s+(\S+) v(\S+)", (paths.TOOLS / tool.family.name / "go.mod").read_text(), re.MULTILINE)
    )
    module = next(name for name in requirements if f"{tool.package}/".startswith(f"{name}/"))
    assert requirements[module] == (_of_prometheus_module(tool) if tool.family.name == "prometheus" else tool.version)


def _of_prometheus_module(tool: Tool) -> str:
    """Prometheus 3.16.0 is its Go module's v0.316.0: its packages promise nothing to programs."""
    major, minor, patch = tool.version.split(".")
    return f"0.{major}{minor:0>2}.{patch}"


def test_our_program_around_coredns_pins_its_version() -> None:
    module = (paths.TOOLS / "coredns" / "go.mod").read_text()
    assert f"\nrequire github.com/coredns/coredns v{TOOLS['coredns'].version}\n" in module


def test_our_program_around_the_collector_pins_its_version() -> None:
    module = (paths.TOOLS / "otelcol" / "go.mod").read_text()
    assert f"\tgo.opentelemetry.io/collector/otelcol v{TOOLS['otelcol'].version}\n" in module


def test_our_pause_says_the_version_that_it_is_cached_by() -> None:
    program = (paths.TOOLS / "pause" / "main.go").read_text()
    assert f'const version = "{TOOLS["pause"].version}"' in program


@pytest.mark.parametrize("tool", OF_OTHERS, ids=lambda tool: tool.name)
def test_the_go_module_declares_the_tool(tool: Tool) -> None:
    assert re.search(
        rf"\b{re.escape(tool.package)}$", (paths.TOOLS / tool.family.name / "go.mod").read_text(), re.MULTILINE
    )


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS.keys())
def test_releases_are_of_the_pinned_version_over_tls_with_a_whole_checksum(tool: Tool) -> None:
    for platform, release in tool.releases.items():
        assert release.url.startswith("https://")
        assert tool.version in release.url
        assert platform in release.url
        assert re.fullmatch(rf"[0-9a-f]{{{DIGEST_LENGTH[release.algorithm]}}}", release.digest)


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("Kubernetes v1.37.2", "1.37.2"),
        ("Client Version: v1.37.2\nKustomize Version: v5.8.1", "1.37.2"),
        ("etcd Version: 3.7.3\nGo Version: go1.26.8", "3.7.3"),
        ("kwok version v0.8.0 go1.26.8 (linux/amd64)", "0.8.0"),
        ("v4.3.1+g1a2b3c4", "4.3.1"),
        ("Client Version: v1.37.2-gke.100", "1.37.2-gke.100"),
        ("development", None),
    ],
)
def test_a_version_is_read_from_what_tools_print(output: str, version: str | None, tmp_path: Path) -> None:
    binary = tmp_path / "tool"
    binary.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\n")
    binary.chmod(0o700)
    assert TOOLS["etcd"].reported_version(binary) == version


def test_what_does_not_run_has_no_version(tmp_path: Path) -> None:
    broken = tmp_path / "tool"
    broken.write_bytes(b"\x7fELF" + script("1.2.3"))
    broken.chmod(0o700)
    assert TOOLS["etcd"].reported_version(broken) is None
    assert TOOLS["etcd"].reported_version(tmp_path / "absent") is None


def test_a_version_that_a_program_cannot_say_is_read_from_what_go_recorded(tmp_path: Path) -> None:
    binary = tmp_path / "keda-operator"
    binary.write_bytes(b"\x00\npath\tx\ndep\tgithub.com/kedacore/keda/v2\tv9.8.7\th1:abc=\n\x00")
    assert TOOLS["keda-operator"].reported_version(binary) == "9.8.7"
    binary.write_bytes(b"\x00\ndep\tgithub.com/kedacore/keda/v2other\tv9.8.7\th1:abc=\n")
    assert TOOLS["keda-operator"].reported_version(binary) is None
    assert TOOLS["keda-operator"].reported_version(tmp_path / "missing") is None

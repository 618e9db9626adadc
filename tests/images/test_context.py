"""What is fetched for an image's build."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from aicc.images.context import only_sources_of
from infra.images import FOLDER


@pytest.mark.parametrize("listed", sorted(FOLDER.glob("*/sources.txt")), ids=lambda path: path.parent.name)
def test_no_tool_is_built_from_source_to_read_a_package_s_name(listed: Path) -> None:
    lines = [line for line in listed.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    wanted = {Requirement(line.partition(" --hash")[0]).name for line in lines}
    option, names = only_sources_of(listed)
    assert option == "--no-binary"
    assert set(names.split(",")) == wanted

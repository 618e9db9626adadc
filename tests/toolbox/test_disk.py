from pathlib import Path

import pytest

from aicc.errors import PrerequisiteError
from aicc.toolbox.disk import require_space


def test_room_is_enough(tmp_path: Path) -> None:
    require_space("a test", [(tmp_path / "not" / "there" / "yet", 1)])


def test_needs_on_one_file_system_add_up_and_are_named(tmp_path: Path) -> None:
    exabyte = 1 << 60
    with pytest.raises(PrerequisiteError, match=r"a test needs about 2147483648\.00 GiB at .*, where .* is free"):
        require_space("a test", [(tmp_path / "a", exabyte), (tmp_path / "b", exabyte)])

"""The harness itself: a golden that accepts everything would be worse than none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.golden import check

GOT: dict[str, Any] = {
    "values": {"name": "c", "pools": [{"name": "a", "nodes": 1}, {"name": "b", "nodes": 2}]},
    "counts": {"tenancy": {"Namespace": 1}},
    "outputs": ["center"],
}


def golden(folder: Path, **sections: Any) -> Path:
    path = folder / "x.yaml"
    content: dict[str, Any] = {"values": {}, "counts": GOT["counts"], "outputs": GOT["outputs"], **sections}
    path.write_text("# Why it is as it is.\n" + yaml.safe_dump(content), encoding="utf-8")
    return path


def test_fields_that_a_golden_leaves_out_are_not_compared(tmp_path: Path) -> None:
    check(golden(tmp_path, values={"pools": [{"name": "a"}, {"nodes": 2}]}), GOT, update=False)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"values": {"name": "d"}}, "values.name: expected 'd', got 'c'"),
        ({"values": {"pools": [{"nodes": 1}, {"nodes": 3}]}}, "values.pools[1].nodes: expected 3, got 2"),
        ({"values": {"pools": [{"nodes": 1}]}}, "values.pools: expected 1 items, got 2"),
        ({"values": {"models": []}}, "values.models: expected [], got nothing"),
        ({"counts": {}}, "counts.tenancy: got {'Namespace': 1}, expected nothing"),
        ({"counts": {"tenancy": {"Namespace": 1}, "x": {"Y": 1}}}, "counts.x: expected {'Y': 1}, got nothing"),
        ({"outputs": []}, "outputs: expected 0 items, got 1"),
    ],
)
def test_a_difference_is_named(tmp_path: Path, sections: dict[str, Any], message: str) -> None:
    path = golden(tmp_path, **sections)
    before = path.read_text(encoding="utf-8")
    with pytest.raises(AssertionError) as difference:
        check(path, GOT, update=False)
    assert message in str(difference.value)
    assert "--update-goldens" in str(difference.value)
    assert path.read_text(encoding="utf-8") == before


def test_an_update_keeps_the_chosen_fields_and_the_comment_and_fails_once(tmp_path: Path) -> None:
    path = golden(tmp_path, values={"pools": [{"name": "old"}]})
    with pytest.raises(AssertionError, match="was rewritten; review git diff"):
        check(path, GOT, update=True)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Why it is as it is.\n")
    assert yaml.safe_load(text) == {**GOT, "values": {"pools": [{"name": "a"}, {"name": "b"}]}}
    check(path, GOT, update=True)


def test_a_missing_golden_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    with pytest.raises(AssertionError, match="was rewritten"):
        check(path, GOT, update=True)
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == GOT

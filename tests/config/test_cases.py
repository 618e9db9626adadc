"""Every file in tests/config_cases, read and resolved as a stack file. A new case is a new file, and no Python.

`<stack>.error.<message>[.<variant>].yaml` is refused with a message that has these words; its first comments,
`# expect: <text>`, name further parts of it, such as the path, what is allowed, a suggestion.
`<stack>.ok.<what>.yaml` is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aicc.paths import REPO
from infra.catalogue import load
from infra.config import InvalidCenterError
from infra.config.clouds import PublicCloud
from infra.config.fields import Declared
from infra.config.load import from_file
from infra.config.monitoring import Receiver
from infra.plan import CenterPlan, resolve

FOLDER = REPO / "tests" / "config_cases"
CASES = sorted(path.name for path in FOLDER.iterdir())
ERRORS = [name for name in CASES if ".error." in name]
VALID = [name for name in CASES if ".ok." in name]


def resolved(path: Path) -> CenterPlan:
    return resolve(from_file(path), load())


def words(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


@pytest.mark.parametrize("name", ERRORS)
def test_refused(name: str) -> None:
    message = name.split(".")[2]
    with pytest.raises(InvalidCenterError) as refusal:
        resolved(FOLDER / name)
    error = str(refusal.value)
    assert words(message) in words(error), error
    for part in re.findall(r"^# expect: (.*)$", (FOLDER / name).read_text(encoding="utf-8"), re.MULTILINE):
        assert part in error
    assert "nothing was changed" in error


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_case_expects_more_than_the_message(name: str) -> None:
    assert "# expect: " in (FOLDER / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", VALID)
def test_accepted(name: str) -> None:
    resolved(FOLDER / name)


@pytest.mark.parametrize("name", VALID)
def test_a_case_is_about_the_cloud_in_its_name(name: str) -> None:
    assert resolved(FOLDER / name).cloud.kind == name.split(".", maxsplit=1)[0]


def test_every_field_that_can_be_declared_is_in_a_valid_case() -> None:
    """Or a field could be refused wherever it is written, and no case would show it."""
    written: dict[type[Declared], set[str]] = {}
    for name in VALID:
        for part in parts(from_file(FOLDER / name)):
            written.setdefault(type(part), set()).update(part.model_fields_set)
    left_out = {
        kind.__name__: missing for kind, fields in written.items() if (missing := set(kind.model_fields) - fields)
    }
    assert left_out == {}
    assert set(written) == declared() - {PublicCloud, Receiver}


def parts(value: Any) -> Iterator[Declared]:
    """Every declared object in a centre."""
    if isinstance(value, Declared):
        yield value
        value = tuple(vars(value).values())
    elif isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for item in value:
            yield from parts(item)


def declared(kind: type[Declared] = Declared) -> set[type[Declared]]:
    """Every class of declared objects."""
    return {each for child in kind.__subclasses__() for each in (child, *declared(child))}


def test_no_case_is_left_out() -> None:
    form = re.compile(r"[a-z]+\.(error\.[a-z0-9-]+(\.[a-z0-9-]+)?|ok\.[a-z0-9-]+)\.yaml")
    assert [name for name in CASES if not form.fullmatch(name)] == []
    assert len(ERRORS) >= 25

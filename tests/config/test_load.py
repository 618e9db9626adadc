"""Reading stack files: whatever is in one, it is either a centre or an error that says what to mend."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # comes with kubernetes-validate
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aicc.paths import CHARTS, REPO
from infra.catalogue import load
from infra.config import InvalidCenterError
from infra.config.load import KEY, from_file, parse
from infra.layers import serving
from infra.plan import resolve

LOCAL: dict[str, Any] = yaml.safe_load((REPO / "Pulumi.local.yaml").read_text(encoding="utf-8"))["config"][KEY]
CHART_SCHEMA = json.loads((CHARTS / "model-server" / "values.schema.json").read_text(encoding="utf-8"))
CHART_DEFAULTS = yaml.safe_load((CHARTS / "model-server" / "values.yaml").read_text(encoding="utf-8"))

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**20), max_value=10**20)
    | st.floats()
    | st.text(max_size=45)
    | st.sampled_from(["local", "zhenwu-810e", "nvidia-h20", "research", "16", "1Gi", "10.0.0.0/8", "a/b:1", "-x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """The local stack's centre with one to three values replaced, removed or added anywhere."""
    center = copy.deepcopy(LOCAL)
    for _ in range(draw(st.integers(min_value=1, max_value=3))):
        container: Any = center
        while True:
            keys = list(container) if isinstance(container, dict) else list(range(len(container)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            inside = container[key]
            if isinstance(inside, dict | list) and inside and draw(st.booleans()):
                container = inside
                continue
            match draw(st.sampled_from(["replace", "remove", "add"])):
                case "replace":
                    container[key] = draw(VALUES)
                case "remove":
                    del container[key]
                case "add" if isinstance(container, dict):
                    container[draw(st.text(max_size=12))] = draw(VALUES)
                case _:
                    container.append(draw(VALUES))
            break
    return center


def merged(defaults: Any, values: Any) -> Any:
    """As Helm merges values into a chart's defaults."""
    if not (isinstance(defaults, dict) and isinstance(values, dict)):
        return values
    return defaults | {key: merged(defaults.get(key), value) for key, value in values.items()}


@settings(max_examples=300)
@given(damaged())
def test_a_damaged_centre_is_refused_clearly_or_is_one_that_the_chart_accepts(center: dict[str, Any]) -> None:
    try:
        plan = resolve(parse(center), load())
    except InvalidCenterError as error:
        refusal = error
    else:
        for model in plan.models:
            jsonschema.validate(merged(CHART_DEFAULTS, serving.values(model)), CHART_SCHEMA)
        return
    assert refusal.issues
    assert "nothing was changed" in str(refusal)


@given(VALUES)
def test_anything_in_place_of_a_centre_is_refused(value: Any) -> None:
    with pytest.raises(InvalidCenterError, match="nothing was changed"):
        parse(value)


def refused(path: Path) -> str:
    with pytest.raises(InvalidCenterError) as refusal:
        from_file(path)
    return str(refusal.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"config: " + b"9" * 5000,
        b"config: " + b"[" * 5000 + b"]" * 5000,
        b"config: !!python/object/apply:os.getpid []",
        b"config: {? [a] : b}",
        b"config: &a [*b]",
        b"a\x00b",
    ],
    ids=["empty", "not UTF-8", "huge number", "deep", "python object", "list as key", "unknown alias", "NUL"],
)
def test_a_file_that_is_no_stack_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_bytes(content)
    assert refused(path).startswith("Pulumi.x.yaml: 1 problem; nothing was changed.")


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    assert "Pulumi.x.yaml" in refused(tmp_path / "Pulumi.x.yaml")


def test_every_issue_is_reported_at_once() -> None:
    center = copy.deepcopy(LOCAL)
    center["pools"][0]["nodes"] = "3"
    center["tenants"][1]["kind"] = "enterprize"
    center["models"][2]["replcas"] = {}
    with pytest.raises(InvalidCenterError) as refusal:
        parse(center)
    assert [issue.path for issue in refusal.value.issues] == [
        "pools[0].nodes",
        "tenants[1].kind",
        "models[2].replcas",
    ]


def test_the_path_of_an_issue_is_the_written_one() -> None:
    """Not pydantic's, which names union members and marks keys."""
    center = copy.deepcopy(LOCAL)
    center["cloud"] = {"kind": "existing", "kubeconfig": "a", "context": 1}
    center["tenants"][0]["quota"]["accelerators"] = {"Not A Name": 1}
    with pytest.raises(InvalidCenterError) as refusal:
        parse(center)
    assert [issue.path for issue in refusal.value.issues] == [
        "cloud.context",
        "tenants[0].quota.accelerators.Not A Name",
    ]


def test_a_centre_is_frozen() -> None:
    center = parse(LOCAL)
    with pytest.raises(ValueError, match="frozen"):
        center.name = "other"  # type: ignore[misc]

"""Every `*_test.yaml` here is promtool's, an item each; at each of their moments all levels of power must agree."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.monitoring.rules.reconcile import CHART, reconciliations
from tests.support.promtool import Promtool, PromtoolError

HERE = Path(__file__).parent


@pytest.mark.parametrize("path", sorted(HERE.glob("*_test.yaml")), ids=lambda path: path.stem.removesuffix("_test"))
def test_promtool(promtool: Promtool, path: Path, tmp_path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["rule_files"] = [str(path.parent / name) for name in document["rule_files"]]
    for case in document["tests"]:
        case.setdefault("promql_expr_test", []).extend(reconciliations(case))
    extended = tmp_path / path.name
    extended.write_text(yaml.safe_dump(document), encoding="utf-8")
    promtool.test_rules([extended])


def test_a_level_that_does_not_agree_is_found(promtool: Promtool, tmp_path: Path) -> None:
    """The test above can fail: here tenants have half of what their pods draw."""
    right = "sum by (tenant, method) (aicc:pod_power_watts)"
    for path in (CHART / "rules").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace(right, f"0.5 * ({right})"), encoding="utf-8")
    document = yaml.safe_load((HERE / "estimated_test.yaml").read_text(encoding="utf-8"))
    document["rule_files"] = [str(tmp_path / "*.yaml")]
    for case in document["tests"]:
        case["promql_expr_test"] = list(reconciliations(case))
    spoilt = tmp_path / "spoilt.test"
    spoilt.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(PromtoolError, match="center_power_watts"):
        promtool.test_rules([spoilt])

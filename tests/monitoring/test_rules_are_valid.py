"""The shipped rules and alerts, as Prometheus reads them: all files together, so that no rule is there twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from aicc.paths import REPO
from tests.support.promtool import Promtool, PromtoolError

RULES = [
    path for folder in ("rules", "alerts") for path in sorted((REPO / "charts/monitoring" / folder).glob("*.yaml"))
]


@pytest.mark.skipif(not RULES, reason="no rule is shipped")
def test_the_rules_that_are_shipped_are_valid(promtool: Promtool) -> None:
    promtool.check_rules(RULES)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("- {record: a, expr: sum(}", "parse error"),
        ("- {record: a, expr: b, severity: page}", "field severity not found"),
        ("- {record: a, expr: b}\n  - {record: a, expr: b}", "duplicate rule"),
        ("- {alert: a, expr: b, annotations: {summary: '{{ $labels.node'}}", "unclosed action"),
    ],
)
def test_what_is_wrong_with_a_rule_is_found(promtool: Promtool, tmp_path: Path, rules: str, message: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(f"groups:\n- name: some\n  rules:\n  {rules}\n")
    with pytest.raises(PromtoolError, match=message):
        promtool.check_rules([file])

from __future__ import annotations

from infra.config import InvalidCenterError, Issue
from infra.config.issues import closest, unknown


def test_an_issue_says_path_value_problem_allowed_suggestion_and_consequence() -> None:
    issue = Issue(
        "pools[0].nodes", "is odd", 3, allowed="2 or 4", suggestion="2", consequence="a rack would be half full"
    )
    assert str(issue).splitlines() == [
        "pools[0].nodes: 3 is odd",
        "    allowed: 2 or 4",
        "    did you mean: 2",
        "    consequence: a rack would be half full",
    ]


def test_an_issue_leaves_out_what_it_does_not_know() -> None:
    assert str(Issue("name", "is required but missing")) == "name: is required but missing"


def test_a_value_of_zero_is_shown() -> None:
    assert str(Issue("nodes", "is too few", 0)) == "nodes: 0 is too few"


def test_a_long_value_is_cut() -> None:
    assert len(str(Issue("source", "is too long", "x" * 1000))) < 120


def test_the_error_counts_its_issues_and_lists_each() -> None:
    one, two = Issue("a", "is wrong"), Issue("b", "is wrong too", allowed="c")
    assert str(InvalidCenterError([one], "Pulumi.x.yaml")).startswith(
        "Pulumi.x.yaml: 1 problem; nothing was changed.\n"
    )
    assert str(InvalidCenterError([one, two])).splitlines() == [
        "ai-compute-center:center: 2 problems; nothing was changed.",
        "  a: is wrong",
        "  b: is wrong too",
        "      allowed: c",
    ]


def test_a_suggestion_is_close_or_absent() -> None:
    accelerators = ["nvidia-h100", "nvidia-h20", "zhenwu-810e"]
    assert closest("zhenwu-810", accelerators) == "zhenwu-810e"
    assert closest("tpu", accelerators) is None
    assert closest("anything", []) is None


def test_choices_are_shown_in_order_and_a_long_list_is_cut_with_its_length() -> None:
    issue = unknown("x", "n99", [f"n{index:02d}" for index in range(40, 0, -1)], "is not one")
    assert issue.allowed == ", ".join(f"n{index:02d}" for index in range(1, 13)) + ", … (40 in all)"


def test_no_choice_at_all_is_said() -> None:
    assert unknown("x", "a", [], "is not one").allowed == "none is declared"

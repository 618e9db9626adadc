"""Names and labels that Google Cloud takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.clouds.gcp.naming import labels
from infra.clouds.scope import short

# The SDK's own modules warn of each other when they are imported.
pytestmark = pytest.mark.filterwarnings(r"ignore:gcp\..* has been deprecated in favor of gcp:DeprecationWarning")


@given(name=st.from_regex(r"[a-z]([-a-z0-9]{0,98}[a-z0-9])?", fullmatch=True), limit=st.integers(20, 63))
def test_a_shortened_name_fits_and_is_still_a_name(name: str, limit: int) -> None:
    made_ = short(name, limit)
    assert len(made_) <= limit
    assert made_[0].isalpha()
    assert not made_.endswith("-")
    assert made_ == name or len(name) > limit


def test_long_names_that_begin_alike_stay_apart() -> None:
    assert short("jinshan-tenant-enterprise-customers-a", 30) != short("jinshan-tenant-enterprise-customers-b", 30)


@given(st.dictionaries(st.sampled_from(["owner", "cost-center"]), st.text(min_size=1, max_size=80)))
def test_labels_obey_google_cloud_s_rules(tags: dict[str, str]) -> None:
    for value in labels(tags).values():
        assert len(value) <= 63
        assert set(value) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")

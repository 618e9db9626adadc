from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aicc.errors import AiccError
from aicc.keys import keyring
from aicc.keys.keyring import Key

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_new_key_is_first_unlike_any_other_and_known_by_its_prefix() -> None:
    [first] = keyring.create((), NOW)
    both = keyring.create((first,), NOW)
    assert both[1] == first
    assert both[0].secret != first.secret
    assert first.secret.startswith(keyring.PREFIX)
    assert len(first.secret) >= 40


def test_rotation_leaves_the_old_keys_valid_for_the_overlap_and_no_longer() -> None:
    keys = keyring.rotate(keyring.create((), NOW), NOW, DAY)
    assert [key.valid(NOW + DAY / 2) for key in keys] == [True, True]
    assert [key.valid(NOW + DAY) for key in keys] == [True, False]


def test_rotation_prolongs_no_key() -> None:
    keys = keyring.rotate(keyring.create((), NOW), NOW, timedelta(hours=1))
    keys = keyring.rotate(keys, NOW, DAY)
    assert keys[2].expires == NOW + timedelta(hours=1)


def test_rotation_without_overlap_ends_the_old_keys_at_once() -> None:
    old = keyring.create((), NOW)
    assert not any(key in keyring.rotate(old, NOW, timedelta(0)) for key in old)


def test_expired_keys_go_with_the_next_change() -> None:
    keys = keyring.rotate(keyring.create((), NOW), NOW, DAY)
    assert len(keyring.create(keys, NOW + 2 * DAY)) == 2


def test_a_revoked_key_is_gone_and_an_unknown_one_is_an_error_that_names_the_others() -> None:
    [key] = keyring.create((), NOW)
    assert keyring.revoke([key], key.id) == ()
    with pytest.raises(AiccError) as refused:
        keyring.revoke([key], "no-such-id")
    assert key.id in str(refused.value.hint)


def test_a_tenant_has_no_more_keys_than_it_may() -> None:
    keys: tuple[Key, ...] = ()
    for _ in range(keyring.MOST):
        keys = keyring.create(keys, NOW)
    with pytest.raises(AiccError, match="at most"):
        keyring.create(keys, NOW)


def test_what_is_written_is_what_is_read() -> None:
    keys = keyring.rotate(keyring.create((), NOW), NOW, DAY)
    assert keyring.decode(keyring.encode(keys)) == keys


@pytest.mark.parametrize("text", ["", "[]", '{"keys": [{"key": "canary-of-a-key"}]}', '{"keys": "canary-of-a-key"'])
def test_what_cannot_be_read_is_an_error_that_shows_nothing_of_it(text: str) -> None:
    with pytest.raises(AiccError) as refused:
        keyring.decode(text)
    assert "canary" not in f"{refused.value} {refused.value.hint}"
    assert refused.value.__cause__ is None


def test_neither_a_key_s_text_nor_its_id_shows_it() -> None:
    [key] = keyring.create((), NOW)
    assert key.secret not in repr(key)
    assert key.id not in key.secret

"""Who acts: set for a block, gone after it."""

from __future__ import annotations

import pytest

from oms.core.context import acting, become, current, new_request_id


def test_changes_hold_within_the_block_and_keep_the_rest() -> None:
    with acting(actor="staff:1", request_id="req_a"):
        with acting(actor="relay:x", hops=3) as inner:
            assert current() is inner
            assert (inner.actor, inner.hops, inner.request_id) == ("relay:x", 3, "req_a")
        assert (current().actor, current().hops) == ("staff:1", 0)
    assert current().actor == "system:unknown"


def test_a_caller_may_become_known_until_the_block_ends() -> None:
    with acting(actor="anonymous", request_id="req_a"):
        become("key:abc")
        assert (current().actor, current().request_id) == ("key:abc", "req_a")
    assert current().actor == "system:unknown"


def test_the_block_ends_with_an_error_too() -> None:
    with pytest.raises(KeyError), acting(actor="staff:1"):
        become("key:abc")
        raise KeyError
    assert current().actor == "system:unknown"


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(TypeError), acting(name="Kim"):
        pass


def test_request_ids_are_distinct() -> None:
    assert len({new_request_id() for _ in range(1000)}) == 1000

"""API keys: made once, checked in one statement, one answer for every failure."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.core import clock
from oms.core.api.permissions import InvalidKey
from oms.infra.accounts import key_text, scopes
from oms.infra.accounts.models import ApiKey, Organization
from oms.infra.accounts.services import keys, organizations
from oms.infra.accounts.types import Principal

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Organization:
    return organizations.ensure_operator()


@pytest.fixture
def made(operator: Organization) -> keys.NewKey:
    return _create(operator)


def _create(organization: Organization, **changes: Any) -> keys.NewKey:
    wanted = {"name": "Shop", "scopes": ["orders:read"], "created_by": "staff:1", **changes}
    return keys.create(organization_id=organization.pk, **wanted)


def test_a_key_stands_for_its_organization(made: keys.NewKey, operator: Organization) -> None:
    assert keys.authenticate(made.text) == Principal(
        organization_id=operator.pk,
        key_id=made.key.key_id,
        scopes=frozenset({"orders:read"}),
        is_sandbox=False,
    )
    assert keys.authenticate(made.text).actor == f"key:{made.key.key_id}"


def test_a_sandbox_gets_a_test_key() -> None:
    made = _create(organizations.ensure_sandbox())
    assert made.text.startswith("oms_test_")
    assert keys.authenticate(made.text).is_sandbox is True


def test_neither_row_nor_log_nor_repr_holds_the_text(
    operator: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        made = _create(operator)
        keys.authenticate(made.text)
    row = ApiKey.objects.values().get()
    secret = made.text[17:]
    assert secret not in str(row) + repr(made) + caplog.text
    assert row["secret_hash"] == key_text.digest(made.text)


def _wrong_secret(made: keys.NewKey) -> str:
    _, other = key_text.make(is_sandbox=False)
    body = made.text[:17] + other[17:49]
    return body + key_text._checksum(body)


FAILURES: dict[str, Callable[[keys.NewKey], str]] = {
    "empty": lambda made: "",
    "malformed": lambda made: made.text[:-1],
    "checksum": lambda made: made.text[:-1] + ("a" if made.text[-1] != "a" else "b"),
    "unknown": lambda made: key_text.make(is_sandbox=False)[1],
    "wrong secret": _wrong_secret,
    "revoked": lambda made: _change(made, revoked_at=clock.real_now()),
    "expired": lambda made: _change(made, expires_at=clock.real_now()),
    "other world": lambda made: _change(made, organization=organizations.ensure_sandbox()),
    "inactive": lambda made: _deactivate(made),
}


def _change(made: keys.NewKey, **changes: Any) -> str:
    ApiKey.objects.filter(pk=made.key.pk).update(**changes)
    return made.text


def _deactivate(made: keys.NewKey) -> str:
    Organization.objects.filter(pk=made.key.organization_id).update(is_active=False)
    return made.text


@pytest.mark.parametrize("failure", FAILURES)
def test_every_failure_is_the_same_error(made: keys.NewKey, failure: str) -> None:
    text = FAILURES[failure](made)
    with pytest.raises(InvalidKey) as caught:
        keys.authenticate(text)
    error = caught.value
    assert (error.status, error.code, error.detail) == (401, InvalidKey.code, InvalidKey.title)
    assert (error.data, error.errors) == ({}, ())
    assert ApiKey.objects.get().last_used_at is None


@pytest.mark.parametrize("failure", ["empty", "malformed", "checksum"])
def test_a_wrong_checksum_never_reaches_the_database(made: keys.NewKey, failure: str) -> None:
    text = FAILURES[failure](made)
    with CaptureQueriesContext(connection) as queries, pytest.raises(InvalidKey):
        keys.authenticate(text)
    assert len(queries) == 0


def test_use_is_noted_once_a_minute(made: keys.NewKey, monkeypatch: pytest.MonkeyPatch) -> None:
    start = clock.real_now()
    counts = []
    for seconds in (0, 30, 59, 60, 61):
        now = start + timedelta(seconds=seconds)
        monkeypatch.setattr(clock, "real_now", lambda now=now: now)
        with CaptureQueriesContext(connection) as queries:
            keys.authenticate(made.text)
        counts.append(len(queries))
    assert counts == [2, 1, 1, 2, 1]
    assert ApiKey.objects.get().last_used_at == start + timedelta(seconds=60)


def test_a_key_expires_in_real_time_whatever_the_virtual_clock(made: keys.NewKey) -> None:
    with clock.virtual(datetime(2018, 1, 1, tzinfo=UTC)):
        assert keys.authenticate(made.text).key_id == made.key.key_id
    with clock.virtual(datetime(2090, 1, 1, tzinfo=UTC)):
        assert keys.authenticate(made.text).key_id == made.key.key_id


def test_revoking_ends_a_key_once(made: keys.NewKey) -> None:
    assert keys.revoke(key_id=made.key.key_id, actor="staff:1") is True
    ended_at = ApiKey.objects.get().revoked_at
    assert keys.revoke(key_id=made.key.key_id, actor="staff:1") is False
    assert ApiKey.objects.get().revoked_at == ended_at
    with pytest.raises(keys.UnknownKey):
        keys.revoke(key_id="nobody00", actor="staff:1")


def test_a_key_lives_a_year_by_default(made: keys.NewKey) -> None:
    left = made.key.expires_at - clock.real_now()
    assert timedelta(days=364, hours=23) < left <= timedelta(days=365)


@pytest.mark.parametrize("days", [-1, 366])
def test_a_key_never_outlives_a_year_nor_starts_expired(operator: Organization, days: int) -> None:
    with pytest.raises(keys.InvalidExpiry):
        _create(operator, expires_at=clock.real_now() + timedelta(days=days))
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("wrong", [["orders:delete"], [], ["orders:read", "ORDERS:READ"]])
def test_unknown_scopes_are_refused(operator: Organization, wrong: list[str]) -> None:
    with pytest.raises(scopes.UnknownScope):
        _create(operator, scopes=wrong)
    assert not ApiKey.objects.exists()


def test_scopes_stand_once_in_the_order_of_the_list(operator: Organization) -> None:
    made = _create(operator, scopes=["returns:write", "orders:read", "orders:read"])
    assert made.key.scopes == ["orders:read", "returns:write"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_key_needs_a_name(operator: Organization, name: str) -> None:
    with pytest.raises(keys.NoName):
        _create(operator, name=name)

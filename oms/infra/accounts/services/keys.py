"""API keys: made and shown once, checked in one statement, revoked at once."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from oms.core import clock
from oms.core.api.permissions import InvalidKey
from oms.core.errors import Invalid, NotFound
from oms.infra.accounts import key_text
from oms.infra.accounts.models import ApiKey, Organization
from oms.infra.accounts.scopes import require_known
from oms.infra.accounts.types import Principal

logger = logging.getLogger(__name__)

MAX_LIFETIME = timedelta(days=365)
#: How exact `last_used_at` is: a busy key is not a write per request.
LAST_USED_STEP = timedelta(minutes=1)

#: Compared with when no key has the id, so that both answers take the same time.
_NO_HASH = key_text.digest("")


class InvalidExpiry(Invalid):
    code = "auth.invalid_expiry"
    title = "A key expires within one year"


class NoName(Invalid):
    code = "auth.no_name"
    title = "Give the key a name of 1 to 80 characters"


class UnknownKey(NotFound):
    code = "auth.unknown_key"
    title = "Unknown API key"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; `text` exists nowhere else."""

    key: ApiKey
    text: str = field(repr=False)


def create(
    *,
    organization_id: int,
    name: str,
    scopes: Iterable[str],
    created_by: str,
    expires_at: datetime | None = None,
) -> NewKey:
    """This function will make a key for an organization; a sandbox gets a test key.

    :raises UnknownScope: a scope is not in the list.
    :raises InvalidExpiry: in the past, or more than one year ahead.
    :raises NoName: the name is empty or too long.
    """
    organization = Organization.objects.get(pk=organization_id)
    granted = require_known(scopes)
    if not 1 <= len(name.strip()) <= 80:
        raise NoName
    now = clock.real_now()
    expires_at = expires_at or now + MAX_LIFETIME
    if not now < expires_at <= now + MAX_LIFETIME:
        raise InvalidExpiry
    key_id, text = key_text.make(is_sandbox=organization.is_sandbox)
    key = ApiKey.objects.create(
        organization=organization,
        name=name.strip(),
        key_id=key_id,
        secret_hash=key_text.digest(text),
        scopes=granted,
        created_by=created_by,
        expires_at=expires_at,
    )
    logger.info("api key %s created for %s by %s", key_id, organization.code, created_by)
    return NewKey(key, text)


def authenticate(text: str) -> Principal:
    """This function will return who a key's text stands for.

    A wrong form or checksum never reaches the database; every failure is the same answer.

    :raises InvalidKey: malformed, unknown, wrong, expired, revoked, of an inactive organization, or
        of the other world (test for live).
    """
    principal = authenticate_many([text]).get(text)
    if principal is None:
        raise InvalidKey
    return principal


def authenticate_many(texts: Collection[str]) -> dict[str, Principal]:
    """This function will return who each key's text stands for, in one statement; those that
    `authenticate` would refuse are left out."""
    ids = {text: key_id for text in texts if (key_id := key_text.find_id(text)) is not None}
    if not ids:
        return {}
    keys = ApiKey.objects.select_related("organization").filter(key_id__in=set(ids.values()))
    known = {key.key_id: key for key in keys}
    now = clock.real_now()
    found: dict[str, Principal] = {}
    for text, key_id in ids.items():
        key = known.get(key_id)
        fits = hmac.compare_digest(key_text.digest(text), key.secret_hash if key else _NO_HASH)
        if key is not None and fits and _is_valid(key, text, now):
            _note_use(key, now)
            found[text] = _principal_of(key)
    return found


def _principal_of(key: ApiKey) -> Principal:
    return Principal(
        organization_id=key.organization_id,
        key_id=key.key_id,
        scopes=frozenset(key.scopes),
        is_sandbox=key.organization.is_sandbox,
    )


def revoke(*, key_id: str, actor: str) -> bool:
    """This function will end a key at once.

    :returns: False when it had been revoked before.
    :raises UnknownKey: no such key.
    """
    ended = ApiKey.objects.filter(key_id=key_id, revoked_at=None).update(
        revoked_at=clock.real_now()
    )
    if not ended and not ApiKey.objects.filter(key_id=key_id).exists():
        raise UnknownKey
    if ended:
        logger.info("api key %s revoked by %s", key_id, actor)
    return bool(ended)


def _is_valid(key: ApiKey, text: str, now: datetime) -> bool:
    return (
        key.revoked_at is None
        and now < key.expires_at
        and key.organization.is_active
        and key.organization.is_sandbox == key_text.is_sandbox(text)
    )


def _note_use(key: ApiKey, now: datetime) -> None:
    before = now - LAST_USED_STEP
    if key.last_used_at is None or key.last_used_at <= before:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=before)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)

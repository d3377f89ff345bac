"""Seals contacts on their way in: one row per content and subject, whatever the number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from django.db import connection

from oms.core import arrays, bulk, clock, ids
from oms.core.errors import FieldError, Invalid
from oms.core.transactions import needs_transaction
from oms.infra.contacts import crypto, hashing
from oms.infra.contacts.content import GivenAddress, SealedContent, place_of
from oms.infra.contacts.models import Contact
from oms.infra.contacts.services.subjects import Erased, Lock, UnknownContact, locks_of
from oms.infra.contacts.types import ContactDraft

#: Coordinates are kept to about one kilometer.
COORDINATE_DECIMALS = 2
#: Lengths of the columns that stay readable.
_OPEN_LENGTHS = {"country": 2, "region": 60, "city": 120}

#: Works on any number of pairs in one statement. What is found stays until the caller has pointed
#: at it; the check of the foreign key would take the same lock, but too late.
_FIND_SQL = """
SELECT c.subject_id, c.fingerprint, c.id
FROM contacts_contact c
JOIN unnest(%s::bigint[], %s::text[]) AS wanted(subject_id, fingerprint)
  ON c.subject_id = wanted.subject_id AND c.fingerprint = wanted.fingerprint
FOR KEY SHARE OF c
"""

Pair = tuple[int, str]


class FieldTooLong(Invalid):
    code = "contacts.field_too_long"
    title = "A part of the address is too long"


@needs_transaction
def store_many(*, drafts: Sequence[ContactDraft]) -> list[int]:
    """This function will seal all drafts and return their contact ids in order.

    The same content of the same subject is the same row, within a call and between calls.

    :raises UnknownContact: a subject does not exist.
    :raises Erased: a subject's data was erased; nothing is stored.
    :raises FieldTooLong: country, region or city does not fit its column.
    """
    if not drafts:
        return []
    locks = _require_open(drafts)
    pairs = [(draft.subject_id, hashing.fingerprint(draft)) for draft in drafts]
    distinct = dict(zip(pairs, drafts, strict=True))
    found = _find(list(distinct))
    missing = {pair: draft for pair, draft in distinct.items() if pair not in found}
    found |= _insert(missing, locks)
    return [found[pair] for pair in pairs]


def _require_open(drafts: Sequence[ContactDraft]) -> dict[int, Lock]:
    locks = locks_of(draft.subject_id for draft in drafts)
    for index, draft in enumerate(drafts):
        lock = locks.get(draft.subject_id)
        if lock is None:
            raise UnknownContact("There is no such subject.", data={"index": index})
        if lock.wrapped_key is None:
            raise Erased("This person's data was erased.", data={"subject": lock.subject_ref})
        _require_fitting(draft)
    return locks


def _require_fitting(draft: ContactDraft) -> None:
    errors = [
        FieldError(f"/ship_to/{name}", "too_long", f"Give at most {length} characters.")
        for name, length in _OPEN_LENGTHS.items()
        if len(getattr(draft, name)) > length
    ]
    if errors:
        raise FieldTooLong("See errors.", errors=errors)


def _find(pairs: Sequence[Pair]) -> dict[Pair, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            _FIND_SQL, [arrays.bare([p[0] for p in pairs]), arrays.bare([p[1] for p in pairs])]
        )
        return {(subject, mark): pk for subject, mark, pk in cursor.fetchall()}


def _insert(missing: Mapping[Pair, ContactDraft], locks: Mapping[int, Lock]) -> dict[Pair, int]:
    now = clock.now()
    keys = {subject: locks[subject].key() for subject, _ in missing}
    refs = ids.public_ids("con", len(missing))
    # Sorted, so that two batches with the same people never wait for each other crosswise.
    rows = [
        {**_row(ref, draft, keys[pair[0]]), "fingerprint": pair[1], "created_at": now}
        for ref, (pair, draft) in zip(refs, sorted(missing.items(), key=_by_pair), strict=True)
    ]
    # A row another transaction stored meanwhile is theirs; the no-op update makes it come back.
    stored = bulk.insert_rows(
        Contact,
        rows,
        on_conflict=(
            "ON CONFLICT (subject_id, fingerprint) DO UPDATE SET fingerprint = EXCLUDED.fingerprint"
        ),
        returning="subject_id, fingerprint, id",
    )
    return {(subject, mark): pk for subject, mark, pk in stored}


def _by_pair(item: tuple[Pair, ContactDraft]) -> Pair:
    return item[0]


def _row(ref: str, draft: ContactDraft, key: bytes) -> dict[str, object]:
    return {
        "public_id": ref,
        "subject_id": draft.subject_id,
        "ciphertext": crypto.seal(key, _blob(draft), place_of(ref)),
        "country": draft.country.upper(),
        "region": draft.region,
        "city": draft.city,
        "postcode_district": _district(draft.postcode),
        "latitude": _rounded(draft.latitude),
        "longitude": _rounded(draft.longitude),
        **_search_hashes(draft),
    }


def _blob(draft: ContactDraft) -> bytes:
    return msgspec.json.encode(
        SealedContent(
            name=draft.name,
            company=draft.company,
            phones=[draft.phone] if draft.phone else [],
            emails=[draft.email] if draft.email else [],
            lines=list(draft.lines),
            postcode=draft.postcode,
            given=_given(draft),
        )
    )


def _given(draft: ContactDraft) -> GivenAddress | None:
    given = draft.given
    if given is None:
        return None
    return GivenAddress(given.country, given.city, given.region, given.postcode, list(given.lines))


def _search_hashes(draft: ContactDraft) -> dict[str, object]:
    phone = draft.phone and hashing.keyed_hash("phone", draft.phone, country=draft.country)
    return {
        "email_hash": draft.email and hashing.keyed_hash("email", draft.email),
        "phone_hash": phone,
        "address_hash": hashing.address_hash(draft),
        "name_hashes": hashing.name_hashes(draft.name, draft.company),
    }


def _district(postcode: str) -> str:
    return "".join(c for c in postcode.upper() if c.isalnum())[:3]


def _rounded(degrees: float | None) -> float | None:
    return None if degrees is None else round(degrees, COORDINATE_DECIMALS)

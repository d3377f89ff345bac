"""The vault: one row per content, nothing readable outside the ciphertext, gone when erased."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.core.addresses import PostalAddress
from oms.core.transactions import TransactionRequired, unit
from oms.infra.accounts.models import Organization
from oms.infra.contacts import crypto, hashing
from oms.infra.contacts.models import Contact, Subject
from oms.infra.contacts.selectors import search
from oms.infra.contacts.services import vault
from oms.infra.contacts.services.vault import ContactDraft
from oms.infra.contacts.tests.factories import store

PLANTED = [
    "Wilhelmina",
    "Ashgrove",
    "Thistledown",
    "5550147",
    "555-0147",
    "planted.example",
    "Quartz",
    "Apt 93",
    "89501-4711",
    "39.5296",
]


def _dump(table: str) -> bytes:
    """Every column of every row as text, then every bytea as it is."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT t::text FROM {table} t")
        text = "\n".join(row[0] for row in cursor.fetchall()).encode()
        cursor.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = %s AND data_type = 'bytea'",
            [table],
        )
        for (column,) in cursor.fetchall():
            cursor.execute(f'SELECT "{column}" FROM {table} WHERE "{column}" IS NOT NULL')
            text += b"".join(bytes(row[0]) for row in cursor.fetchall())
    return text.lower()


def test_what_is_stored_comes_back(person: ContactDraft) -> None:
    [contact] = store(person)
    data = vault.reveal(contact_id=contact, purpose="test")
    for name in ("name", "company", "phone", "email", "lines", "postcode", "city", "region"):
        assert getattr(data, name) == getattr(person, name)
    assert (data.country, data.latitude, data.longitude) == ("US", 39.53, -119.81)


def test_an_almost_empty_contact_comes_back(make_subject: Callable[[], int]) -> None:
    [contact] = store(ContactDraft(subject_id=make_subject(), country="de"))
    data = vault.reveal(contact_id=contact, purpose="test")
    assert (data.country, data.name, data.phone, data.email, data.lines) == ("DE", "", "", "", ())
    row = Contact.objects.get(pk=contact)
    assert (row.email_hash, row.phone_hash, row.name_hashes, row.latitude) == ("", "", [], None)


def test_no_planted_value_stands_in_any_column(person: ContactDraft) -> None:
    store(person)
    dump = _dump("contacts_contact") + _dump("contacts_subject")
    assert [word for word in PLANTED if word.lower().encode() in dump] == []
    assert b"reno" in dump  # the dump does read the table
    row = Contact.objects.get()
    assert (row.postcode_district, row.latitude, row.longitude) == ("895", 39.53, -119.81)


def test_no_planted_value_stands_in_texts_of_drafts_and_data(person: ContactDraft) -> None:
    [contact] = store(person)
    texts = repr(person) + repr(vault.reveal(contact_id=contact, purpose="test"))
    assert [word for word in PLANTED if word in texts and word != "39.5296"] == []


def test_the_same_content_is_the_same_row(person: ContactDraft) -> None:
    moved = replace(person, lines=("1 Elsewhere Road",))
    first, again, other = store(person, person, moved)
    assert first == again != other
    assert store(moved, person) == [other, first]
    assert Contact.objects.count() == 2


def test_two_subjects_never_share_a_row(
    person: ContactDraft, make_subject: Callable[[], int]
) -> None:
    twin = replace(person, subject_id=make_subject())
    first, second = store(person, twin)
    assert first != second
    marks = Contact.objects.values_list("fingerprint", flat=True)
    assert len(set(marks)) == 2


def test_a_row_of_another_transaction_is_found_not_doubled(
    person: ContactDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a row that was stored after this call had looked
    [stored] = store(person)
    monkeypatch.setattr("oms.infra.contacts.services.storing._find", lambda pairs: {})
    # then the insert yields to it
    assert store(person) == [stored]
    assert Contact.objects.count() == 1


def test_swapped_ciphertexts_do_not_open(person: ContactDraft) -> None:
    # given two contacts of one subject, under one key
    first, second = store(person, replace(person, name="Somebody Else"))
    one, two = Contact.objects.get(pk=first), Contact.objects.get(pk=second)
    # when their ciphertexts change places
    Contact.objects.filter(pk=first).update(ciphertext=two.ciphertext)
    # then neither person's data is given out under the other's row
    with pytest.raises(crypto.Unreadable) as caught:
        vault.reveal(contact_id=first, purpose="test")
    assert "Somebody" not in str(caught.value)
    Contact.objects.filter(pk=first).update(ciphertext=one.ciphertext)
    assert vault.reveal(contact_id=first, purpose="test").name == person.name


def test_a_wrapped_key_of_another_subject_does_not_open(
    person: ContactDraft, make_subject: Callable[[], int]
) -> None:
    [contact] = store(person)
    other = Subject.objects.get(pk=make_subject())
    Subject.objects.filter(pk=person.subject_id).update(wrapped_key=other.wrapped_key)
    with pytest.raises(crypto.KeyMismatch):
        vault.reveal(contact_id=contact, purpose="test")


def test_another_key_of_the_settings_is_a_clear_error(person: ContactDraft, settings: Any) -> None:
    [contact] = store(person)
    settings.OMS = {**settings.OMS, "CONTACTS_KEY": "a2" * 21 + "s="}
    with pytest.raises(crypto.KeyMismatch, match="OMS_CONTACTS_KEY"):
        vault.reveal(contact_id=contact, purpose="test")


def test_an_erased_person_is_gone_everywhere(person: ContactDraft, organization: Any) -> None:
    # given a contact with a sealed label
    [contact] = store(person)
    label = vault.seal_for(contact_id=contact, data=b"%PDF", context="label:1")
    # when the person is erased
    with unit():
        assert vault.erase(subject_id=person.subject_id, reason="asked for it") is True
        assert vault.erase(subject_id=person.subject_id, reason="asked again") is False
    # then nothing opens, nothing is found, nothing new is stored
    with pytest.raises(vault.Erased) as caught:
        vault.reveal(contact_id=contact, purpose="test")
    assert caught.value.status == 404
    assert vault.reveal_many(contact_ids=[contact], purpose="test") == {}
    with pytest.raises(vault.Erased):
        vault.open_for(contact_id=contact, sealed=label, context="label:1")
    with pytest.raises(vault.Erased):
        vault.seal_for(contact_id=contact, data=b"new", context="label:2")
    assert vault.open_for_many(items=[(contact, label, "label:1")]) == [None]
    assert search.find_contact_ids(organization_id=organization.pk, email=person.email) == []
    with pytest.raises(vault.Erased):
        store(person)
    # and no hash of it remains
    row = Contact.objects.get()
    assert (row.email_hash, row.phone_hash, row.name_hashes) == ("", "", [])
    assert (row.postcode_district, row.latitude, row.longitude) == ("", None, None)
    assert row.fingerprint == f"erased:{row.public_id}"
    subject = Subject.objects.get()
    assert subject.wrapped_key is None
    assert subject.erased_at is not None


def test_erasing_one_leaves_the_other(
    person: ContactDraft, make_subject: Callable[[], int]
) -> None:
    twin = replace(person, subject_id=make_subject())
    first, second = store(person, twin)
    with unit():
        vault.erase(subject_id=person.subject_id, reason="asked for it")
    opened = vault.reveal_many(contact_ids=[first, second], purpose="test")
    assert {pk: data.name for pk, data in opened.items()} == {second: person.name}


def test_revealing_is_written_down_without_data(
    person: ContactDraft, caplog: pytest.LogCaptureFixture
) -> None:
    [contact] = store(person)
    ref = Contact.objects.get().public_id
    with caplog.at_level(logging.INFO, logger="oms.contacts.access"):
        vault.reveal(contact_id=contact, purpose="label")
    [record] = caplog.records
    assert record.getMessage() == f"revealed purpose=label count=1 contacts={ref}"
    assert [word for word in PLANTED if word in caplog.text] == []


def test_unknown_contacts_and_subjects_are_said(person: ContactDraft) -> None:
    with pytest.raises(vault.UnknownContact):
        vault.reveal(contact_id=999_999, purpose="test")
    with pytest.raises(vault.UnknownContact):
        store(person, replace(person, subject_id=999_999))
    with pytest.raises(vault.UnknownContact), unit():
        vault.erase(subject_id=999_999, reason="nobody")
    assert not Contact.objects.exists()


def test_a_city_too_long_is_refused_before_anything_is_stored(person: ContactDraft) -> None:
    with pytest.raises(vault.FieldTooLong) as caught:
        store(person, replace(person, city="x" * 121))
    assert [(e.pointer, e.code) for e in caught.value.errors] == [("/ship_to/city", "too_long")]
    assert not Contact.objects.exists()


def test_storing_needs_a_transaction(person: ContactDraft) -> None:
    with pytest.raises(TransactionRequired):
        vault.store_many(drafts=[person])
    with unit():
        assert vault.store_many(drafts=[]) == []


def test_sealed_extras_open_for_the_same_contact_and_context_only(person: ContactDraft) -> None:
    first, second = store(person, replace(person, name="Somebody Else"))
    sealed = vault.seal_for(contact_id=first, data=b"%PDF", context="label:1")
    assert b"%PDF" not in sealed
    assert vault.open_for(contact_id=first, sealed=sealed, context="label:1") == b"%PDF"
    for contact, context in ((first, "label:2"), (second, "label:1")):
        with pytest.raises(crypto.Unreadable):
            vault.open_for(contact_id=contact, sealed=sealed, context=context)


def test_system_secrets_open_in_their_context_only() -> None:
    sealed = vault.seal_system(data=b"password", context="carrier:1")
    assert vault.open_system(sealed=sealed, context="carrier:1") == b"password"
    with pytest.raises(crypto.Unreadable):
        vault.open_system(sealed=sealed, context="carrier:2")


def _crowd(organization: Organization, count: int) -> list[ContactDraft]:
    with unit():
        subjects = vault.create_subjects(organization_id=organization.pk, count=count)
    return [
        ContactDraft(
            subject_id=subject,
            country="BR",
            city="São Paulo",
            region="SP",
            postcode=f"01{index:06d}",
            lines=(f"Rua das Flores {index}", "Bloco B"),
            name=f"Maria Aparecida {index} de Souza",
            phone=f"+55 11 9{index:08d}",
            email=f"maria{index}@example.com",
            latitude=-23.55,
            longitude=-46.63,
        )
        for index, subject in enumerate(subjects)
    ]


def test_the_number_of_statements_is_constant(organization: Organization) -> None:
    def statements(call: Callable[[], Any]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            call()
        return len(queries)

    one, many = _crowd(organization, 1), _crowd(organization, 40)
    assert statements(lambda: store(*one)) == statements(lambda: store(*many)) == 5
    ids = store(*many)
    assert statements(lambda: vault.reveal_many(contact_ids=ids, purpose="test")) == 1
    items = [(pk, b"%PDF", "label") for pk in ids]
    assert statements(lambda: vault.seal_for_many(items=items)) == 1


def test_an_address_is_kept_as_it_was_written_beside_the_one_put_in_order(
    person: ContactDraft,
) -> None:
    written = PostalAddress("us", "reno", "Nevada", " 89501", ("4711 Quartz  Hollow",))
    [plain, corrected] = store(person, replace(person, name="B", given=written))
    data = vault.reveal_many(contact_ids=[plain, corrected], purpose="test")

    assert (data[plain].given, data[corrected].given) == (None, written)
    assert data[corrected].postcode == person.postcode
    assert b"quartz" not in _dump("contacts_contact")


def test_one_door_has_one_hash_whoever_lives_there(person: ContactDraft) -> None:
    other = replace(person, name="Somebody Else", lines=("4711 QUARTZ hollow lane,", "apt. 93c"))
    far = replace(person, lines=("4712 Quartz Hollow Lane", "Apt 93C"))
    contacts = Contact.objects.in_bulk(store(person, other, far, replace(person, lines=())))
    hashes = [contact.address_hash for _, contact in sorted(contacts.items())]

    assert hashes.count(hashing.address_hash(person)) == 2
    assert len(set(hashes)) == 3 and "" in hashes


def test_erasing_takes_the_hash_of_the_door_too(person: ContactDraft) -> None:
    [contact] = store(person)
    with unit():
        vault.erase(subject_id=person.subject_id, reason="asked")

    assert Contact.objects.get(pk=contact).address_hash == ""

"""Search: exact, within one organization, by mail, phone or words of a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from oms.core.transactions import unit
from oms.infra.accounts.models import Organization
from oms.infra.accounts.services import organizations
from oms.infra.contacts.selectors import search
from oms.infra.contacts.services import vault
from oms.infra.contacts.services.vault import ContactDraft
from oms.infra.contacts.tests.factories import store


@pytest.mark.parametrize(
    "wanted",
    [
        {"email": "w.ashgrove@PLANTED.example "},
        {"phone": "+1 775 555 0147"},
        {"phone": "775.555.0147", "country": "US"},
        {"name": "ashgrove"},
        {"name": "Plante WILHELMINA"},
        {"name": "thistledown"},
        {"name": "ashgrove", "email": "w.ashgrove@planted.example", "phone": "+17755550147"},
    ],
)
def test_a_person_is_found(
    person: ContactDraft, organization: Organization, wanted: dict[str, Any]
) -> None:
    [contact] = store(person)
    assert search.find_contact_ids(organization_id=organization.pk, **wanted) == [contact]


@pytest.mark.parametrize(
    "wanted",
    [
        {"email": "ashgrove@planted.example"},
        {"phone": "+1 775 555 0148"},
        {"name": "ashgrov"},
        {"name": "ashgrove miller"},
        {"name": "ashgrove", "email": "other@planted.example"},
    ],
)
def test_nobody_else_is_found(
    person: ContactDraft, organization: Organization, wanted: dict[str, Any]
) -> None:
    store(person)
    assert search.find_contact_ids(organization_id=organization.pk, **wanted) == []


def test_newest_first(person: ContactDraft, organization: Organization) -> None:
    first, second = store(person), store(replace(person, city="Sparks"))
    found = search.find_contact_ids(organization_id=organization.pk, name="Ashgrove")
    assert found == [*second, *first]


def test_another_organization_finds_nothing(
    person: ContactDraft, make_subject: Callable[[], int]
) -> None:
    store(person)
    partner = organizations.ensure_partner(code="partner", name="Partner")
    assert search.find_contact_ids(organization_id=partner.pk, email=person.email) == []
    with unit():
        [subject] = vault.create_subjects(organization_id=partner.pk, count=1)
    [own] = store(replace(person, subject_id=subject))
    assert search.find_contact_ids(organization_id=partner.pk, email=person.email) == [own]


@pytest.mark.parametrize("given", [{}, {"email": "", "phone": "", "name": ""}, {"name": " - "}])
def test_nothing_given_finds_not_everybody(
    organization: Organization, given: dict[str, Any]
) -> None:
    with pytest.raises(search.NothingToSearch):
        search.find_contact_ids(organization_id=organization.pk, **given)

"""People nobody knows."""

from __future__ import annotations

from oms.core.transactions import unit
from oms.infra.contacts.services import vault
from oms.infra.contacts.services.vault import ContactDraft

PERSON = ContactDraft(
    subject_id=0,
    country="US",
    city="Reno",
    region="NV",
    postcode="89501-4711",
    lines=("4711 Quartz Hollow Lane", "Apt 93C"),
    name="Wilhelmina Ashgrove-Planté",
    company="Thistledown Mercantile",
    phone="(775) 555-0147",
    email="W.Ashgrove@planted.example",
    latitude=39.529633,
    longitude=-119.813803,
)


def subject(organization_id: int) -> int:
    with unit():
        return vault.create_subjects(organization_id=organization_id, count=1)[0]


def store(*drafts: ContactDraft) -> list[int]:
    with unit():
        return vault.store_many(drafts=drafts)

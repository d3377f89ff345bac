"""Personal data.

- contacts sealed, 1,000: milliseconds `contacts.services.vault.store_many` takes for a thousand
  new contacts of a thousand people, in its own transaction; raw is AES-256-GCM of a thousand
  texts of that size with a key each, nothing stored.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from oms.cockpit.simulation.bench import timing
from oms.cockpit.simulation.bench.figures import Figure
from oms.cockpit.simulation.bench.sizes import Sizes
from oms.cockpit.simulation.bench.world import World
from oms.core.transactions import needs_transaction, unit
from oms.infra.contacts.services import vault
from oms.infra.contacts.types import ContactDraft

#: About what name, street, phone, mail and postcode of one person make as JSON.
_TEXT = b"x" * 180


def measure(world: World, sizes: Sizes) -> Iterator[Figure]:
    """This function will yield the figure of sealing."""
    ours, limit = timing.in_turns(
        sizes.rounds,
        lambda: _store(world, sizes.contacts),
        lambda: timing.milliseconds(lambda: _seal(sizes.contacts)),
    )
    yield Figure(f"contacts sealed, {sizes.contacts:,}", ours, "ms", raw=limit)


@needs_transaction
def contact_drafts(world: World, count: int) -> list[ContactDraft]:
    """This function will return one contact each of new subjects."""
    subjects = vault.create_subjects(organization_id=world.organization_id, count=count)
    return [_draft(world, subject) for subject in subjects]


def _draft(world: World, subject_id: int) -> ContactDraft:
    person = world.recipient()
    return ContactDraft(
        subject_id=subject_id,
        country=person.country,
        city=person.city,
        region=person.region,
        postcode=person.postcode,
        lines=person.lines,
        name=person.name,
        phone=person.phone,
        email=person.email,
        latitude=person.latitude,
        longitude=person.longitude,
    )


def _store(world: World, count: int) -> float:
    with unit():
        drafts = contact_drafts(world, count)

    def store() -> None:
        with unit():
            vault.store_many(drafts=drafts)

    return timing.milliseconds(store)


def _seal(count: int) -> None:
    for _ in range(count):
        AESGCM(os.urandom(32)).encrypt(os.urandom(12), _TEXT, None)

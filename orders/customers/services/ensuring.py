"""Finds or creates the buyers of a batch of orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oms.core import bulk, clock, ids
from oms.core.transactions import needs_transaction
from oms.infra.contacts.services import vault
from orders.customers.models import Customer


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    id: int
    subject_id: int
    #: Made in this transaction: nobody has ordered as this customer before.
    is_new: bool = False


@needs_transaction
def ensure_many(*, organization_id: int, references: Sequence[str]) -> dict[str, CustomerFacts]:
    """This function will return the customer of each reference, creating the missing ones.

    Two callers that create the same reference at once end at one customer.
    """
    wanted = sorted(set(references))
    found = _find(organization_id, wanted)
    missing = [reference for reference in wanted if reference not in found]
    if missing:
        found |= _insert(organization_id, missing)
    rivals = [reference for reference in missing if reference not in found]
    return found | _find(organization_id, rivals) if rivals else found


def _find(organization_id: int, references: Sequence[str]) -> dict[str, CustomerFacts]:
    rows = Customer.objects.filter(
        organization_id=organization_id, reference__among=references
    ).values_list("reference", "id", "subject_id")
    return {reference: CustomerFacts(pk, subject) for reference, pk, subject in rows}


def _insert(organization_id: int, references: Sequence[str]) -> dict[str, CustomerFacts]:
    """Those that are new; a reference somebody else made in the same moment is left out."""
    now = clock.now()
    subjects = vault.create_subjects(organization_id=organization_id, count=len(references))
    made = bulk.insert_rows(
        Customer,
        [
            {
                "public_id": ids.public_id("cus"),
                "organization_id": organization_id,
                "reference": reference,
                "subject_id": subject_id,
                "created_at": now,
            }
            for reference, subject_id in zip(references, subjects, strict=True)
        ],
        on_conflict="ON CONFLICT (organization_id, reference) DO NOTHING",
        returning="reference, id, subject_id",
    )
    return {reference: CustomerFacts(pk, subject, True) for reference, pk, subject in made}

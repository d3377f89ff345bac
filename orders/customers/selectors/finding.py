"""Finds customers by where they were sent something."""

from __future__ import annotations

from collections.abc import Sequence

from orders.customers.models import Customer


def find_reference(*, organization_id: int, contact_ids: Sequence[int]) -> str:
    """This function will return the reference of the customer who was last sent something at one
    of the contacts, or ""."""
    found = Customer.objects.filter(
        organization_id=organization_id, orders__ship_to_id__in=contact_ids
    )
    return found.order_by("-orders__id").values_list("reference", flat=True).first() or ""

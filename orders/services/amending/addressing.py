"""Another recipient of an order: sealed at once, judged like that of a new order."""

from __future__ import annotations

from dataclasses import dataclass

from oms.core.addresses import PostalAddress, Verdict, judge
from oms.core.errors import FieldError
from oms.core.transactions import needs_transaction
from oms.infra.contacts.services import vault
from orders.channels import selectors as channels
from orders.models import Order
from orders.services import recipients
from orders.services.amending.actions import refuse
from orders.types import RecipientDraft


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an order goes now: what the rules say of it, and what routing needs to know."""

    contact_id: int
    verdict: Verdict
    latitude: float | None
    longitude: float | None


@needs_transaction
def seal(order: Order, recipient: RecipientDraft) -> int:
    """This function will store the recipient under the key of the order's customer and return its
    contact.

    :raises InvalidAmendment: the country is unknown.
    :raises Erased: the customer's data was erased.
    """
    verdict = _judge(order, recipient.country, recipient.city, recipient.region,
                     recipient.postcode, recipient.lines)  # fmt: skip
    unknown = [error for error in verdict.errors if error.code == "unknown_country"]
    if unknown:
        raise refuse([FieldError("/ship_to/country", unknown[0].code, unknown[0].detail)])
    [contact] = vault.store_many(
        drafts=[
            recipients.contact_of(
                recipient, address=verdict.address, subject_id=order.customer.subject_id
            )
        ]
    )
    return contact


def find(order: Order, contact_id: int) -> Destination:
    """This function will open a sealed recipient and judge the address again.

    In the same town and without coordinates of its own it lies where the order went before.

    :raises Erased: the customer's data was erased.
    """
    person = vault.reveal(contact_id=contact_id, purpose="order edit")
    verdict = _judge(
        order, person.country, person.city, person.region, person.postcode, person.lines
    )
    address = verdict.address
    town = (address.country, address.region, address.city)
    if person.latitude is None and town == (order.country, order.region, order.city):
        return Destination(contact_id, verdict, order.latitude, order.longitude)
    return Destination(contact_id, verdict, person.latitude, person.longitude)


def _judge(
    order: Order, country: str, city: str, region: str, postcode: str, lines: tuple[str, ...]
) -> Verdict:
    needs_street = channels.needs_street(channel_id=order.channel_id)
    address = PostalAddress(
        country=country, city=city, region=region, postcode=postcode, lines=lines
    )
    return judge(address, needs_street=needs_street)

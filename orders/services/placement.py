"""The one way an order comes in: every door hands its drafts here, one or many.

A batch costs a constant number of statements. A wrong draft is refused by itself; an order that
was placed before is answered, not placed again; everything of the others commits together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from inventory.catalog import selectors as catalog
from inventory.services import carts
from oms.core import clock
from oms.core.errors import Conflict, OmsError
from oms.core.transactions import needs_transaction, use_case
from orders.channels.types import ChannelFacts
from orders.drafting import CleanDraft, clean
from orders.models import Order
from orders.services import committing, paying, recording, verification
from orders.tracking_links import path_for
from orders.types import OrderDraft, Placed

#: Above this a batch would hold its row locks for longer than a waiting caller likes.
MAX_BATCH = 250


class ReferenceTaken(Conflict):
    """The channel's reference belongs to an order with other content."""

    code = "orders.reference_taken"


@dataclass(slots=True)
class _Slot:
    """One draft on its way through the batch."""

    draft: OrderDraft
    clean: CleanDraft | None = None
    error: OmsError | None = None


@use_case
def place(
    *,
    channel: ChannelFacts,
    drafts: Sequence[OrderDraft],
    within: Callable[[Sequence[Placed]], None] | None = None,
) -> list[Placed]:
    """This function will place every draft that can be placed and answer each, in order.

    An accepted order is stored, verified, planned, reserved and confirmed, or stands on hold with
    the reason; its events are in the outbox of the same transaction. `within` is called with the
    answers before the commit: what it stores (an idempotent answer, an import's cursor) and the
    orders become durable together.

    :raises ValueError: more than MAX_BATCH drafts.
    """
    answers = place_within(channel=channel, drafts=drafts)
    if within is not None:
        within(answers)
    return answers


@needs_transaction
def place_within(*, channel: ChannelFacts, drafts: Sequence[OrderDraft]) -> list[Placed]:
    """This function will do as `place`, in the transaction of its caller.

    :raises ValueError: more than MAX_BATCH drafts.
    """
    if len(drafts) > MAX_BATCH:
        raise ValueError(f"place at most {MAX_BATCH} orders at a time")
    slots = [_Slot(_timed(draft)) for draft in drafts]
    earlier = _find_placed(channel, [slot.draft.external_ref for slot in slots])
    _clean_all(channel, slots, earlier)
    fresh = _first_of_each(slots, earlier)
    recorded = recording.record(channel=channel, drafts=fresh)
    carry_on(channel=channel, orders=recorded)
    return _answers(channel, slots, recorded)


@needs_transaction
def carry_on(*, channel: ChannelFacts, orders: Sequence[recording.Recorded]) -> None:
    """This function will take received orders on: paid, verified, planned, reserved and confirmed,
    on hold or rejected. Every order goes this way, whether it was a draft before or not."""
    paying.take_with_orders(channel=channel, orders=orders)
    verification.verify(orders=orders, channel=channel)
    ready = [r for r in orders if not r.holds and not r.is_rejected]
    carts.redeem(
        organization_id=channel.organization_id,
        references=[r.draft.draft.reservation for r in ready if r.draft.draft.reservation],
    )
    committing.commit(orders=ready)


def _timed(draft: OrderDraft) -> OrderDraft:
    return draft if draft.placed_at else replace(draft, placed_at=clock.now())


def _clean_all(channel: ChannelFacts, slots: Sequence[_Slot], earlier: set[str]) -> None:
    skus = {line.sku for slot in slots for line in slot.draft.lines}
    facts = catalog.facts_by_sku(organization_id=channel.organization_id, skus=sorted(skus))
    for slot in slots:
        try:
            slot.clean = clean(slot.draft, channel=channel, catalog=facts)
        except OmsError as error:
            # An order that stands already is answered even if its SKU was retired since.
            if slot.draft.external_ref not in earlier:
                slot.error = error


def _first_of_each(slots: Sequence[_Slot], earlier: set[str]) -> list[CleanDraft]:
    fresh: dict[str, CleanDraft] = {}
    for slot in slots:
        if slot.clean is not None and slot.draft.external_ref not in earlier:
            fresh.setdefault(slot.draft.external_ref, slot.clean)
    return list(fresh.values())


def _find_placed(channel: ChannelFacts, references: Sequence[str]) -> set[str]:
    return set(
        Order.objects.filter(channel_id=channel.id, external_ref__among=references).values_list(
            "external_ref", flat=True
        )
    )


def _answers(
    channel: ChannelFacts, slots: Sequence[_Slot], recorded: Sequence[recording.Recorded]
) -> list[Placed]:
    fresh = {
        item.order.external_ref: (answer_of(item), item.order.content_hash) for item in recorded
    }
    replays = _replays(
        channel,
        [s.draft.external_ref for s in slots if s.error is None],
        known=set(fresh),
    )
    seen: set[str] = set()
    answers = []
    for slot in slots:
        reference = slot.draft.external_ref
        if slot.error is not None:
            answers.append(Placed(external_ref=reference, error=slot.error))
        elif reference in fresh:
            answers.append(_same_content(slot, *fresh[reference], is_replay=reference in seen))
        else:
            answers.append(_same_content(slot, *replays[reference]))
        seen.add(reference)
    return answers


def _same_content(
    slot: _Slot, answer: Placed, content_hash: str, *, is_replay: bool = True
) -> Placed:
    if answer.status == Order.Status.DRAFT:
        return Placed(
            external_ref=answer.external_ref,
            error=ReferenceTaken(
                f"Draft {answer.number} has this reference; submit or discard it.",
                data={"order": answer.public_id},
            ),
        )
    if slot.clean is not None and slot.clean.content_hash != content_hash:
        return Placed(
            external_ref=answer.external_ref,
            error=ReferenceTaken(
                f"Order {answer.number} has this reference and other lines; use a new reference.",
                data={"order": answer.public_id},
            ),
        )
    return replace(answer, is_replay=True) if is_replay else answer


def answer_of(item: recording.Recorded) -> Placed:
    """This function will return what is said of an order that was placed."""
    order = item.order
    return Placed(
        external_ref=order.external_ref,
        order_id=order.id,
        public_id=order.public_id,
        number=order.number,
        status=str(order.status),
        holds=tuple(sorted(item.holds)),
        promised_on=order.promised_on.isoformat() if order.promised_on else "",
        tracking_path=path_for(order.public_id),
        total_amount=order.total_amount,
    )


def _replays(
    channel: ChannelFacts, references: Sequence[str], *, known: set[str]
) -> dict[str, tuple[Placed, str]]:
    wanted = [reference for reference in references if reference not in known]
    if not wanted:
        return {}
    found = Order.objects.filter(channel_id=channel.id, external_ref__among=wanted)
    holds = verification.open_hold_types(order_ids=[order.pk for order in found])
    return {
        order.external_ref: (
            answer_of(recording.Recorded(order, None, [], set(holds.get(order.pk, ())))),
            order.content_hash,
        )
        for order in found
    }

"""Stock on its way between two nodes: it leaves one, is in transit, arrives at the other or is
lost, and at every moment all of it is somewhere.

In transit is what a supply line of the transfer still waits for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from inventory.catalog import selectors as catalog
from inventory.models import InboundSupply
from inventory.services import balances, promising, stock, supply
from inventory.services.balances import Place, Position
from inventory.services.supply import InvalidSupply, SupplyDiffers
from inventory.types import Receipt, StockChange, SupplyDraft, SupplyRef, Transfer
from oms.core.errors import Conflict, FieldError
from oms.core.transactions import needs_transaction

_KIND = InboundSupply.Kind.TRANSFER


class NotFreeToSend(Conflict):
    """More than lies free at the source: the rest is promised, kept back, or not there."""

    code = "inventory.not_free_to_send"


@needs_transaction
def ship(*, transfer: Transfer, at: datetime | None = None) -> int:
    """This function will take the units off the source and announce them at the destination.

    Only free units leave; safety stock stays. A line that left already is passed over, so the same
    document may be sent again.

    :returns: units that left.
    :raises InvalidSupply: a field that cannot be; source and destination are one.
    :raises SupplyDiffers: the document line left already with other content.
    :raises NotFreeToSend: a line asks for more than is free; nothing leaves.
    """
    drafts = _drafts(transfer)
    supply.check(drafts=drafts, kinds=(_KIND,))
    if transfer.source_node_id == transfer.node_id:
        said = "Source and destination are the same node."
        raise InvalidSupply(said, errors=[FieldError("/node", "invalid_value", said)])
    places = {(transfer.source_node_id, line.variant_id) for line in transfer.lines}
    positions = {p.place: p for p in balances.lock_places(places=places)}
    known = supply.find_rows(refs=[draft.ref for draft in drafts])
    for draft in drafts:
        if draft.ref in known:
            _require_same(draft, transfer, known[draft.ref])
    fresh = [draft for draft in drafts if draft.ref not in known]
    _require_free(fresh, transfer, positions)
    stock.send_out(changes=_changes(fresh, transfer), at=at)
    promising.lock(variant_ids={draft.variant_id for draft in fresh})
    supply.insert(drafts=fresh, source_node_id=transfer.source_node_id)
    promising.renew(variant_ids={draft.variant_id for draft in fresh})
    return sum(draft.quantity for draft in fresh)


@needs_transaction
def receive(*, receipts: Sequence[Receipt], at: datetime | None = None) -> int:
    """This function will book what arrived of transfers; all else is as in `supply.receive`.

    :returns: units booked.
    :raises InvalidSupply: a receipt that is not of a transfer.
    """
    for index, receipt in enumerate(receipts):
        if receipt.ref.kind != _KIND:
            said = "Only transfers are received here."
            error = FieldError(f"/receipts/{index}/kind", "invalid_value", said)
            raise InvalidSupply(said, errors=[error])
    return supply.receive(receipts=receipts, at=at)


def _drafts(transfer: Transfer) -> list[SupplyDraft]:
    """Each line belongs to who sells its variant; nobody's is refused by the check."""
    owners = catalog.owners_of(variant_ids={line.variant_id for line in transfer.lines})
    return [
        SupplyDraft(
            ref=SupplyRef(
                owners.get(line.variant_id, 0), _KIND, transfer.document_ref, line.line_ref
            ),
            node_id=transfer.node_id,
            variant_id=line.variant_id,
            quantity=line.quantity,
            expected_on=transfer.expected_on,
        )
        for line in transfer.lines
    ]


def _require_same(draft: SupplyDraft, transfer: Transfer, row: InboundSupply) -> None:
    stands = (row.variant_id, row.node_id, row.source_node_id, row.quantity)
    asked = (draft.variant_id, draft.node_id, transfer.source_node_id, draft.quantity)
    if stands != asked:
        raise SupplyDiffers(f"{row} left already with other content; use a new line.")


def _require_free(
    drafts: Sequence[SupplyDraft], transfer: Transfer, positions: Mapping[Place, Position]
) -> None:
    asked: dict[int, int] = defaultdict(int)
    for draft in drafts:
        asked[draft.variant_id] += draft.quantity
    for variant_id, units in asked.items():
        position = positions.get((transfer.source_node_id, variant_id))
        free = max(0, position.free - position.oversell_limit) if position else 0
        if units > free:
            sku = catalog.facts_by_id(variant_ids=[variant_id])[variant_id].sku
            raise NotFreeToSend(
                f"{sku}: {free} are free to send, not {units}.",
                data={"sku": sku, "free": free, "units": units},
            )


def _changes(drafts: Sequence[SupplyDraft], transfer: Transfer) -> list[StockChange]:
    lots = {line.line_ref: line.lot_id for line in transfer.lines}
    return [
        StockChange(
            node_id=transfer.source_node_id,
            variant_id=draft.variant_id,
            quantity=draft.quantity,
            reason=str(draft.ref.line_ref),
            document_kind=_KIND,
            document_ref=draft.ref.document_ref,
            lot_id=lots[draft.ref.line_ref],
        )
        for draft in drafts
    ]

"""What is on its way in: announced, re-dated, received, lost.

Lock order: stock positions, then the queues of their variants, then supply lines are read. Every
change of a supply line is made under the lock of its variant, so nobody else promises from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

from django.db.models import F, Q

from inventory.catalog import selectors as catalog
from inventory.models import InboundSupply, StockMovement
from inventory.nodes import selectors as nodes
from inventory.services import balances, promising, stock
from inventory.services.stock import MAX_CHANGE
from inventory.types import Loss, Receipt, StockChange, SupplyDraft, SupplyRef
from oms.core import bulk, clock, ids
from oms.core.errors import Conflict, FieldError, Invalid, NotFound
from oms.core.quantities import InvalidQuantity, require_quantity
from oms.core.transactions import needs_transaction

Kind = InboundSupply.Kind

#: How units of each kind of supply stand in the ledger.
_MOVEMENT = {
    Kind.PURCHASE_ORDER: StockMovement.Kind.RECEIVED,
    Kind.TRANSFER: StockMovement.Kind.TRANSFERRED_IN,
    Kind.RETURN: StockMovement.Kind.RETURNED,
}

#: What the ledger calls the paper that came with a delivery.
_PAPER = "receipt"


class UnknownSupply(NotFound):
    """No document line of that name was announced."""

    code = "inventory.unknown_supply"


class InvalidSupply(Invalid):
    """A line that no supplier could mean: the errors say which field of which line."""

    code = "inventory.invalid_supply"


class SupplyDiffers(Conflict):
    """The document line stands already for another item or place."""

    code = "inventory.supply_differs"


class SupplyTooSmall(Conflict):
    """Fewer units than have come, are lost, or are promised to somebody."""

    code = "inventory.supply_too_small"


class MoreThanExpected(Conflict):
    """More would come, or be lost, than is still to come."""

    code = "inventory.more_than_expected"


@needs_transaction
def announce(*, lines: Sequence[SupplyDraft]) -> int:
    """This function will make the lines what will arrive: new ones, new quantities, new days.

    The same line twice is one line. Who waits is promised from them at once.

    :returns: how many lines are new.
    :raises InvalidSupply: a field that cannot be; transfers are announced by sending them.
    :raises SupplyDiffers: a line that stands for another variant or node.
    :raises SupplyTooSmall: less than what came, is lost and is promised; lose units instead.
    """
    check(drafts=lines, kinds=(Kind.PURCHASE_ORDER, Kind.RETURN))
    promising.lock(variant_ids={line.variant_id for line in lines})
    known = find_rows(refs=[line.ref for line in lines])
    for line in lines:
        if line.ref in known:
            _apply(line, known[line.ref])
    fresh = [line for line in lines if line.ref not in known]
    insert(drafts=fresh)
    _save(known.values())
    promising.renew(variant_ids={line.variant_id for line in lines})
    return len(fresh)


@needs_transaction
def reschedule(
    *,
    organization_id: int,
    kind: str,
    document_ref: str,
    expected_on: date,
    line_ref: str | None = None,
) -> int:
    """This function will move the open lines of a document, or one of them, to another day.

    The promises that hang on them move along, and each demand is told once. The same day again
    changes nothing and tells nobody.

    :returns: how many lines moved.
    :raises UnknownSupply: there is no such document line.
    :raises InvalidSupply: not a day.
    """
    if not _is_day(expected_on):
        raise InvalidSupply(_NO_DAY, errors=[FieldError("/expected_on", "invalid_day", _NO_DAY)])
    rows = InboundSupply.objects.filter(
        organization_id=organization_id, kind=kind, document_ref=document_ref
    )
    if line_ref is not None:
        rows = rows.filter(line_ref=line_ref)
    variants = set(rows.values_list("variant_id", flat=True))
    if not variants:
        raise UnknownSupply(f"There is no {document_ref} to re-date; announce it first.")
    promising.lock(variant_ids=variants)
    moved = rows.filter(~Q(expected_on=expected_on), quantity__gt=F("received") + F("lost")).update(
        expected_on=expected_on, version=F("version") + 1
    )
    if moved:
        promising.renew(variant_ids=variants)
    return moved


@needs_transaction
def receive(
    *, receipts: Sequence[Receipt], allow_excess: bool = False, at: datetime | None = None
) -> int:
    """This function will book what came in, and give it to those who wait.

    A receipt's paper is booked once at each place: the same one again is passed over. Constant
    statements for any number of receipts.

    :param allow_excess: more than was ordered is taken too; a transfer brings no more than left.
    :returns: units booked.
    :raises InvalidQuantity: less than one unit.
    :raises UnknownSupply: a line that was not announced.
    :raises MoreThanExpected: more than is still to come.
    """
    for receipt in receipts:
        require_quantity(receipt.quantity, maximum=MAX_CHANGE)
    refs = [receipt.ref for receipt in receipts]
    places = {(row.node_id, row.variant_id) for row in _require_rows(refs).values()}
    balances.add_places(places=places)
    positions = {p.place: p.id for p in balances.lock_places(places=places)}
    promising.lock_to_book(variant_ids={variant_id for _, variant_id in places})
    rows = _require_rows(refs)
    booked = _booked([receipt.receipt_ref for receipt in receipts], positions.values())
    fresh = [
        receipt
        for receipt in receipts
        if (receipt.receipt_ref, positions[_place(rows[receipt.ref])]) not in booked
    ]
    for receipt in fresh:
        _arrive(rows[receipt.ref], receipt.quantity, allow_excess)
    touched = {receipt.ref for receipt in fresh}
    _save(rows[ref] for ref in touched)
    for kind in dict.fromkeys(receipt.ref.kind for receipt in fresh):
        changes = [_change(rows[r.ref], r) for r in fresh if r.ref.kind == kind]
        stock.bring_in(changes=changes, kind=_MOVEMENT[Kind(kind)], at=at)
    promising.renew(variant_ids={rows[ref].variant_id for ref in touched})
    return sum(receipt.quantity for receipt in fresh)


@needs_transaction
def lose(*, losses: Sequence[Loss]) -> int:
    """This function will book units that will never come: cancelled at the supplier, or lost on
    the way. Who waited for them is promised anew.

    :returns: units lost.
    :raises InvalidQuantity: less than one unit.
    :raises UnknownSupply: a line that was not announced.
    :raises MoreThanExpected: more than is still to come.
    """
    refs = [loss.ref for loss in losses]
    promising.lock(variant_ids={row.variant_id for row in _require_rows(refs).values()})
    rows = _require_rows(refs)
    units = 0
    for loss in losses:
        row = rows[loss.ref]
        count = to_come(row) if loss.quantity is None else loss.quantity
        if loss.quantity is not None:
            require_quantity(count, maximum=MAX_CHANGE)
        _require_expected(row, count)
        row.lost += count
        row.promised = min(row.promised, to_come(row))
        units += count
    _save(rows.values())
    promising.renew(variant_ids={row.variant_id for row in rows.values()})
    return units


@needs_transaction
def insert(*, drafts: Sequence[SupplyDraft], source_node_id: int | None = None) -> None:
    """This function will store supply lines, in one statement."""
    now = clock.now()
    bulk.insert_rows(
        InboundSupply,
        [
            {
                "public_id": ids.public_id("sup", at=now),
                "organization_id": draft.ref.organization_id,
                "node_id": draft.node_id,
                "variant_id": draft.variant_id,
                "source_node_id": source_node_id,
                "kind": draft.ref.kind,
                "document_ref": draft.ref.document_ref,
                "line_ref": draft.ref.line_ref,
                "expected_on": draft.expected_on,
                "quantity": draft.quantity,
                "received": 0,
                "lost": 0,
                "promised": 0,
                "version": 0,
                "created_at": now,
            }
            for draft in drafts
        ],
    )


@needs_transaction
def check(*, drafts: Sequence[SupplyDraft], kinds: Collection[str]) -> None:
    """This function will refuse lines that no document could hold, in two statements.

    :raises InvalidSupply: names every wrong field.
    """
    owners = catalog.owners_of(variant_ids={draft.variant_id for draft in drafts})
    places = nodes.facts_by_id(node_ids={draft.node_id for draft in drafts})
    seen: set[SupplyRef] = set()
    errors: list[FieldError] = []
    for index, draft in enumerate(drafts):
        owner = owners.get(draft.variant_id)
        wrong = [
            (draft.ref in seen, "line_ref", "Name each line of a document once."),
            (draft.ref.kind not in kinds, "kind", f"Give one of: {', '.join(kinds)}."),
            (not _is_name(draft.ref.document_ref), "document_ref", _NO_NAME),
            (not _is_name(draft.ref.line_ref), "line_ref", _NO_NAME),
            (owner is None or owner != draft.ref.organization_id, "variant", _NO_VARIANT),
            (draft.node_id not in places, "node", "There is no such node."),
            (not _is_quantity(draft.quantity), "quantity", f"Give 1 to {MAX_CHANGE} units."),
            (not _is_day(draft.expected_on), "expected_on", _NO_DAY),
        ]
        errors += [
            FieldError(f"/lines/{index}/{name}", "invalid_value", detail)
            for is_wrong, name, detail in wrong
            if is_wrong
        ]
        seen.add(draft.ref)
    if errors:
        raise InvalidSupply("Some lines cannot be.", errors=errors)


def find_rows(*, refs: Iterable[SupplyRef]) -> dict[SupplyRef, InboundSupply]:
    """This function will return the document lines that stand, as they stand."""
    wanted = set(refs)
    rows = InboundSupply.objects.filter(
        organization_id__in={ref.organization_id for ref in wanted},
        document_ref__in={ref.document_ref for ref in wanted},
    ).order_by("pk")
    found = {
        SupplyRef(row.organization_id, row.kind, row.document_ref, row.line_ref): row
        for row in rows
    }
    return {ref: row for ref, row in found.items() if ref in wanted}


def to_come(row: InboundSupply) -> int:
    return row.quantity - row.received - row.lost


_NO_DAY = "Give the day it is expected, as a date."
_NO_NAME = "Give 1 to 60 characters."
_NO_VARIANT = "The organization sells no such variant."


def _is_day(day: object) -> bool:
    return isinstance(day, date) and not isinstance(day, datetime)


def _is_name(text: object) -> bool:
    return isinstance(text, str) and 1 <= len(text) <= 60


def _is_quantity(quantity: object) -> bool:
    try:
        require_quantity(quantity, maximum=MAX_CHANGE)
    except InvalidQuantity:
        return False
    return True


def _require_rows(refs: Sequence[SupplyRef]) -> dict[SupplyRef, InboundSupply]:
    rows = find_rows(refs=refs)
    for ref in refs:
        if ref not in rows:
            raise UnknownSupply(
                f"{ref.document_ref}/{ref.line_ref} was not announced.",
                data={"document_ref": ref.document_ref, "line_ref": ref.line_ref},
            )
    return rows


def _apply(line: SupplyDraft, row: InboundSupply) -> None:
    if (row.variant_id, row.node_id) != (line.variant_id, line.node_id):
        raise SupplyDiffers(f"{row} stands for another variant or node; use a new line.")
    least = row.received + row.lost + row.promised
    if line.quantity < least:
        raise SupplyTooSmall(
            f"{row}: {row.received} came, {row.lost} are lost, {row.promised} are promised; "
            f"{line.quantity} are too few. Lose units instead.",
            data={"received": row.received, "lost": row.lost, "promised": row.promised},
        )
    row.quantity, row.expected_on = line.quantity, line.expected_on


def _arrive(row: InboundSupply, units: int, allow_excess: bool) -> None:
    """What comes beyond the order raises the order: the ledger needs no explanation then."""
    if not allow_excess or row.kind == Kind.TRANSFER:
        _require_expected(row, units)
    row.received += units
    row.quantity = max(row.quantity, row.received + row.lost)
    row.promised = min(row.promised, to_come(row))


def _require_expected(row: InboundSupply, units: int) -> None:
    if units > to_come(row):
        raise MoreThanExpected(
            f"{row}: {to_come(row)} are still to come, not {units}.",
            data={"to_come": to_come(row), "units": units},
        )


def _save(rows: Iterable[InboundSupply]) -> None:
    bulk.update_rows(
        InboundSupply,
        [
            {
                "id": row.pk,
                "quantity": row.quantity,
                "received": row.received,
                "lost": row.lost,
                "promised": row.promised,
                "expected_on": row.expected_on,
                "version": row.version + 1,
            }
            for row in rows
        ],
    )


def _place(row: InboundSupply) -> balances.Place:
    return row.node_id, row.variant_id


def _booked(papers: Sequence[str], position_ids: Collection[int]) -> set[tuple[str, int]]:
    movements = StockMovement.objects.filter(
        document_kind=_PAPER, document_ref__in=set(papers), position_id__in=position_ids
    )
    return set(movements.values_list("document_ref", "position_id"))


def _change(row: InboundSupply, receipt: Receipt) -> StockChange:
    return StockChange(
        node_id=row.node_id,
        variant_id=row.variant_id,
        quantity=receipt.quantity,
        reason=str(row),
        document_kind=_PAPER,
        document_ref=receipt.receipt_ref,
        lot_id=receipt.lot_id,
    )

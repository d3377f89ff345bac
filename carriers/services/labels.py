"""Buys labels: claim, commit, call, record. A label is bought once, whoever dies in between.

The reference told to the carrier is the intent's own and never changes; a timeout or a dead caller
leaves doubt, which a look-up resolves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from carriers.models import LabelIntent
from carriers.services import label_calls, label_claims, label_records
from carriers.services.connections import require_no_transaction
from carriers.services.label_calls import Outcome

#: Labels per claim: at eight calls at a time and eight seconds a call, well within the lease.
CHUNK = 32


def buy_due(*, limit: int, shipment_refs: Sequence[str] | None = None) -> int:
    """This function will buy the labels that are due, at most `limit`, or only those of some
    shipments.

    :returns: how many intents were tried; those that found no carrier are due again later.
    :raises CalledInsideTransaction: a transaction is open.
    """
    require_no_transaction()
    tried = 0
    while tried < limit:
        claimed = label_claims.claim_due(
            limit=min(CHUNK, limit - tried), shipment_refs=shipment_refs
        )
        if not claimed:
            break
        _settle(claimed, label_calls.buy)
        tried += len(claimed)
    return tried


def resolve_in_doubt(*, limit: int) -> int:
    """This function will find out about labels in doubt: found ones are attached, others bought
    again under the same reference.

    :returns: how many were looked up.
    :raises CalledInsideTransaction: a transaction is open.
    """
    require_no_transaction()
    label_claims.expire_leases(limit=limit)
    looked_up = 0
    while looked_up < limit:
        claimed = label_claims.claim_doubts(limit=min(CHUNK, limit - looked_up))
        if not claimed:
            break
        _settle(claimed, label_calls.look_up)
        looked_up += len(claimed)
    return looked_up


def _settle(
    claimed: Sequence[LabelIntent],
    call: Callable[[Sequence[LabelIntent]], list[Outcome]],
) -> None:
    outcomes = call(claimed)
    files = label_records.seal_files(claimed, outcomes)
    label_records.record(outcomes=outcomes, files=files)

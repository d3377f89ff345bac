"""From claimed intents to the carrier and back: requests with opened addresses, outcomes judged.

Addresses live in memory for the length of one call; no transaction is open meanwhile.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from carriers.adapters.base import (
    Address,
    CapabilityMissing,
    CarrierAdapter,
    CarrierError,
    CarrierInDoubt,
    CarrierMisconfigured,
    CarrierRejected,
    LabelRequest,
    LabelResult,
)
from carriers.adapters.registry import UnknownCarrier
from carriers.models import LabelIntent
from carriers.services.connections import AccountInactive, adapter_for, load_accounts
from oms.core import money
from oms.core.errors import OmsError, Unavailable
from oms.infra.contacts.services import vault
from oms.infra.contacts.types import ContactData

logger = logging.getLogger(__name__)

#: Look-ups that are under way at the same time.
OVERLAP: Final = 8
#: The longest wait between two tries while a carrier is out of reach.
MAX_WAIT_S: Final = 300
#: Between two looks at something a person must decide.
ODD_WAIT_S: Final = 900

_TRACKING_NUMBER = re.compile(r"[A-Za-z0-9._-]{4,60}")
_MAX_COST: Final = Decimal(10) ** 9
_MAX_FILE_BYTES: Final = 5 * 1024 * 1024

#: The call was not made, or certainly without effect.
_NOTHING_HAPPENED: Final = (
    AccountInactive,
    CapabilityMissing,
    CarrierMisconfigured,
    Unavailable,
    UnknownCarrier,
)

Answer = LabelResult | OmsError | None


class Fate(Enum):
    """What a call made of an intent."""

    BOUGHT = "bought"
    REFUSED = "refused"
    LATER = "later"
    DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One intent after a call; `tries` names the claim it belongs to."""

    intent_id: int
    tries: int
    fate: Fate
    result: LabelResult | None = None
    error_code: str = ""
    wait_s: int = 0


def buy(intents: Sequence[LabelIntent]) -> list[Outcome]:
    """This function will ask the carriers for the labels and judge each answer."""
    opened = vault.reveal_many(
        contact_ids=sorted({intent.shipment.contact_id for intent in intents}), purpose="label"
    )
    erased = [i for i in intents if i.shipment.contact_id not in opened]
    calls = [i for i in intents if i.shipment.contact_id in opened]

    def buy_group(adapter: CarrierAdapter, group: Sequence[LabelIntent]) -> Sequence[Answer]:
        return adapter.buy_many(
            [_request(intent, opened[intent.shipment.contact_id]) for intent in group]
        )

    return [
        *(_outcome(i, Fate.REFUSED, error_code="carriers.recipient_erased") for i in erased),
        *(_judge(i, answer) for i, answer in _by_account(calls, buy_group)),
    ]


def look_up(intents: Sequence[LabelIntent]) -> list[Outcome]:
    """This function will ask the carriers whether labels in doubt were bought.

    One that was not is bought again under the same reference: the port promises at most one
    purchase per reference, so this is no second label even if the first request still travels.
    """
    return [_judge_look_up(i, answer) for i, answer in _by_account(intents, _find_group)]


def _find_group(adapter: CarrierAdapter, group: Sequence[LabelIntent]) -> Sequence[Answer]:
    if not adapter.capabilities.can_find_by_reference:
        return [None] * len(group)

    def find(intent: LabelIntent) -> Answer:
        try:
            return adapter.find_by_reference(intent.reference)
        except CarrierError as error:
            return error

    with ThreadPoolExecutor(max_workers=min(OVERLAP, len(group))) as threads:
        return list(threads.map(find, group))


def _by_account(
    intents: Sequence[LabelIntent],
    call: Callable[[CarrierAdapter, Sequence[LabelIntent]], Sequence[Answer]],
) -> list[tuple[LabelIntent, Answer]]:
    groups: dict[int, list[LabelIntent]] = {}
    for intent in intents:
        groups.setdefault(intent.shipment.account_id, []).append(intent)
    accounts = load_accounts(set(groups))
    answered: list[tuple[LabelIntent, Answer]] = []
    for account_id, group in groups.items():
        try:
            adapter = adapter_for(accounts[account_id])
        except OmsError as error:
            answered += [(intent, error) for intent in group]
            continue
        answered += zip(group, _safely(call, adapter, group), strict=True)
    return answered


def _safely(
    call: Callable[[CarrierAdapter, Sequence[LabelIntent]], Sequence[Answer]],
    adapter: CarrierAdapter,
    group: Sequence[LabelIntent],
) -> Sequence[Answer]:
    try:
        return call(adapter, group)
    except Exception as error:
        # Its message may repeat an address; the kind must do.
        logger.error("adapter %s failed: %s", adapter.code, type(error).__name__)
        return [CarrierInDoubt() for _ in group]


def _request(intent: LabelIntent, recipient: ContactData) -> LabelRequest:
    shipment = intent.shipment
    return LabelRequest(
        reference=intent.reference,
        service_code=shipment.service.code,
        origin=_origin(shipment.origin),
        destination=_destination(recipient),
        weight_g=shipment.weight_g,
        length_mm=shipment.length_mm,
        width_mm=shipment.width_mm,
        height_mm=shipment.height_mm,
        ship_at=shipment.created_at,
        order_number=shipment.order_number,
        promised_on=shipment.promised_on,
        is_instant=intent.is_instant,
    )


def _origin(origin: Mapping[str, Any]) -> Address:
    street = str(origin.get("street") or "")
    return Address(
        name=str(origin.get("name") or ""),
        lines=(street,) if street else (),
        city=str(origin["city"]),
        region=str(origin.get("region") or ""),
        postcode=str(origin.get("postcode") or ""),
        country=str(origin["country"]),
        latitude=origin.get("latitude"),
        longitude=origin.get("longitude"),
    )


def _destination(recipient: ContactData) -> Address:
    return Address(
        name=recipient.name,
        company=recipient.company,
        phone=recipient.phone,
        mail=recipient.email,
        lines=recipient.lines,
        city=recipient.city,
        region=recipient.region,
        postcode=recipient.postcode,
        country=recipient.country,
        latitude=recipient.latitude,
        longitude=recipient.longitude,
    )


def _judge(intent: LabelIntent, answer: Answer) -> Outcome:
    if isinstance(answer, LabelResult):
        return _judge_label(intent, answer)
    if isinstance(answer, CarrierRejected):
        return _outcome(intent, Fate.REFUSED, error_code=answer.carrier_code[:60])
    if isinstance(answer, _NOTHING_HAPPENED):
        return _outcome(intent, Fate.LATER, error_code=answer.code, wait_s=_wait_s(intent, answer))
    return _outcome(intent, Fate.DOUBT, error_code=CarrierInDoubt.code)


def _judge_look_up(intent: LabelIntent, answer: Answer) -> Outcome:
    if isinstance(answer, LabelResult):
        return _judge_label(intent, answer)
    if answer is None:
        return _outcome(intent, Fate.LATER, error_code="carriers.not_found")
    # The look-up itself failed: as much in doubt as before.
    return _outcome(intent, Fate.DOUBT, error_code=answer.code, wait_s=_wait_s(intent, answer))


def _judge_label(intent: LabelIntent, result: LabelResult) -> Outcome:
    if reason := _oddity(result):
        return _outcome(
            intent, Fate.DOUBT, error_code=f"carriers.odd_label.{reason}", wait_s=ODD_WAIT_S
        )
    return _outcome(intent, Fate.BOUGHT, result=result)


def _oddity(result: LabelResult) -> str:
    """What keeps a label from being believed, else nothing: carriers send wrong things, too."""
    if not _TRACKING_NUMBER.fullmatch(result.tracking_number):
        return "tracking_number"
    if not (result.cost.is_finite() and 0 <= result.cost <= _MAX_COST):
        return "cost"
    try:
        money.exponent(result.currency)
    except money.UnknownCurrency:
        return "currency"
    if not result.label_pdf.startswith(b"%PDF-") or b"^XA" not in result.label_zpl:
        return "file"
    if max(len(result.label_pdf), len(result.label_zpl)) > _MAX_FILE_BYTES:
        return "file_size"
    return ""


def _wait_s(intent: LabelIntent, error: OmsError) -> int:
    return max(error.retry_after_s or 0, min(1 << min(intent.tries, 10), MAX_WAIT_S))


def _outcome(intent: LabelIntent, fate: Fate, **given: Any) -> Outcome:
    return Outcome(intent_id=intent.pk, tries=intent.tries, fate=fate, **given)

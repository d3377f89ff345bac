"""Carriers' messages: proven and kept at once, understood afterwards. A bad one blocks no other."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _

from carriers.adapters.base import (
    CarrierAdapter,
    InvalidSignature,
    MalformedWebhook,
    TrackingScan,
)
from carriers.models import CarrierAccount, WebhookCall
from carriers.services.connections import adapter_for
from carriers.services.scans import apply_scans
from carriers.services.tracking import UnknownCarrier
from oms.core import bulk, clock
from oms.core.errors import OmsError, Unavailable
from oms.core.transactions import use_case
from oms.infra.contacts.services import vault

logger = logging.getLogger(__name__)

_MESSAGE_ID_LENGTH = 120


class ReaderMissing(Unavailable):
    """An account's settings are in disorder; its carrier's messages wait until they are mended."""

    code = "carriers.reader_missing"


def receive(*, carrier_code: str, headers: Mapping[str, str], body: bytes) -> bool:
    """This function will keep a message that is proven to come from the carrier.

    :returns: False when the same message was kept before.
    :raises UnknownCarrier: no active account with a carrier of this code.
    :raises InvalidSignature: no account's secret proves it; nothing is kept.
    """
    accounts = list(
        CarrierAccount.objects.filter(carrier__code=carrier_code, is_active=True)
        .select_related("carrier")
        .order_by("pk")
    )
    if not accounts:
        raise UnknownCarrier(data={"carrier": carrier_code})
    message_id = _proven(accounts, headers, body)
    if len(message_id) > _MESSAGE_ID_LENGTH or "\x00" in message_id:
        message_id = hashlib.sha256(message_id.encode()).hexdigest()
    return _keep(accounts[0].carrier_id, message_id, body)


def _proven(accounts: Sequence[CarrierAccount], headers: Mapping[str, str], body: bytes) -> str:
    for account in accounts:
        try:
            return adapter_for(account).verify_webhook(headers, body)
        except InvalidSignature:
            continue
        except OmsError as error:
            logger.warning("account %s cannot verify: %s", account.public_id, error.code)
    raise InvalidSignature(_("The signature does not fit."))


@use_case
def _keep(carrier_id: int, message_id: str, body: bytes) -> bool:
    row = {
        "carrier_id": carrier_id,
        "message_id": message_id,
        "sealed": vault.seal_system(data=body, context=_context(carrier_id, message_id)),
        "received_at": clock.real_now(),
        "error_code": "",
    }
    inserted = bulk.insert_rows(
        WebhookCall,
        [row],
        on_conflict="ON CONFLICT (carrier_id, message_id) DO NOTHING",
        returning="id",
    )
    return bool(inserted)


def process_due(*, limit: int) -> int:
    """This function will read kept messages and move the shipments they are about.

    One that cannot be read is marked with why and stays as it came.

    :returns: how many messages were settled.
    """
    active = CarrierAccount.objects.filter(is_active=True).values("carrier")
    due = WebhookCall.objects.filter(processed_at=None, carrier__in=active).order_by("pk")
    return _process(list(due.values_list("pk", flat=True)[:limit]))


def _process(keys: Sequence[int]) -> int:
    """Together when possible, else in halves until the bad one stands alone."""
    if not keys:
        return 0
    try:
        return _process_together(keys)
    except (OperationalError, InterfaceError, Unavailable):
        raise  # no message's fault
    except Exception as error:
        if len(keys) == 1:
            logger.error("webhook call %d failed: %s", keys[0], type(error).__name__)
            return _settle({keys[0]: "carriers.webhook_failed"})
    half = len(keys) // 2
    return _process(keys[:half]) + _process(keys[half:])


@use_case
def _process_together(keys: Sequence[int]) -> int:
    calls = list(
        WebhookCall.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk__in=keys, processed_at=None)
        .select_related("carrier")
        .order_by("pk")
    )
    readers = _readers({call.carrier_id for call in calls})
    scans: dict[int, list[TrackingScan]] = {}
    errors: dict[int, str] = {}
    for call in calls:
        try:
            found = readers[call.carrier_id].read_webhook(_open(call))
            scans.setdefault(call.carrier_id, []).extend(found)
            errors[call.pk] = ""
        except MalformedWebhook as error:
            logger.warning("webhook call %d is malformed", call.pk)
            errors[call.pk] = error.code
    for carrier_id, found in sorted(scans.items()):
        apply_scans(carrier_id=carrier_id, scans=found)
    return _mark(errors)


def _readers(carrier_ids: set[int]) -> dict[int, CarrierAdapter]:
    accounts = (
        CarrierAccount.objects.filter(carrier__in=carrier_ids, is_active=True)
        .select_related("carrier")
        .order_by("-pk")
    )
    try:
        return {account.carrier_id: adapter_for(account) for account in accounts}
    except OmsError as error:
        raise ReaderMissing(data={"cause": error.code}) from error


def _open(call: WebhookCall) -> bytes:
    return vault.open_system(
        sealed=bytes(call.sealed), context=_context(call.carrier_id, call.message_id)
    )


@use_case
def _settle(errors: Mapping[int, str]) -> int:
    return _mark(errors)


def _mark(errors: Mapping[int, str]) -> int:
    now = clock.real_now()
    return bulk.update_rows(
        WebhookCall,
        [{"id": pk, "processed_at": now, "error_code": code} for pk, code in errors.items()],
    )


def _context(carrier_id: int, message_id: str) -> str:
    return f"carriers_webhookcall|{carrier_id}|{message_id}"

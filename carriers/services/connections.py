"""From an account to the adapter that speaks for it; its settings are opened only here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from carriers.adapters.base import CarrierAdapter
from carriers.adapters.registry import get_adapter
from carriers.models import CarrierAccount
from oms.core.errors import Conflict
from oms.core.transactions import is_open
from oms.infra.contacts.services import vault


class CalledInsideTransaction(RuntimeError):
    """A carrier would be called while rows are locked, and its answer lost by a rollback."""


class AccountInactive(Conflict):
    """The account is switched off; nothing is sent on it."""

    code = "carriers.account_inactive"


def seal_settings(account_ref: str, settings: Mapping[str, Any]) -> bytes:
    """This function will seal an account's settings: addresses, secrets."""
    return vault.seal_system(
        data=json.dumps(dict(settings)).encode(), context=_context(account_ref)
    )


def adapter_for(account: CarrierAccount) -> CarrierAdapter:
    """This function will return the adapter of an account (its carrier loaded with it).

    :raises AccountInactive: the account is switched off.
    :raises CarrierMisconfigured: its settings lack something.
    """
    if not account.is_active:
        raise AccountInactive(data={"account": account.public_id})
    sealed = bytes(account.credentials)
    settings = (
        json.loads(vault.open_system(sealed=sealed, context=_context(account.public_id)))
        if sealed
        else {}
    )
    return get_adapter(account.carrier.adapter, settings=settings)


def load_accounts(account_ids: set[int]) -> dict[int, CarrierAccount]:
    """This function will return accounts with their carriers by id, in one statement."""
    return CarrierAccount.objects.select_related("carrier").in_bulk(account_ids)


def require_no_transaction() -> None:
    """This function will refuse to go on where a call to a carrier must not happen.

    :raises CalledInsideTransaction: a transaction of ours is open.
    """
    if is_open():
        raise CalledInsideTransaction("carriers are called between transactions, never inside one")


def _context(account_ref: str) -> str:
    return f"carriers_carrieraccount|{account_ref}"

"""Carriers, accounts and rate sheets are there, however often they are asked for."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from carriers import tariffs
from carriers.models import (
    AccountAllowance,
    Carrier,
    CarrierAccount,
    Rate,
    RateSheet,
    Service,
)
from carriers.services.connections import seal_settings
from carriers.tariffs import Tariff
from carriers.types import SandboxSetup
from oms.infra.accounts.services import organizations

SANDBOX_CODE = "sandbox"


def ensure_sandbox_carrier(
    *, currency: str = "USD", organization_ids: Sequence[int] = ()
) -> SandboxSetup:
    """This function will set up the sandbox carrier with its services and prices in `currency`.

    Two accounts: one that the operator (and `organization_ids`) ships on for demonstrations, one
    for the sandbox organization. Their settings stay empty: address and secret are the
    installation's. What exists already is left as people changed it.
    """
    with transaction.atomic():
        carrier, _ = Carrier.objects.get_or_create(
            code=SANDBOX_CODE, defaults={"name": "Sandbox Carrier", "adapter": SANDBOX_CODE}
        )
        operator = organizations.ensure_operator()
        live = _ensure_account(carrier, "Demonstration", is_sandbox=False)
        test = _ensure_account(carrier, "Partner tests", is_sandbox=True)
        _allow(live, [operator.pk, *organization_ids])
        _allow(test, [organizations.ensure_sandbox().pk])
        for tariff in tariffs.SANDBOX:
            _ensure_sheet(_ensure_service(carrier, tariff), tariff, currency)
    return SandboxSetup(
        carrier_code=carrier.code,
        live_account_id=live.pk,
        test_account_id=test.pk,
        service_codes=tuple(tariff.code for tariff in tariffs.SANDBOX),
    )


def _ensure_account(carrier: Carrier, name: str, *, is_sandbox: bool) -> CarrierAccount:
    found = CarrierAccount.objects.filter(carrier=carrier, is_sandbox=is_sandbox).first()
    if found is not None:
        return found
    account = CarrierAccount(carrier=carrier, name=name, is_sandbox=is_sandbox)
    account.credentials = seal_settings(account.public_id, {})
    account.save()
    return account


def _allow(account: CarrierAccount, organization_ids: Sequence[int]) -> None:
    AccountAllowance.objects.bulk_create(
        [
            AccountAllowance(account=account, organization_id=pk)
            for pk in dict.fromkeys(organization_ids)
        ],
        ignore_conflicts=True,
    )


def _ensure_service(carrier: Carrier, tariff: Tariff) -> Service:
    service, _ = Service.objects.get_or_create(
        code=tariff.code,
        defaults={
            "carrier": carrier,
            "name": tariff.name,
            "speed": tariff.speed,
            "max_weight_g": tariff.max_weight_g,
            "max_distance_km": tariff.max_distance_km,
            "is_international": tariff.is_international,
            "delivery_days": tariff.delivery_days,
        },
    )
    return service


def _ensure_sheet(service: Service, tariff: Tariff, currency: str) -> None:
    sheet, is_new = RateSheet.objects.get_or_create(
        service=service,
        currency=currency,
        valid_from=tariffs.VALID_FROM,
        defaults={"dim_divisor": tariffs.DIM_DIVISOR},
    )
    if is_new:
        Rate.objects.bulk_create(
            Rate(
                sheet=sheet,
                zone=cell.zone,
                max_distance_km=cell.max_distance_km,
                max_weight_g=cell.max_weight_g,
                amount=cell.amount,
                transit_days=cell.transit_days,
            )
            for cell in tariff.cells(currency)
        )

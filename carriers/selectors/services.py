"""What an organization may ship with, and what it costs, as arrays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from django.db.models import F

from carriers.models import AccountAllowance, Rate, RateSheet, Service
from carriers.types import ServiceFacts
from oms.core import clock


class _Cell(NamedTuple):
    sheet_id: int
    max_distance_km: int
    max_weight_g: int
    amount: Decimal
    transit_days: int


def list_for(*, organization_id: int) -> list[ServiceFacts]:
    """This function will return the services open to an organization, one per currency, by code.

    Only accounts it is allowed to use count, and an organization on trial sees only accounts for
    tests. Three statements. A missing cell costs infinity.
    """
    accounts = accounts_by_carrier(organization_ids=[organization_id])[organization_id]
    sheets = _current_sheets(accounts)
    cells: dict[int, list[_Cell]] = defaultdict(list)
    for cell in _cells([sheet.pk for sheet in sheets]):
        cells[cell.sheet_id].append(cell)
    return [
        _facts(sheet, accounts[sheet.service.carrier_id], cells[sheet.pk])
        for sheet in sheets
        if cells[sheet.pk]
    ]


def accounts_by_carrier(*, organization_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """This function will return, per organization, the account to use with each carrier: the
    oldest active one it is allowed."""
    rows = (
        AccountAllowance.objects.filter(
            organization_id__in=organization_ids,
            account__is_active=True,
            account__is_sandbox=F("organization__is_sandbox"),
        )
        .order_by("-account_id")
        .values_list("organization_id", "account__carrier_id", "account_id")
    )
    found: dict[int, dict[int, int]] = {pk: {} for pk in organization_ids}
    for organization_id, carrier_id, account_id in rows:
        found[organization_id][carrier_id] = account_id
    return found


def _current_sheets(carrier_ids: Iterable[int]) -> list[RateSheet]:
    return list(
        RateSheet.objects.filter(
            service__carrier_id__in=list(carrier_ids),
            service__is_active=True,
            valid_from__lte=clock.now().date(),
        )
        .select_related("service__carrier")
        .order_by("service__code", "currency", "-valid_from")
        .distinct("service__code", "currency")
    )


def _cells(sheet_ids: Sequence[int]) -> Iterable[_Cell]:
    rows = Rate.objects.filter(sheet_id__in=sheet_ids).values_list(
        "sheet_id", "max_distance_km", "max_weight_g", "amount", "transit_days"
    )
    return (_Cell(*row) for row in rows)


def _facts(sheet: RateSheet, account_id: int, cells: Sequence[_Cell]) -> ServiceFacts:
    service = sheet.service
    edges = _reachable(service, sorted({cell.max_distance_km for cell in cells}))
    weights = sorted({cell.max_weight_g for cell in cells})
    amounts = np.full((len(edges), len(weights)), np.inf)
    days = np.zeros(len(edges), dtype=np.int64)
    row = {edge: index for index, edge in enumerate(edges)}
    column = {weight: index for index, weight in enumerate(weights)}
    for cell in cells:
        zone = row.get(cell.max_distance_km)
        if zone is not None:
            amounts[zone, column[cell.max_weight_g]] = float(cell.amount)
            days[zone] = max(days[zone], cell.transit_days)
    return ServiceFacts(
        id=service.pk,
        code=service.code,
        name=service.name,
        carrier_code=service.carrier.code,
        carrier_name=service.carrier.name,
        account_id=account_id,
        speed=service.speed,
        max_weight_g=service.max_weight_g,
        is_international=service.is_international,
        delivery_days=service.delivery_days,
        currency=sheet.currency,
        dim_divisor=sheet.dim_divisor,
        zone_km=_clipped(edges, service.max_distance_km),
        weight_steps_g=np.array(weights, dtype=np.int64),
        amounts=amounts,
        transit_days=days,
    )


def _reachable(service: Service, edges: Sequence[int]) -> list[int]:
    """Zones that begin before the farthest point the service goes to."""
    farthest = service.max_distance_km
    if farthest is None:
        return list(edges)
    return [edge for edge, start in zip(edges, (0, *edges), strict=False) if start < farthest]


def _clipped(
    edges: Sequence[int], farthest: int | None
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    reach = np.array(edges, dtype=np.int64)
    return reach if farthest is None else np.minimum(reach, farthest)

"""Rates as arrays: the carrier's own prices, only what an organization may use."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from carriers.models import CarrierAccount, Rate, RateSheet, Service
from carriers.selectors import services
from carriers.services import accounts
from carriers.types import ServiceFacts
from oms.infra.accounts.services import organizations


def by_code(organization_id: int) -> dict[str, ServiceFacts]:
    return {facts.code: facts for facts in services.list_for(organization_id=organization_id)}


def test_an_organization_sees_five_services_by_code(operator: int):
    facts = services.list_for(organization_id=operator)

    assert [f.code for f in facts] == [
        "sandbox_economy",
        "sandbox_express",
        "sandbox_ground",
        "sandbox_international_expedited",
        "sandbox_same_day",
    ]
    assert [f.speed for f in facts] == ["economy", "express", "standard", "standard", "same_day"]


def test_arrays_hold_the_sheet(operator: int):
    ground = by_code(operator)["sandbox_ground"]

    assert ground.zone_km.tolist() == [50, 150, 300, 600, 1000, 1600, 2400, 3600, 5000, 9000, 20000]
    assert ground.weight_steps_g.tolist()[:3] == [250, 500, 1000]
    assert ground.amounts.shape == (11, 9)
    # (5.40 + 0.70 × 1 kg) × (1 + 1000 / 4000)
    assert ground.amounts[4, 2] == 7.63
    assert ground.transit_days[4] == 2
    assert (ground.currency, ground.dim_divisor) == ("USD", 5000)


def test_prices_rise_with_way_and_weight(operator: int):
    for facts in services.list_for(organization_id=operator):
        assert (np.diff(facts.amounts, axis=0) > 0).all()
        assert (np.diff(facts.amounts, axis=1) > 0).all()
        assert (np.diff(facts.transit_days) >= 0).all()


def test_a_local_service_ends_at_its_farthest_point(operator: int):
    assert by_code(operator)["sandbox_same_day"].zone_km.tolist() == [50]
    Service.objects.filter(code="sandbox_ground").update(max_distance_km=700)

    assert by_code(operator)["sandbox_ground"].zone_km.tolist() == [50, 150, 300, 600, 700]


def test_a_missing_cell_costs_infinity(operator: int):
    Rate.objects.filter(
        sheet__service__code="sandbox_ground", max_distance_km=50, max_weight_g=250
    ).delete()

    assert by_code(operator)["sandbox_ground"].amounts[0, 0] == np.inf


def test_the_newest_sheet_that_began_counts(operator: int):
    service = Service.objects.get(code="sandbox_ground")
    for valid_from, amount in [("2020-01-01", "9.00"), ("2999-01-01", "1.00")]:
        sheet = RateSheet.objects.create(service=service, currency="USD", valid_from=valid_from)
        Rate.objects.create(
            sheet=sheet,
            zone=1,
            max_distance_km=100,
            max_weight_g=500,
            amount=Decimal(amount),
            transit_days=1,
        )

    assert by_code(operator)["sandbox_ground"].amounts.tolist() == [[9.0]]


def test_another_currency_is_another_entry(operator: int):
    accounts.ensure_sandbox_carrier(currency="BRL")

    ground = [f for f in services.list_for(organization_id=operator) if f.code == "sandbox_ground"]
    assert [f.currency for f in ground] == ["BRL", "USD"]
    # (5.40 + 0.70 × 0.25 kg) × (1 + 50 / 4000) × 4
    assert ground[0].amounts[0, 0] == 22.58


def test_without_an_allowance_there_is_nothing(setup):
    partner = organizations.ensure_partner(code="partner", name="Partner")

    assert services.list_for(organization_id=partner.pk) == []


def test_a_sandbox_never_sees_a_live_account(setup):
    sandbox = organizations.ensure_sandbox()

    accounts.ensure_sandbox_carrier(organization_ids=[sandbox.pk])

    seen = {facts.account_id for facts in services.list_for(organization_id=sandbox.pk)}
    assert seen == {setup.test_account_id}


def test_an_inactive_account_is_not_used(operator: int, setup):
    CarrierAccount.objects.filter(pk=setup.live_account_id).update(is_active=False)

    assert services.list_for(organization_id=operator) == []


def test_it_takes_three_statements(operator: int, django_assert_num_queries):
    with django_assert_num_queries(3):
        services.list_for(organization_id=operator)


def test_setting_up_twice_changes_nothing(setup):
    before = (Service.objects.count(), RateSheet.objects.count(), Rate.objects.count())
    Service.objects.filter(code="sandbox_ground").update(name="Slow and steady")

    again = accounts.ensure_sandbox_carrier()

    assert again == setup
    assert (Service.objects.count(), RateSheet.objects.count(), Rate.objects.count()) == before
    assert Service.objects.get(code="sandbox_ground").name == "Slow and steady"


@pytest.mark.parametrize("km", [49, 299, 999, 1599, 2399, 3599, 4999, 8999, 19999])
def test_the_sheet_never_promises_faster_than_the_carrier_is(operator: int, km: int):
    from carriers.adapters.sandbox.simulator import world

    for facts in services.list_for(organization_id=operator):
        zone = int(np.searchsorted(facts.zone_km, km))
        service = world.find_service(facts.code)
        assert service is not None
        if zone < facts.zone_km.size:
            assert facts.transit_days[zone] >= world.transit_days(service, km)

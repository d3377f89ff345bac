"""Organizations: the operator and the sandbox exist once, whoever asks first."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from oms.infra.accounts.models import Organization
from oms.infra.accounts.services import organizations

pytestmark = pytest.mark.django_db


def test_the_operator_exists_once_whatever_it_is_called_later() -> None:
    first = organizations.ensure_operator()
    again = organizations.ensure_operator(code="other", name="Other", currency="EUR")
    assert (first.code, first.name, first.currency) == ("operator", "Northwind Outfitters", "USD")
    assert again.pk == first.pk
    assert Organization.objects.get().name == "Northwind Outfitters"


def test_the_sandbox_is_a_world_of_its_own() -> None:
    sandbox = organizations.ensure_sandbox()
    assert sandbox.is_sandbox is True
    assert organizations.ensure_sandbox().pk == sandbox.pk
    assert organizations.ensure_operator().pk != sandbox.pk


def test_a_partner_is_found_by_code() -> None:
    partner = organizations.ensure_partner(code="acme", name="Acme", currency="BRL")
    assert organizations.ensure_partner(code="acme", name="Renamed").name == "Acme"
    assert organizations.get_by_code("acme") == partner
    with pytest.raises(organizations.UnknownOrganization, match="'nobody'"):
        organizations.get_by_code("nobody")


def test_the_database_refuses_a_second_operator_and_a_sandboxed_one() -> None:
    organizations.ensure_operator()
    with pytest.raises(IntegrityError), transaction.atomic():
        Organization.objects.create(code="second", name="Second", is_operator=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Organization.objects.filter(is_operator=True).update(is_sandbox=True)

"""The sellers: the operator and the sandbox always exist once, partners by code."""

from __future__ import annotations

from oms.core.errors import NotFound
from oms.infra.accounts.models import Organization


class UnknownOrganization(NotFound):
    code = "accounts.unknown_organization"
    title = "Unknown organization"


def ensure_operator(
    *, code: str = "operator", name: str = "Northwind Outfitters", currency: str = "USD"
) -> Organization:
    """This function will return the operator's own organization, making it the first time."""
    operator, _ = Organization.objects.get_or_create(
        is_operator=True, defaults={"code": code, "name": name, "currency": currency}
    )
    return operator


def ensure_sandbox(
    *, code: str = "sandbox", name: str = "Sandbox", currency: str = "USD"
) -> Organization:
    """This function will return the sandbox organization, making it the first time."""
    sandbox, _ = Organization.objects.get_or_create(
        code=code, is_sandbox=True, defaults={"name": name, "currency": currency}
    )
    return sandbox


def ensure_partner(*, code: str, name: str, currency: str = "USD") -> Organization:
    """This function will return the organization with this code, making it the first time."""
    partner, _ = Organization.objects.get_or_create(
        code=code, defaults={"name": name, "currency": currency}
    )
    return partner


def get_by_code(code: str) -> Organization:
    """This function will return the organization with this code.

    :raises UnknownOrganization: there is none.
    """
    found = Organization.objects.filter(code=code).first()
    if found is None:
        raise UnknownOrganization(f"There is no organization with the code {code!r}.")
    return found

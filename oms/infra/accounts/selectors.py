"""Who stands behind an actor's reference, in words for staff."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import User
from django.utils.translation import gettext

from oms.infra.accounts.models import ApiKey, Organization, StaffProfile
from oms.infra.accounts.types import Authority


def names_of(*, actors: Collection[str]) -> dict[str, str]:
    """This function will return a name for each actor reference, in at most two statements."""
    kinds = {actor: actor.partition(":")[::2] for actor in actors}
    people = _people({key for kind, key in kinds.values() if kind == "staff" and key.isdigit()})
    keys = _keys({key for kind, key in kinds.values() if kind == "key"})
    return {actor: _name(kind, key, people, keys) for actor, (kind, key) in kinds.items()}


#: Kinds of actors that are the product's own parts, named by code and never by a caller.
_AUTOMATIC = frozenset({"system", "relay", "task"})


def authority_of(*, actor: str) -> Authority:
    """This function will return how much an actor may answer for: administrators and the product's
    own parts any amount, other staff their limit in the operator's currency, partners nothing."""
    kind, _, key = actor.partition(":")
    currency = operator_currency()
    if kind in _AUTOMATIC:
        return Authority(currency, is_unlimited=True, is_automatic=True)
    if kind != "staff" or not key.isdigit():
        return Authority(currency)
    user = User.objects.filter(pk=int(key), is_active=True).first()
    if user is None:
        return Authority(currency)
    profile = StaffProfile.objects.filter(user=user).first()
    limit = profile.approval_limit if profile else None
    return Authority(currency, limit=limit, is_unlimited=user.is_superuser)


def operator_currency() -> str:
    """This function will return the currency in which limits of staff count."""
    operator = Organization.objects.filter(is_operator=True).values_list("currency", flat=True)
    return operator.first() or ""


def known_organizations(*, ids: Collection[int]) -> set[int]:
    """This function will return those of the primary keys that are an organization's."""
    found = Organization.objects.filter(pk__in=set(ids)).order_by("pk")
    return set(found.values_list("pk", flat=True))


def organization_choices() -> list[tuple[int, str]]:
    """This function will return the active organizations for a form to offer, by name."""
    active = Organization.objects.filter(is_active=True).order_by("name", "pk")
    return list(active.values_list("pk", "name"))


def _name(kind: str, key: str, people: dict[str, str], keys: dict[str, str]) -> str:
    if kind == "staff":
        return people.get(key, gettext("A colleague"))
    if kind == "key":
        return keys.get(key, gettext("A partner"))
    if kind in ("clerk", "floor"):
        return gettext("The floor")
    return gettext("Automatic")


def _people(ids: set[str]) -> dict[str, str]:
    if not ids:
        return {}
    found = User.objects.filter(pk__in=ids)
    return {str(user.pk): user.get_full_name() or user.get_username() for user in found}


def _keys(ids: set[str]) -> dict[str, str]:
    return dict(ApiKey.objects.filter(key_id__in=ids).values_list("key_id", "name")) if ids else {}

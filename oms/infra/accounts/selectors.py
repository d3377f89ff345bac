"""Who stands behind an actor's reference, in words for staff."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import User
from django.utils.translation import gettext

from oms.infra.accounts.models import ApiKey, Organization


def names_of(*, actors: Collection[str]) -> dict[str, str]:
    """This function will return a name for each actor reference, in at most two statements."""
    kinds = {actor: actor.partition(":")[::2] for actor in actors}
    people = _people({key for kind, key in kinds.values() if kind == "staff" and key.isdigit()})
    keys = _keys({key for kind, key in kinds.values() if kind == "key"})
    return {actor: _name(kind, key, people, keys) for actor, (kind, key) in kinds.items()}


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

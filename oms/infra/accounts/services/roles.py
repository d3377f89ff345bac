"""What each role may see and do, as one table applied to Django's groups; repeatable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction

from oms.core.errors import FieldError, Invalid
from oms.infra.accounts.models import StaffProfile

Role = StaffProfile.Role

#: Every room with something to see, and where personal data or credentials are near.
_BUSINESS = (
    "orders",
    "channels",
    "customers",
    "returns",
    "routing",
    "inventory",
    "catalog",
    "nodes",
    "warehouse",
    "carriers",
    "control_tower",
    "dashboards",
)
_MACHINERY = ("outbox", "jobs", "idempotency")
_FLOOR = ("inventory", "catalog", "nodes", "warehouse")

#: role -> action -> rooms. ADMIN is a superuser and needs no row.
GRANTS: Mapping[Role, Mapping[str, Sequence[str]]] = {
    Role.OPERATIONS: {
        "view": (*_BUSINESS, *_MACHINERY, "contacts"),
        "change": _BUSINESS,
        "add": ("orders", "returns", "catalog", "nodes", "warehouse", "control_tower"),
    },
    Role.FLOOR: {"view": _FLOOR, "change": ("warehouse",)},
    Role.SUPPORT: {
        "view": (
            *("orders", "channels", "customers", "returns", "carriers", "catalog", "contacts"),
            "jobs",
        ),
        "change": ("orders", "customers", "returns"),
        "add": ("returns",),
    },
    Role.ENGINEER: {"view": (*_BUSINESS, *_MACHINERY), "change": _MACHINERY},
    Role.VIEWER: {"view": _BUSINESS},
}


class InvalidLimit(Invalid):
    code = "accounts.invalid_limit"


def sync() -> None:
    """This function will make one group per role hold exactly the permissions of `GRANTS`."""
    by_room: dict[tuple[str, str], list[Permission]] = {}
    for permission in Permission.objects.select_related("content_type"):
        action = permission.codename.partition("_")[0]
        by_room.setdefault((action, permission.content_type.app_label), []).append(permission)
    with transaction.atomic():
        for role, grants in GRANTS.items():
            group, _ = Group.objects.get_or_create(name=group_name(role))
            group.permissions.set(
                permission
                for action, rooms in grants.items()
                for room in rooms
                for permission in by_room.get((action, room), [])
            )


def group_name(role: Role) -> str:
    """This function will return the name of a role's group."""
    return f"role: {role.value}"


def assign(*, user: User, role: Role, node_codes: Sequence[str] = ()) -> StaffProfile:
    """This function will give a person exactly one role, at the given nodes (none: all)."""
    with transaction.atomic():
        profile, _ = StaffProfile.objects.update_or_create(
            user=user, defaults={"role": role, "node_codes": sorted(set(node_codes))}
        )
        others = Group.objects.filter(name__in=[group_name(other) for other in GRANTS])
        user.groups.remove(*others)
        user.groups.add(*Group.objects.filter(name=group_name(role)))
        user.is_staff = True
        user.is_superuser = role == Role.ADMIN
        user.save(update_fields=["is_staff", "is_superuser"])
    return profile


def set_approval_limit(*, user: User, limit: Decimal | None) -> None:
    """This function will let a person approve up to an amount; None lets them approve nothing.

    :raises InvalidLimit: below zero.
    """
    if limit is not None and limit < 0:
        error = FieldError("/approval_limit", "negative", "Give zero or more, or nothing.")
        raise InvalidLimit("See errors.", errors=[error])
    StaffProfile.objects.filter(user=user).update(approval_limit=limit)


def allowed_node_codes(user: User) -> set[str] | None:
    """This function will return the nodes a person may see: None is all, an empty set is none."""
    if user.is_superuser:
        return None
    profile = StaffProfile.objects.filter(user_id=user.pk).first()
    if profile is None:
        return set()
    return set(profile.node_codes) or None

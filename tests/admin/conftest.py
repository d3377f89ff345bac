"""People with their roles, and a browser session for each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from oms.infra.accounts.models import StaffProfile
from oms.infra.accounts.services import roles
from orders.tests.factories import World
from tests.admin import world as worlds

As = Callable[[str], Client]


@pytest.fixture
def world(db: None) -> World:
    cache.clear()
    return worlds.build()


@pytest.fixture
def as_role(db: None) -> As:
    """This fixture will log a person of a role in."""
    roles.sync()

    def enter(role: str, *node_codes: str) -> Client:
        user = User.objects.create_user(f"the-{role}", password="x")
        roles.assign(user=user, role=StaffProfile.Role(role), node_codes=node_codes)
        client = Client()
        client.force_login(user)
        return client

    return enter


@pytest.fixture
def admin(as_role: As) -> Client:
    return as_role("admin")

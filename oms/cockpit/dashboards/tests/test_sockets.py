"""Sockets open for those who may see, from our own pages only, and only ever speak."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from django.test import Client

from oms.cockpit.dashboards import consumers
from oms.cockpit.dashboards.tests.socket_client import Socket
from oms.infra.accounts.models import StaffProfile
from oms.infra.accounts.services import roles
from oms.websockets import is_same_origin
from orders import tracking_links
from orders.tests.factories import a_draft, a_world

pytestmark = pytest.mark.django_db(transaction=True)

HOME = "http://localhost:8000"


def socket(path: str, *, cookie: str = "", origin: str | None = HOME) -> Socket:
    return Socket(path, cookie=cookie, origin=origin)


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@pytest.fixture
def staff() -> User:
    return User.objects.create_superuser("root")


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 30))


def test_staff_get_a_snapshot_of_the_board_first(staff: User):
    cookie = session_of(staff)

    async def story():
        line = socket("/ws/board/", cookie=cookie)
        assert await line.open()
        first = await line.frame()
        assert (first["topic"], first["type"]) == ("board", "snapshot")
        assert len(first["data"]["stages"]) == 9
        await line.close()

    run(story)


def test_strangers_and_accounts_without_a_role_are_refused(staff: User):
    visitor = session_of(User.objects.create_user("visitor"))

    async def story():
        assert await socket("/ws/board/").is_refused()
        assert await socket("/ws/board/", cookie="nonsense").is_refused()
        assert await socket("/ws/board/", cookie=visitor).is_refused()

    run(story)


@pytest.mark.parametrize(
    "origin",
    [None, "null", "", "http://evil.example", "http://localhost:9000", "http://localhost",
     "http://localhost:8000.evil.example", "ftp://localhost:8000"],
)  # fmt: skip
def test_pages_of_other_origins_are_refused_whatever_their_cookie(staff: User, origin):
    cookie = session_of(staff)

    async def story():
        assert await socket("/ws/board/", cookie=cookie, origin=origin).is_refused()

    run(story)


def test_a_host_that_is_not_ours_is_no_same_origin():
    scope = {"headers": [(b"host", b"evil.example"), (b"origin", b"http://evil.example")]}

    assert is_same_origin(scope) is False


def test_unknown_paths_and_links_are_refused(staff: User):
    async def story():
        for path in ("/ws/", "/ws/other/", "/ws/track/x/", f"/ws/track/{'a' * 26}/"):
            assert await socket(path).is_refused()

    run(story)


def test_whoever_has_the_link_hears_of_the_order():
    [placed] = a_world().place(a_draft())
    path = f"/ws{tracking_links.path_for(placed.public_id)}"

    async def story():
        line = socket(path)
        assert await line.open()
        first = await line.frame()
        assert first["type"] == "snapshot"
        assert first["data"]["order_number"] == str(placed.number)
        await line.close()

    run(story)


def test_the_sixth_socket_of_one_person_is_refused(staff: User):
    cookie = session_of(staff)

    async def story():
        lines = [socket("/ws/board/", cookie=cookie) for _ in range(5)]
        for line in lines:
            assert await line.open()
        assert await socket("/ws/board/", cookie=cookie).is_refused()
        await lines[0].close()
        again = socket("/ws/board/", cookie=cookie)
        assert await again.open()
        for line in [*lines[1:], again]:
            await line.close()
        assert not consumers._open

    run(story)


def test_a_socket_that_speaks_is_ended(staff: User):
    cookie = session_of(staff)

    async def story():
        line = socket("/ws/board/", cookie=cookie)
        await line.open()
        await line.frame()
        await line.say("hello")
        assert await line.ended_with() == 1008
        await line.close()

    run(story)


@pytest.mark.parametrize("deed", ["log out", "lose staff", "change nodes"])
def test_a_right_that_is_taken_away_ends_the_socket(staff: User, deed, monkeypatch):
    monkeypatch.setattr(consumers, "_RECHECK_S", 0.2)
    cookie = session_of(staff)

    def take_away() -> None:
        if deed == "log out":
            client = Client()
            client.cookies["sessionid"] = cookie
            client.post("/admin/logout/")
        elif deed == "lose staff":
            User.objects.update(is_staff=False)
        else:
            roles.assign(user=staff, role=StaffProfile.Role.OPERATIONS, node_codes=["RNO1"])

    async def story():
        line = socket("/ws/board/", cookie=cookie)
        await line.open()
        await line.frame()
        await database_sync_to_async(take_away)()
        assert await line.ended_with() == 1008
        await line.close()

    run(story)

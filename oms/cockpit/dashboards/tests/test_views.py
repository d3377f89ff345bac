"""Pages answer those who may see them; a link that leads nowhere says nothing about why."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from oms.cockpit.dashboards import rate_limits
from oms.core import clock
from oms.infra.accounts.models import StaffProfile
from oms.infra.accounts.services import roles
from orders import tracking_links
from orders.tests.factories import NOW, a_draft, a_world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_counter(monkeypatch):
    """Each test counts from zero, in this process."""
    counter = rate_limits._Counter()
    counter._quiet_until = float("inf")
    monkeypatch.setattr(rate_limits, "_counter", lambda: counter)


@pytest.fixture
def admin_page(admin_client: Client) -> Client:
    return admin_client


def test_the_start_leads_to_the_board(client: Client):
    answer = client.get("/")

    assert (answer.status_code, answer["Location"]) == (302, "/board/")


def test_the_board_asks_strangers_to_log_in(client: Client):
    answer = client.get("/board/")

    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/board/")
    assert client.get("/board/data.json").status_code == 401


def test_an_account_that_is_not_staff_sees_no_board(client: Client):
    client.force_login(User.objects.create_user("visitor"))

    assert client.get("/board/").status_code == 302
    assert client.get("/board/data.json").status_code == 401


def test_staff_see_the_board_and_its_data(admin_page: Client):
    page, data = admin_page.get("/board/"), admin_page.get("/board/data.json")

    assert page.status_code == 200
    assert "Operations · all nodes" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert (data.json()["seq"], len(data.json()["data"]["stages"])) == (0, 9)


def test_the_board_names_no_other_host_and_runs_no_inline_script(admin_page: Client):
    html = admin_page.get("/board/").content.decode()

    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", html) == []
    scripts = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", html)
    assert [s for s in scripts if 'type="application/json"' not in s] == []


def test_a_person_of_one_node_gets_the_board_of_that_node(client: Client):
    user = User.objects.create_user("floor")
    roles.assign(user=user, role=StaffProfile.Role.OPERATIONS, node_codes=["RNO1"])
    client.force_login(user)

    assert client.get("/board/data.json").json()["data"]["title"] == "Operations · RNO1"


def path_of_an_order() -> str:
    [placed] = a_world().place(a_draft())
    return tracking_links.path_for(placed.public_id)


def test_whoever_has_the_link_sees_the_page_and_may_not_pass_it_on_unknowingly(client: Client):
    path = path_of_an_order()

    for answer in (client.get(path), client.get(f"{path}data.json")):
        assert answer.status_code == 200
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert answer["Cache-Control"] == "no-store"
    with clock.virtual(NOW):
        data = client.get(f"{path}data.json").json()["data"]
    assert data["headline"].startswith("Arrives")
    assert "Set-Cookie" not in client.get(path)


WRONG = [
    "a" * 26,
    "A" * 26,
    "x",
    "a" * 500,
    "%27%20OR%201=1",
    "%00",
    "<script>",
    "ünïcode",
]


def test_every_wrong_link_gets_the_same_answer(client: Client):
    path_of_an_order()

    answers = [client.get(f"/track/{token}/") for token in WRONG]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert {answer["Referrer-Policy"] for answer in answers} == {"no-referrer"}
    datas = [client.get(f"/track/{token}/data.json") for token in WRONG]
    assert {(data.status_code, data.content) for data in datas} == {(404, b'{"code": "not_found"}')}


def test_tracking_pages_only_read(client: Client):
    path = path_of_an_order()

    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


def test_the_sixty_first_request_of_a_minute_waits(client: Client, monkeypatch):
    monkeypatch.setattr(rate_limits, "_WINDOW_S", 86_400 * 365)
    answers = [client.get("/track/wrong/").status_code for _ in range(61)]

    assert answers == [404] * 60 + [429]
    answer = client.get("/track/wrong/", REMOTE_ADDR="127.0.0.1")
    assert int(answer["Retry-After"]) >= 1
    assert answer["Referrer-Policy"] == "no-referrer"
    assert client.get("/track/wrong/", REMOTE_ADDR="127.0.0.9").status_code == 404


def test_requests_are_counted_in_the_broker_for_all_processes(monkeypatch):
    monkeypatch.setattr(rate_limits, "_counter", lambda: rate_limits._Counter())
    who = f"test-{id(monkeypatch)}"

    waits = [rate_limits.take(name="test", who=who, limit=2) for _ in range(3)]

    assert waits[:2] == [0, 0]
    assert 1 <= waits[2] <= 60


def test_without_a_broker_each_process_counts_for_itself(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    counter = rate_limits._Counter()

    assert [counter.add("key", 7) for _ in range(3)] == [1, 2, 3]
    assert counter.add("key", 8) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nothing-here", 404), ("/track/", 404), ("/track/..%2f/", 404), ("/board/x", 404)],
)
def test_unknown_pages_answer_in_words(client: Client, path: str, status: int):
    answer = client.get(path)

    assert answer.status_code == status
    assert "This page is not here" in answer.content.decode()


def test_a_form_without_its_proof_is_refused_in_words():
    client = Client(enforce_csrf_checks=True)

    answer = client.post("/admin/login/", {"username": "a", "password": "b"})

    assert answer.status_code == 403
    assert "You may not do this" in answer.content.decode()


def test_a_failure_of_ours_is_told_with_its_reference(client: Client, monkeypatch):
    def fail(**_scope):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("oms.cockpit.dashboards.views.board_selectors.snapshot", fail)
    client.raise_request_exception = False
    client.force_login(User.objects.create_superuser("root"))

    answer = client.get("/board/")

    text = answer.content.decode()
    assert answer.status_code == 500
    assert answer["X-Request-Id"] in text
    assert "secret detail" not in text

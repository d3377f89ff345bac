"""One batch for whoever waits: each its own answer, a key one effect, statements few."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.fastlane import intake, shapes
from oms.fastlane.intake import Answer, Asked
from oms.infra.accounts.services import keys
from orders.models import Order
from orders.tests.factories import a_world

pytestmark = pytest.mark.django_db(transaction=True)

SHIP_TO = {
    "name": "Ada Example", "lines": ["1 Main Street"], "city": "Reno", "region": "NV",
    "postcode": "89501", "country": "US",
}  # fmt: skip
KEY = "0123456789abcdef"


@pytest.fixture
def credential() -> Iterator[str]:
    world = a_world()
    yield keys.create(
        organization_id=world.organization_id,
        name="Test",
        scopes=["orders:write"],
        created_by="staff:1",
    ).text
    intake.writer.stop()


def _asked(credential: str, reference: str, sku: str = "A", **changes: Any) -> Asked:
    body = shapes.msgspec.convert(
        {
            "external_ref": reference,
            "channel": "shop",
            "currency": "USD",
            "ship_to": SHIP_TO,
            "lines": [{"sku": sku, "quantity": 1}],
        },
        shapes.OrderBody,
    )
    return replace(Asked(credential, "shop", shapes.to_draft(body)), **changes)


def _all(asked: list[Asked]) -> list[Answer | None]:
    async def gathered() -> list[Answer | None]:
        return await asyncio.gather(*(intake.writer.ask(item) for item in asked))

    return asyncio.run(gathered())


def test_fifty_with_one_key_are_one_order_and_forty_nine_repeats(credential: str) -> None:
    asked = _asked(credential, "R-1", key=KEY, fingerprint="same")

    answers = _all([asked] * 50)

    assert Order.objects.count() == 1
    assert all(answer is not None and answer.status == 201 for answer in answers)
    assert len({repr(answer.body) for answer in answers if answer}) == 1
    assert sum(answer.is_replay for answer in answers if answer) == 49


def test_a_key_that_came_with_another_request_is_left_to_the_ordinary_door(credential: str) -> None:
    first = _asked(credential, "R-1", key=KEY, fingerprint="one")
    other = _asked(credential, "R-2", key=KEY, fingerprint="two")

    answers = intake._serve([first, other])

    assert [answer and answer.status for answer in answers] == [201, None]
    assert Order.objects.count() == 1


def test_one_that_is_refused_leaves_its_key_free_and_the_others_placed(credential: str) -> None:
    wrong = _asked(credential, "R-1", sku="NOPE", key=KEY, fingerprint="wrong")

    answers = intake._serve([wrong, _asked(credential, "R-2")])
    again = intake._serve([replace(_asked(credential, "R-1"), key=KEY, fingerprint="right")])

    assert answers[0] is not None and answers[0].error is not None
    assert answers[0].error.code == "orders.invalid"
    assert [answer and answer.status for answer in (answers[1], again[0])] == [201, 201]


def test_who_may_not_place_is_left_to_the_ordinary_door(credential: str) -> None:
    nowhere = replace(_asked(credential, "R-1"), channel="nowhere")
    stranger = _asked("oms_live_nobody", "R-2")

    answers = intake._serve([nowhere, stranger, _asked(credential, "R-3")])

    assert [answer and answer.status for answer in answers] == [None, None, 201]
    assert Order.objects.count() == 1


def _statements(asked: list[Asked]) -> int:
    with CaptureQueriesContext(connection) as captured:
        answers = intake._serve(asked)
    assert all(answer is not None and answer.status == 201 for answer in answers)
    return len(captured)


def test_statements_do_not_grow_with_the_batch(credential: str) -> None:
    def batch(name: str, size: int) -> list[Asked]:
        return [
            _asked(credential, f"{name}-{n}", key=f"{KEY}-{name}-{n}", fingerprint=f"{name}-{n}")
            for n in range(size)
        ]

    _statements(batch("warm", 1))

    assert _statements(batch("few", 2)) == _statements(batch("many", 6))

"""The pages of stock: every number opens the rows behind it, which come to that number."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.catalog.models import KitComponent, Variant
from inventory.models import (
    ChannelAllotment,
    InboundSupply,
    Lot,
    Reservation,
    SafetyRule,
    StockMovement,
    StockPosition,
)
from inventory.services import balances, reservations, stock
from inventory.services.balances import Entry
from inventory.types import Demand, Leg, StockChange
from oms.core import clock
from oms.core.admin.paging import EstimatedCountPaginator
from oms.core.transactions import unit
from orders.tests.factories import World
from tests.admin import world as worlds
from tests.admin.conftest import As

_FIGURE = re.compile(r'<a class="o-link o-num[^"]*" href="([^"]+)">([−\d,]+)</a>')
_OUR_PART = re.compile(r'<article class="o-page">.*</article>', re.DOTALL)


@pytest.fixture
def busy(world: World) -> StockPosition:
    """Two nodes with variant A; in Reno every balance is something."""
    world.receive("dallas", "A", 40)
    here = worlds.position(world)
    entry = Entry(
        position_id=here.pk,
        kind=StockMovement.Kind.QUARANTINED,
        document_kind="test",
        document_ref="t",
        at=clock.now() - timedelta(days=3),
        actor="test",
        channel="shop",
        on_hand=-12,
        earmarked=5,
        quarantined=7,
        damaged=3,
        returned=2,
    )
    with unit():
        balances.lock_ids(position_ids=[here.pk])
        balances.book(entries=[entry])
        reservations.reserve(demands=[demand(world, "ord_1", 4)])
        reservations.hold(
            demands=[demand(world, "cart_1", 2)], expires_at=clock.now() + timedelta(hours=1)
        )
        reservations.hold(
            demands=[demand(world, "cart_2", 6)], expires_at=clock.now() - timedelta(hours=1)
        )
    StockPosition.objects.filter(pk=here.pk).update(safety_stock=10)
    SafetyRule.objects.create(node=here.node, variant=here.variant, quantity=10)
    supply(world, here)
    here.refresh_from_db()
    return here


def demand(world: World, ref: str, quantity: int, node: str = "reno") -> Demand:
    leg = Leg("1", world.variant_ids["A"], world.node_ids[node], quantity)
    return Demand(
        world.organization_id, "order", ref, (leg,), channel="pos", needed_on=date(2026, 12, 24)
    )


def supply(world: World, place: StockPosition) -> None:
    InboundSupply.objects.create(
        organization_id=world.organization_id,
        node_id=place.node_id,
        variant_id=place.variant_id,
        kind=InboundSupply.Kind.PURCHASE_ORDER,
        document_ref="PO-7",
        expected_on=date(2026, 12, 1),
        quantity=30,
        received=10,
    )


def place_address(place: StockPosition) -> str:
    return reverse("admin:inventory_stockposition_change", args=(place.pk,))


def variant_address(place: StockPosition) -> str:
    return reverse("admin:inventory_stockposition_variant", args=(place.variant_id,))


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return html.unescape(answer.content.decode())


def figures(text: str) -> list[tuple[str, int]]:
    """Every number with a link on a page, and where it leads."""
    return [
        (href, int(number.replace(",", "").replace("−", "-")))
        for href, number in _FIGURE.findall(text)
    ]


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


@pytest.mark.parametrize("address", [place_address, variant_address])
def test_every_number_opens_rows_that_come_to_it(
    busy: StockPosition, admin: Client, address: object
) -> None:
    found = figures(read(admin, address(busy)))

    opened = set()
    for href, number in found:
        changes = admin.get(href).context["cl"]
        if "inboundsupply" in href:
            coming = (row.quantity - row.received - row.lost for row in changes.result_list)
            assert sum(coming) == number, href
            continue
        facts = dict(changes.tally.facts)
        if "takes=nothing" in href:
            assert sum(row.quantity for row in changes.result_list) == number == 6
            continue
        shown = int(re.sub(r"<[^>]+>|[+,]", "", str(facts["sum of the changes"])))
        assert shown == abs(number), href
        assert "Adds up" in str(changes.tally.pills[0]), href
        opened.add(href.partition("balance=")[2])
    assert opened == {
        "on_hand", "allocated", "held", "earmarked", "quarantined", "damaged", "returned",
    }  # fmt: skip


def test_the_numbers_of_a_place_are_its_own(busy: StockPosition, admin: Client) -> None:
    numbers = dict(figures(read(admin, variant_address(busy))))

    def of(balance: str, **where: int) -> int:
        query = "&".join(f"{key}={value}" for key, value in where.items())
        return numbers[f"/admin/inventory/stockmovement/?{query}&balance={balance}"]

    assert (busy.on_hand, busy.allocated, busy.held) == (888, 4, 8)
    for balance in ("on_hand", "allocated", "held", "earmarked", "quarantined"):
        assert of(balance, position=busy.pk) == getattr(busy, balance)
    assert of("on_hand", position__variant=busy.variant_id) == 888 + 40
    assert of("held", position__variant=busy.variant_id) == 8


def test_the_total_of_a_variant_is_what_its_nodes_can_promise(
    busy: StockPosition, admin: Client
) -> None:
    # Dallas keeps back more than it has: it adds nothing, and takes nothing from Reno.
    StockPosition.objects.filter(node__code="dallas", variant=busy.variant).update(safety_stock=90)

    text = words(read(admin, variant_address(busy)))

    # 888 on hand − 4 allocated − 8 held − 5 kept − 10 safety + 6 that ran out
    assert "Can be sold, all nodes 867 " in text
    assert "867 free" in text
    assert "None free" in text
    assert "20 next Dec 1" in text


def test_a_place_says_why_so_many_can_be_promised(busy: StockPosition, admin: Client) -> None:
    page = admin.get(place_address(busy)).context["page"]
    why = page.main[0]

    assert [step.units for step in why.steps] == [888, -4, -8, -5, -10, 6]
    assert why.result.units == sum(step.units for step in why.steps) == 867
    text = words(read(admin, place_address(busy)))
    assert "Why 867 can be promised" in text
    assert "rule for this item here" in text
    assert "free again, though still counted as held" in text


def test_a_place_below_nothing_promises_nothing_and_says_so(
    busy: StockPosition, admin: Client
) -> None:
    StockPosition.objects.filter(pk=busy.pk).update(safety_stock=900)

    text = words(read(admin, place_address(busy)))

    assert "Why 0 can be promised" in text
    assert "= free −23" in text
    assert "Less than nothing is free" in text


def test_a_place_that_may_not_sell_says_so(busy: StockPosition, admin: Client) -> None:
    busy.node.is_active = False
    busy.node.save()

    text = words(read(admin, place_address(busy)))

    assert "Not sold from here" in text
    assert "The node is switched off" in text


def test_the_chart_ends_with_what_is_on_hand_and_its_days_open_their_movements(
    busy: StockPosition, admin: Client
) -> None:
    chart = admin.get(place_address(busy)).context["page"].main[1]

    assert (len(chart.days), chart.days[-1].level) == (30, 888)
    assert (chart.units_in, chart.units_out) == ("900", "12")
    moving = [day for day in chart.days if day.units_in or day.units_out]
    assert len(moving) == 2
    for day in moving:
        tally = admin.get(day.href).context["cl"].tally
        expected = f"{day.units_in - day.units_out:+,}".replace("-", "−")
        assert (tally.facts[0][1], tally.pills) == (expected, [])


def test_the_chart_can_be_read_without_seeing_it(busy: StockPosition, admin: Client) -> None:
    text = read(admin, place_address(busy))

    [label] = re.findall(r'role="img" aria-label="([^"]+)"', text)
    assert "900 in, 12 out, 888 at the end" in label
    [table] = re.findall(r'<details class="o-days">.*?</details>', text, re.DOTALL)
    assert table.count("<tr>") == 31


def test_what_takes_from_a_place_is_listed_with_its_facts(
    busy: StockPosition, admin: Client
) -> None:
    text = words(read(admin, place_address(busy)))
    assert "Ran out: free again" in text
    assert "Dec 24, 2026" in text

    held = admin.get(reverse("admin:inventory_reservation_changelist"), {
        "position": busy.pk, "takes": "held",
    })  # fmt: skip
    changes = held.context["cl"]
    assert sorted(row.demand_ref for row in changes.result_list) == ["cart_1", "cart_2"]
    assert "Adds up" in str(changes.tally.pills[0])


def test_the_page_of_a_reservation_tells_all_its_facts(busy: StockPosition, admin: Client) -> None:
    lot = Lot.objects.create(variant=busy.variant, code="L-77")
    Reservation.objects.filter(demand_ref="cart_1").update(lot=lot, extensions=2)
    row = Reservation.objects.get(demand_ref="cart_1")

    text = words(read(admin, reverse("admin:inventory_reservation_change", args=(row.pk,))))

    for fact in ("L-77", "pos", "Dec 24, 2026", "extended 2 times", "Reno"):
        assert fact in text, fact


def test_lots_of_a_tracked_variant_lie_on_the_page(world: World, admin: Client) -> None:
    milk = another(world, "MILK", tracking="lot")
    made = [Lot.objects.create(variant=milk, code=code) for code in ("GOOD", "OLD", "BAD")]
    changes = [StockChange(world.node_ids["reno"], milk.pk, 5, lot_id=lot.pk) for lot in made]
    with unit():
        stock.receive(changes=changes)
    Lot.objects.filter(code="GOOD").update(expires_on=date(2099, 1, 1))
    Lot.objects.filter(code="OLD").update(expires_on=date(2020, 1, 1))
    Lot.objects.filter(code="BAD").update(block="recalled")

    text = words(read(admin, place_address(StockPosition.objects.get(variant=milk))))

    assert "OLD Past its day Jan 1, 2020 5" in text
    assert "BAD Recalled" in text
    assert "GOOD Jan 1, 2099 5" in text
    assert "− lots and serial numbers not for sale −10" in text
    assert "Why 5 can be promised" in text


def test_kept_for_a_channel_is_said(busy: StockPosition, admin: Client) -> None:
    ChannelAllotment.objects.update_or_create(
        position=busy, channel="shop", defaults={"remaining": 5}
    )

    assert "Kept for channels shop 5" in words(read(admin, place_address(busy)))


def test_a_balance_that_drifted_is_told(busy: StockPosition, admin: Client) -> None:
    StockPosition.objects.filter(pk=busy.pk).update(damaged=9)

    tally = (
        admin.get(f"/admin/inventory/stockmovement/?position={busy.pk}&balance=damaged")
        .context["cl"]
        .tally
    )

    assert "Does not add up: +6 unexplained" in str(tally.pills[0])


def test_a_list_too_long_to_add_up_is_not_added_up(
    busy: StockPosition, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EstimatedCountPaginator, "CAP", 1)

    changes = admin.get(
        f"/admin/inventory/stockmovement/?position={busy.pk}&balance=on_hand"
    ).context["cl"]

    assert (changes.tally.facts, changes.tally.pills) == ((), ())
    assert changes.result_list[0].after == 888


def test_movements_tell_what_the_balance_came_to(busy: StockPosition, admin: Client) -> None:
    page = f"/admin/inventory/stockmovement/?position={busy.pk}&balance=held"

    rows = admin.get(page).context["cl"].result_list
    some = admin.get(f"{page}&kind__exact=held&q=cart_1").context["cl"]

    assert [(row.delta, row.after) for row in rows] == [(6, 8), (2, 2)]
    assert [(row.delta, row.after) for row in some.result_list] == [(2, 2)]
    assert (some.tally.facts[0][1], some.tally.pills) == ("+2", [])


@pytest.mark.parametrize(
    "address",
    [
        "stockmovement/?day=never",
        "stockmovement/?balance=love",
        "stockmovement/?position=²",
        "stockmovement/?position=99999999999999999999&balance=held",
        "stockmovement/?position__variant=x",
        "reservation/?takes=all",
        "reservation/?variant=-1&takes=held",
        "stockposition/?free=much",
    ],
)
def test_a_wrong_address_breaks_nothing(busy: StockPosition, admin: Client, address: str) -> None:
    assert admin.get(f"/admin/inventory/{address}", follow=True).status_code == 200


def test_people_of_another_node_see_nothing_of_it(busy: StockPosition, as_role: As) -> None:
    floor = as_role("floor", "dallas")

    assert floor.get(place_address(busy)).status_code == 302
    text = words(read(floor, variant_address(busy)))
    assert "Dallas" in text
    assert "Reno" not in text
    assert "Can be sold, all nodes 40 " in text
    for query in (f"position={busy.pk}", f"position__variant={busy.variant_id}"):
        changes = floor.get(f"/admin/inventory/stockmovement/?{query}&balance=held").context["cl"]
        assert list(changes.result_list) == []
    rows = floor.get(f"/admin/inventory/reservation/?position={busy.pk}").context["cl"]
    assert (list(rows.result_list), rows.tally) == ([], None)
    row = Reservation.objects.get(demand_ref="cart_1")
    page = reverse("admin:inventory_reservation_change", args=(row.pk,))
    assert floor.get(page).status_code == 302


def test_people_without_stock_in_their_role_are_refused(busy: StockPosition, as_role: As) -> None:
    support = as_role("support")

    assert support.get(place_address(busy)).status_code == 403
    assert support.get(variant_address(busy)).status_code == 403
    stock_of = reverse("admin:catalog_variant_see_stock", args=(busy.variant_id,))
    assert support.get(stock_of).status_code == 403


def test_a_variant_without_stock_says_so_and_an_unknown_one_is_not_found(
    world: World, admin: Client
) -> None:
    fresh = another(world, "FRESH")
    address = reverse("admin:inventory_stockposition_variant", args=(fresh.pk,))
    unknown = reverse("admin:inventory_stockposition_variant", args=(999_999,))

    assert "No stock yet" in words(read(admin, address))
    assert admin.get(unknown).status_code == 404


def test_a_kit_leads_to_the_stock_of_its_parts(world: World, admin: Client) -> None:
    kit = another(world, "KIT")
    KitComponent.objects.create(kit=kit, component_id=world.variant_ids["A"], quantity=2)

    text = read(admin, reverse("admin:inventory_stockposition_variant", args=(kit.pk,)))

    assert "A kit has no stock of its own" in text
    part = reverse("admin:inventory_stockposition_variant", args=(world.variant_ids["A"],))
    assert f'href="{part}"' in text
    assert "Thing A 2" in words(text)


def test_a_place_where_nothing_moved_says_so(world: World, admin: Client) -> None:
    with unit():
        balances.add_places(places=[(world.node_ids["dallas"], world.variant_ids["B"])])
    place = StockPosition.objects.get(node__code="dallas")

    text = words(read(admin, place_address(place)))

    for said in ("Nothing has moved", "Nothing is reserved here", "Nothing is on its way"):
        assert said in text
    assert "No movement yet" in text


def test_an_exact_sku_or_barcode_opens_the_variant(busy: StockPosition, admin: Client) -> None:
    Variant.objects.filter(pk=busy.variant_id).update(barcode="4006381333931")
    stock_list = reverse("admin:inventory_stockposition_changelist")

    for term in ("A", " a ", "4006381333931"):
        assert admin.get(stock_list, {"q": term}).headers["Location"] == variant_address(busy)
    by_name = admin.get(stock_list, {"q": "thing"}).context["cl"]
    assert by_name.result_count == StockPosition.objects.count()
    assert admin.get(stock_list, {"q": "nothing like it"}).context["cl"].result_count == 0


def test_the_list_tells_of_each_place_and_is_found_by_what_is_free(
    busy: StockPosition, admin: Client
) -> None:
    stock_list = reverse("admin:inventory_stockposition_changelist")

    [row] = [r for r in admin.get(stock_list).context["cl"].result_list if r.pk == busy.pk]
    assert (row.stored, row.free, row.inbound) == (861, 867, 20)
    text = words(read(admin, stock_list))
    assert "867 free" in text
    StockPosition.objects.filter(node__code="dallas").update(safety_stock=30)
    few = admin.get(stock_list, {"free": "few"}).context["cl"].result_list
    assert [(row.node.code, row.variant.sku) for row in few] == [("dallas", "A")]
    most_first = admin.get(stock_list, {"o": "-3"}).context["cl"].result_list
    stored = [row.stored for row in most_first]
    assert stored == sorted(stored, reverse=True)
    assert {861, 10} < set(stored)


def test_movements_are_found_by_document_and_by_sku(busy: StockPosition, admin: Client) -> None:
    def found(term: str) -> set[str]:
        rows = admin.get("/admin/inventory/stockmovement/", {"q": term}).context["cl"].result_list
        return {row.document_ref for row in rows}

    assert found("cart_1") == {"cart_1"}
    assert found("A") == {"test", "t", "ord_1", "cart_1", "cart_2"}
    assert found("B").isdisjoint({"t", "ord_1", "cart_1", "cart_2"})
    assert found("cart") == set()


def test_the_page_of_a_variant_leads_to_its_stock(busy: StockPosition, admin: Client) -> None:
    edit = read(admin, reverse("admin:catalog_variant_change", args=(busy.variant_id,)))
    stock_of = reverse("admin:catalog_variant_see_stock", args=(busy.variant_id,))

    assert stock_of in edit
    assert admin.get(stock_of).headers["Location"] == variant_address(busy)


def test_pages_cost_the_same_with_more_to_show(
    busy: StockPosition, world: World, admin: Client
) -> None:
    lists = "/admin/inventory/stockmovement/?"
    pages = [
        place_address(busy),
        variant_address(busy),
        f"{lists}position={busy.pk}&balance=on_hand",
        f"{lists}position__variant={busy.variant_id}&balance=allocated",
        f"/admin/inventory/reservation/?position={busy.pk}&takes=allocated",
        reverse("admin:inventory_stockposition_changelist"),
    ]
    cost(admin, pages[0])
    few = [cost(admin, page) for page in pages]

    StockPosition.objects.bulk_create(
        StockPosition(node_id=node, variant_id=variant, on_hand=0)
        for node, variant in more_places(world)
    )
    with unit():
        stock.receive(changes=[StockChange(busy.node_id, busy.variant_id, 1) for _ in range(40)])
        reservations.reserve(demands=[demand(world, f"o{n}", 1) for n in range(15)])
    supply_more = InboundSupply.objects.get()
    for line in range(2, 12):
        supply_more.pk, supply_more.public_id, supply_more.line_ref = None, f"sup_{line}", str(line)
        supply_more.save()

    assert [cost(admin, page) for page in pages] == few


def more_places(world: World) -> list[tuple[int, int]]:
    return [(world.node_ids["dallas"], another(world, f"SKU-{n}").pk) for n in range(20)]


def another(world: World, sku: str, **facts: str) -> Variant:
    """A variant like B, without stock."""
    made = Variant.objects.get(pk=world.variant_ids["B"])
    made.pk, made.public_id, made.sku, made.name = None, f"var_{sku}", sku, f"Thing {sku}"
    for name, value in facts.items():
        setattr(made, name, value)
    made.save(force_insert=True)
    return made


def cost(client: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(page).status_code == 200
    return len(seen)


def test_what_we_draw_runs_no_script_and_asks_nobody(busy: StockPosition, admin: Client) -> None:
    for address in (place_address(busy), variant_address(busy)):
        [ours] = _OUR_PART.findall(read(admin, address))

        assert "<svg" in ours
        assert not re.search(r"<script|\son\w+=|javascript:|\sstyle=|://", ours), address

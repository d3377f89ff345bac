"""What staff do goes through services, as themselves, and only where their role allows it."""

from __future__ import annotations

from django.contrib import admin as django_admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from inventory.models import StockMovement
from inventory.services import stock
from inventory.types import StockChange
from oms.cockpit.control_tower.models import Case
from oms.core.admin.reading import ReadAdmin
from oms.core.transactions import unit
from oms.infra.accounts.models import ApiKey, StaffProfile
from oms.infra.accounts.services import keys
from oms.infra.contacts.services import vault
from oms.infra.outbox.models import OutboxEvent, Redelivery
from orders.models import Hold, Order
from orders.tests.factories import World, a_draft
from tests.admin import world as worlds
from tests.admin.conftest import As


def _deed(label: str, key: int | None, path: str) -> str:
    base = reverse(f"admin:{label.replace('.', '_')}_changelist")
    return f"{base}{path}/" if key is None else f"{base}{key}/{path}/"


def _actor(role: str) -> str:
    return f"staff:{User.objects.get(username=f'the-{role}').pk}"


def test_a_viewer_can_do_nothing(world: World, as_role: As) -> None:
    worlds.grow(world, 1, label="R")
    viewer = as_role("viewer")
    events = OutboxEvent.objects.count()

    answers = {}
    for model, site in django_admin.site._registry.items():
        row = model._default_manager.first()
        assert row is not None
        if not isinstance(site, ReadAdmin):
            edit = reverse(
                f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=(row.pk,)
            )
            answers[edit] = viewer.post(edit, {"name": "changed"}).status_code
            continue
        paths = [(a.path, row.pk) for a in site._get_base_actions_detail()]
        paths += [(a.path, None) for a in site._get_base_actions_list()]
        for path, key in paths:
            deed = _deed(model._meta.label_lower, key, path)
            answers[deed] = viewer.post(deed, {"reason": "x"}).status_code

    assert len(answers) > 15
    assert set(answers.values()) == {403}, answers
    assert OutboxEvent.objects.count() == events


def test_a_viewer_is_shown_no_deeds_and_no_recipient(world: World, as_role: As) -> None:
    [order] = worlds.grow(world, 1, label="R")

    page = as_role("viewer").get(reverse("admin:orders_order_change", args=(order.pk,)))

    assert page.status_code == 200
    assert page.context["actions_detail"] == []
    assert b"Hidden" in page.content
    assert worlds.SECRET_NAME.encode() not in page.content


def test_support_sees_the_recipient(world: World, as_role: As) -> None:
    [order] = worlds.grow(world, 1, label="R")

    page = as_role("support").get(reverse("admin:orders_order_change", args=(order.pk,)))

    assert worlds.SECRET_NAME.encode() in page.content
    assert b"1 Main Street" in page.content


def test_the_page_says_so_when_a_person_was_erased(world: World, as_role: As) -> None:
    [order] = worlds.grow(world, 1, label="R")
    with unit():
        vault.erase(subject_id=order.customer.subject_id, reason="asked")

    page = as_role("support").get(reverse("admin:orders_order_change", args=(order.pk,)))

    assert page.status_code == 200
    assert b"Erased" in page.content


def test_the_page_of_an_order_tells_its_story_and_why_the_node(world: World, admin: Client) -> None:
    [order] = worlds.grow(world, 1, label="R")

    text = admin.get(reverse("admin:orders_order_change", args=(order.pk,))).content.decode()

    assert "Picked in Reno" in text
    assert "Reno was chosen" in text
    assert "work.picked" not in text


def test_a_hold_is_placed_and_released_by_name(world: World, as_role: As) -> None:
    [placed] = world.place(a_draft("H-1"))
    order = Order.objects.get(public_id=placed.public_id)
    operations = as_role("operations")

    asked = operations.get(_deed("orders.order", order.pk, "hold"))
    operations.post(
        _deed("orders.order", order.pk, "hold"), {"type": "operator", "reason": "Call first."}
    )
    [hold] = order.holds.all()
    before = (hold.author, hold.reason, hold.released_at)
    operations.post(
        _deed("orders.order", order.pk, "release"), {"type": "operator", "reason": "Called."}
    )
    hold.refresh_from_db()

    assert asked.status_code == 200
    assert before == (_actor("operations"), "Call first.", None)
    assert (hold.released_by, hold.release_reason) == (_actor("operations"), "Called.")


def test_a_deed_asked_for_by_get_does_nothing(world: World, admin: Client) -> None:
    [placed] = world.place(a_draft("H-1"))
    order = Order.objects.get(public_id=placed.public_id)

    for path in ("hold", "release", "route", "cancel"):
        assert admin.get(_deed("orders.order", order.pk, path)).status_code == 200

    assert Order.objects.get(pk=order.pk).status == order.status
    assert not Hold.objects.exists()


def test_a_deed_needs_the_token_of_its_form(world: World, admin: Client) -> None:
    [placed] = world.place(a_draft("H-1"))
    order = Order.objects.get(public_id=placed.public_id)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="the-admin"))

    answer = strict.post(_deed("orders.order", order.pk, "cancel"), {"reason": "x"})

    assert answer.status_code == 403
    assert Order.objects.get(pk=order.pk).status == order.status


def test_a_refusal_is_said_beside_the_form(world: World, admin: Client) -> None:
    [order] = worlds.grow(world, 1, label="R")
    asked = {"type": "operator", "reason": "Look again."}

    answer = admin.post(_deed("orders.order", order.pk, "hold"), asked)

    assert answer.status_code == 409
    assert b"has an open hold of this type" in answer.content
    assert order.holds.count() == 1


def test_what_cannot_be_cancelled_is_said_before_anything_is_asked(
    world: World, admin: Client
) -> None:
    [order] = worlds.grow(world, 1, label="R")
    asked = {"reason": "Less.", "code": "customer", "line_1": "1"}

    answer = admin.post(_deed("orders.order", order.pk, "cancel"), asked)

    assert b"The carton is closed" in answer.content
    assert Order.objects.get(pk=order.pk).closed_at is None


def test_a_cancellation_is_told_before_it_is_done(world: World, admin: Client) -> None:
    [placed] = world.place(a_draft("H-1"))
    order = Order.objects.get(public_id=placed.public_id)
    deed = _deed("orders.order", order.pk, "cancel")
    asked = {"reason": "Changed mind.", "code": "customer"}

    told = admin.post(deed, asked)
    before = Order.objects.get(pk=order.pk).status
    seen = told.context["form"]["seen"].value()
    admin.post(deed, {**asked, "seen": seen})

    assert (told.status_code, before) == (200, "confirmed")
    assert "1 unit is cancelled at once." in seen and "20.00 USD" in seen
    step = order.status_changes.latest("pk")
    assert (step.to_status, step.reason, step.actor) == (
        "cancelled",
        "Changed mind.",
        _actor("admin"),
    )


def test_units_of_a_line_are_cancelled_in_the_dialog(world: World, admin: Client) -> None:
    [placed] = world.place(a_draft("H-1", lines={"A": 5}))
    order = Order.objects.get(public_id=placed.public_id)
    deed = _deed("orders.order", order.pk, "cancel")
    asked = {"reason": "Two less.", "code": "customer", "line_1": "2"}

    seen = admin.post(deed, asked).context["form"]["seen"].value()
    other = admin.post(deed, {**asked, "line_1": "3", "seen": seen})
    admin.post(deed, {**asked, "seen": seen})

    assert b"Press the button again" in other.content
    assert order.lines.get().cancelled == 2
    assert b"Two less." in admin.get(f"/admin/orders/order/{order.pk}/change/").content


def test_an_order_without_stock_is_routed_again(world: World, admin: Client) -> None:
    with unit():
        stock.adjust(changes=[StockChange(world.node_ids["reno"], world.variant_ids["A"], -895)])
    [placed] = world.place(a_draft("H-9", lines={"A": 6}))
    order = Order.objects.get(public_id=placed.public_id)
    deed = _deed("orders.order", order.pk, "route")

    too_early = admin.post(deed)
    still_held = order.holds.filter(type="stock", released_at=None).exists()
    world.receive("reno", "A", 1)
    done = admin.post(deed)

    assert (too_early.status_code, still_held) == (409, True)
    assert done.status_code == 302
    assert not order.holds.filter(released_at=None).exists()
    assert order.fulfillment_orders.get().node.code == "reno"


def test_stock_is_adjusted_by_a_movement(world: World, as_role: As) -> None:
    position = worlds.position(world)

    as_role("operations").post(
        _deed("inventory.stockposition", position.pk, "adjust"),
        {"quantity": "-3", "reason": "Broken."},
    )

    movement = StockMovement.objects.filter(position=position).latest("pk")
    assert (movement.kind, movement.on_hand_delta, movement.reason, movement.actor) == (
        "adjusted",
        -3,
        "Broken.",
        _actor("operations"),
    )
    position.refresh_from_db()
    assert position.on_hand == 897


def test_an_adjustment_below_nothing_is_refused(world: World, admin: Client) -> None:
    position = worlds.position(world)
    count = StockMovement.objects.count()

    answer = admin.post(
        _deed("inventory.stockposition", position.pk, "adjust"),
        {"quantity": "-901", "reason": "Gone."},
    )

    assert answer.status_code == 409
    assert b"cannot fall by 901" in answer.content
    assert StockMovement.objects.count() == count


def test_a_case_is_closed_with_what_was_done(world: World, as_role: As) -> None:
    worlds.grow(world, 1, label="R")
    case = Case.objects.get()

    as_role("operations").post(
        _deed("control_tower.case", case.pk, "close"), {"resolution": "Called the carrier."}
    )

    case.refresh_from_db()
    assert case.closed_at is not None
    assert (case.resolution, case.closed_by) == ("Called the carrier.", _actor("operations"))


def test_dead_letters_are_retried_one_and_all(world: World, as_role: As) -> None:
    worlds.grow(world, 3, label="R")
    engineer = as_role("engineer")
    first = Redelivery.objects.earliest("pk")

    engineer.post(_deed("outbox.redelivery", first.pk, "retry"))
    one = Redelivery.objects.filter(parked_at=None).count()
    engineer.post(_deed("outbox.redelivery", None, "retry-all"))

    assert one == 1
    assert Redelivery.objects.filter(parked_at=None).count() == 3


def test_the_text_of_a_key_is_shown_once_and_stored_nowhere(world: World, admin: Client) -> None:
    made = admin.post(
        _deed("accounts.apikey", None, "create-key"),
        {
            "organization": world.organization_id,
            "name": "Shop",
            "scopes": ["orders:read", "orders:write"],
            "days": "30",
        },
    )
    key = ApiKey.objects.get(name="Shop")
    text = made.context["text"]
    page = admin.get(reverse("admin:accounts_apikey_change", args=(key.pk,))).content.decode()

    assert keys.authenticate(text).scopes == {"orders:read", "orders:write"}
    assert "no-store" in made.headers["Cache-Control"]
    assert text in made.content.decode()
    assert text not in page
    assert key.secret_hash not in page


def test_a_revoked_key_opens_nothing(world: World, admin: Client) -> None:
    new = keys.create(
        organization_id=world.organization_id, name="Old", scopes=["orders:read"], created_by="t:1"
    )

    admin.post(_deed("accounts.apikey", new.key.pk, "revoke"))

    new.key.refresh_from_db()
    assert new.key.revoked_at is not None


def test_a_role_is_given_with_its_permissions(world: World, admin: Client) -> None:
    user = User.objects.create_user("newcomer")

    admin.post(
        reverse("admin:accounts_staffprofile_add"),
        {"user": user.pk, "role": "viewer", "node_codes": "reno"},
    )

    profile = StaffProfile.objects.get(user=user)
    user = User.objects.get(pk=user.pk)
    assert (profile.role, profile.node_codes, user.is_staff) == ("viewer", ["reno"], True)
    assert user.has_perm("orders.view_order")
    assert not user.has_perm("orders.change_order")


def test_a_changed_node_keeps_its_history(world: World, admin: Client) -> None:
    page = reverse("admin:nodes_node_change", args=(world.node_ids["reno"],))
    form = admin.get(page).context["adminform"].form
    data = {name: form.get_initial_for_field(f, name) for name, f in form.fields.items()}
    data |= {"name": "Reno North", "working_days": ["0", "2"], "cutoff_time": "16:30"}
    data = {key: value for key, value in data.items() if value not in (None, False)}
    data |= {
        "allowances-TOTAL_FORMS": "0",
        "allowances-INITIAL_FORMS": "0",
    }

    answer = admin.post(page, data)

    node = form._meta.model.objects.get(pk=world.node_ids["reno"])
    assert answer.status_code == 302
    assert (node.name, node.working_days) == ("Reno North", 0b101)
    change = node.history.latest()
    assert (change.name, change.history_user.username) == ("Reno North", "the-admin")

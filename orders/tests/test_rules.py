"""The rules by themselves: what each objects to, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from inventory.catalog.types import VariantFacts
from oms.core.addresses import PostalAddress, judge
from orders import rules
from orders.rules import BUILT_IN, RULES, CreditFacts, Facts, History, LineFacts, Nearby, fraud
from orders.rules.recipient import contact_of

AT = datetime(2026, 11, 17, 16, tzinfo=UTC)
THING = VariantFacts(1, "A", "Thing", 400, 200, 150, 80, Decimal(20), "USD", True, False)
LINE = LineFacts(THING, 1, Decimal(20))
PLAIN = Facts(
    lines=[LINE],
    country="US",
    currency="USD",
    tier="standard",
    tier_rank=20,
    total_amount=Decimal(20),
    placed_at=AT,
    address=judge(PostalAddress("US", "Reno", "NV", "89501", ("1 Main Street",))),
    contact=contact_of("+1 202 555 0101", "ada@example.com"),
)


def _thing(**changes: Any) -> list[LineFacts]:
    return [replace(LINE, variant=replace(THING, **changes))]


def _judged(rule: str, facts: Facts, **settings: Any) -> tuple[str, list[str]] | None:
    tuned = replace(BUILT_IN[rule], settings=replace(BUILT_IN[rule].settings, **settings))
    answer = tuned.judge(facts)
    return None if answer is None else (answer.verdict, [r["code"] for r in answer.reasons])


def test_an_ordinary_order_is_no_rules_concern() -> None:
    answers = rules.judge(PLAIN, BUILT_IN)

    assert {answer.verdict for _, answer in answers} == {"pass"}
    assert [tuned.rule.code for tuned, _ in answers] == [
        "address", "contact", "embargo", "quantity", "duplicate", "price", "tax", "fraud",
    ]  # fmt: skip


def _address(*lines: str, **changes: str) -> Any:
    place = {"country": "US", "city": "Reno", "region": "NV", "postcode": "89501", **changes}
    return judge(PostalAddress(**place, lines=lines))


@pytest.mark.parametrize(
    ("changes", "settings", "expected"),
    [
        ({"address": _address("1 Main", region="HI")}, {}, ("hold", ["invalid_postcode"])),
        ({"address": _address("Main Street")}, {}, ("hold", ["no_house_number"])),
        (
            {"address": _address("Main Street")},
            {"holds_doubtful": False},
            ("warn", ["no_house_number"]),
        ),
        ({"address": _address("PO Box 4")}, {}, ("pass", [])),
        ({"address": _address("PO Box 4"), "tier": "same_day"}, {}, ("hold", ["po_box"])),
        ({"address": None}, {}, None),
    ],
)
def test_address(changes: Any, settings: Any, expected: Any) -> None:
    assert _judged("address", replace(PLAIN, **changes), **settings) == expected


@pytest.mark.parametrize(
    ("phone", "mail", "tier", "expected"),
    [
        ("", "", "standard", ("pass", [])),
        ("", "", "same_day", ("hold", ["contact_needed"])),
        ("", "a@b.example", "same_day", ("pass", [])),
        ("call me", "", "standard", ("warn", ["implausible_phone"])),
        ("call me", "", "next_day", ("hold", ["implausible_phone", "contact_needed"])),
        ("call me", "a@b.example", "next_day", ("warn", ["implausible_phone"])),
        ("", "a@b", "same_day", ("hold", ["implausible_mail", "contact_needed"])),
    ],
)
def test_contact(phone: str, mail: str, tier: str, expected: Any) -> None:
    facts = replace(PLAIN, contact=contact_of(phone, mail), tier=tier)
    assert _judged("contact", facts) == expected


def test_a_service_level_may_need_a_phone() -> None:
    facts = replace(PLAIN, contact=contact_of("", "a@b.example"))
    assert _judged("contact", facts, phone_tiers=("standard",)) == ("hold", ["phone_needed"])


@pytest.mark.parametrize(
    ("phone", "is_plausible"),
    [
        ("+1 202 555 0101", True), ("(775) 555-0147", True), ("030/1234567 ext. 12", True),
        ("+49 30 901820", True), ("555-HELP", False), ("0000000000", False), ("1234567", False),
        ("12", False), ("+" + "1234" * 5, False), ("", False), ("none", False),
    ],
)  # fmt: skip
def test_a_phone_number_that_can_be_right(phone: str, is_plausible: bool) -> None:
    assert contact_of(phone, "").is_phone_plausible is is_plausible


@pytest.mark.parametrize(
    ("mail", "is_plausible"),
    [
        ("ada@example.com", True), ("a.b+c@mail.example.co.uk", True), ("ü@bücher.example", True),
        ("ada@", False), ("@example.com", False), ("ada@example", False), ("a@b@c.com", False),
        ("a..b@example.com", False), ("x@test.com", False), ("ada example.com", False),
    ],
)  # fmt: skip
def test_a_mail_address_that_can_be_right(mail: str, is_plausible: bool) -> None:
    assert contact_of("", mail).is_email_plausible is is_plausible


@pytest.mark.parametrize(
    ("item", "changes", "settings", "expected"),
    [
        ({}, {}, {}, None),
        ({"blocked_countries": ("US",)}, {}, {}, ("hold", ["country_not_allowed"])),
        ({"blocked_countries": ("CA",)}, {}, {}, ("pass", [])),
        ({"allowed_countries": ("CA",)}, {}, {}, ("hold", ["country_not_allowed"])),
        ({"allowed_countries": ("US",)}, {}, {}, ("pass", [])),
        ({"min_age": 18}, {}, {}, ("hold", ["age_not_checked"])),
        ({"min_age": 18}, {"tags": ["age-checked"]}, {}, ("pass", [])),
        ({"is_export_controlled": True}, {}, {}, ("hold", ["export_controlled"])),
        ({"is_export_controlled": True}, {}, {"home_countries": ("US",)}, ("pass", [])),
        ({"is_hazmat": True}, {}, {}, ("pass", [])),
        ({"is_hazmat": True}, {}, {"hazmat_countries": ("CA",)}, ("hold", ["hazmat_country"])),
        (
            {"is_hazmat": True},
            {"tier": "next_day"},
            {"hazmat_refused_tiers": ("next_day",)},
            ("hold", ["hazmat_tier"]),
        ),
        (
            {"is_hazmat": True},
            {"address": _address("PO Box 4")},
            {},
            ("hold", ["hazmat_po_box"]),
        ),
        (
            {"is_hazmat": True},
            {"address": _address("PO Box 4")},
            {"allows_hazmat_to_box": True},
            ("pass", []),
        ),
    ],
)
def test_restriction(item: Any, changes: Any, settings: Any, expected: Any) -> None:
    facts = replace(PLAIN, lines=_thing(**item), **changes)
    assert _judged("restriction", facts, **settings) == expected


def test_nothing_is_sent_to_a_country_under_embargo() -> None:
    assert _judged("embargo", replace(PLAIN, country="KP")) == ("reject", ["embargo"])
    assert _judged("embargo", replace(PLAIN, country="KP"), countries=()) == ("pass", [])


@pytest.mark.parametrize(
    ("quantities", "codes"),
    [
        ([200], []),
        ([201], ["unusual_quantity"]),
        ([200] * 5, []),
        ([200] * 5 + [1], ["unusual_units"]),
        ([2_000], ["unusual_quantity", "unusual_units"]),
    ],
)
def test_quantity(quantities: list[int], codes: list[str]) -> None:
    facts = replace(PLAIN, lines=[replace(LINE, quantity=q) for q in quantities])
    assert _judged("quantity", facts) == ("hold" if codes else "pass", codes)


def test_duplicate_looks_back_as_far_as_it_is_set() -> None:
    facts = replace(PLAIN, lookalikes=[(7, AT - timedelta(minutes=9))])
    assert _judged("duplicate", facts) == ("hold", ["possible_duplicate"])
    assert _judged("duplicate", facts, minutes=8) == ("pass", [])


@pytest.mark.parametrize(
    ("line", "settings", "codes"),
    [
        ({"unit_amount": Decimal("9.99")}, {}, ["unusual_price"]),
        ({"unit_amount": Decimal("10.00")}, {}, []),
        ({"unit_amount": Decimal("40.00")}, {}, []),
        ({"unit_amount": Decimal("40.01")}, {}, ["unusual_price"]),
        ({"unit_amount": Decimal("40.01")}, {"highest_percent": Decimal(201)}, []),
        ({"unit_amount": Decimal(0)}, {}, ["free"]),
        ({"unit_amount": Decimal(0)}, {"allows_free": True}, []),
        ({"discount_amount": Decimal(16)}, {}, []),
        ({"discount_amount": Decimal("16.01")}, {}, ["large_discount"]),
        ({"variant": replace(THING, cost_amount=Decimal(20))}, {}, []),
        ({"variant": replace(THING, cost_amount=Decimal("20.01"))}, {}, ["below_cost"]),
        (
            {"variant": replace(THING, cost_amount=Decimal(15)), "discount_amount": Decimal(6)},
            {},
            ["below_cost"],
        ),
        ({"variant": replace(THING, price_currency="EUR"), "unit_amount": Decimal(1)}, {}, []),
    ],
)
def test_price(line: Any, settings: Any, codes: list[str]) -> None:
    facts = replace(PLAIN, lines=[replace(LINE, **line)])
    assert _judged("price", facts, **settings) == ("hold" if codes else "pass", codes)


def test_a_replacement_may_cost_nothing() -> None:
    facts = replace(PLAIN, lines=[replace(LINE, unit_amount=Decimal(0))], is_replacement=True)
    assert _judged("price", facts) is None


@pytest.mark.parametrize(
    ("country", "tax", "codes"),
    [
        ("US", "6.00", []),
        ("US", "6.50", ["unusual_tax"]),
        ("US", "0", []),
        ("DE", "3.80", []),
        ("DE", "0", ["unusual_tax"]),
        ("FR", "2.00", []),
        ("FR", "4.20", ["unusual_tax"]),
    ],
)
def test_tax(country: str, tax: str, codes: list[str]) -> None:
    settings = rules.parse(
        RULES["tax"].settings,
        {
            "rates": [
                {"countries": [], "low": "0", "high": "30"},
                {"countries": ["DE", "AT"], "low": "7", "high": "20"},
                {"countries": ["FR"], "low": "0", "high": "20"},
            ]
        },
    )
    facts = replace(PLAIN, country=country, lines=[replace(LINE, tax_amount=Decimal(tax))])
    assert _judged("tax", facts, rates=settings.rates) == ("hold" if codes else "pass", codes)


@pytest.mark.parametrize(
    ("credit", "expected"),
    [
        (None, None),
        (CreditFacts("USD", Decimal(50)), ("pass", [])),
        (CreditFacts("USD", Decimal(50), lacks=Decimal(1)), ("hold", ["over_limit"])),
        (CreditFacts("EUR", Decimal(9), is_other_currency=True), ("hold", ["credit_currency"])),
    ],
)
def test_credit(credit: Any, expected: Any) -> None:
    assert _judged("credit", replace(PLAIN, credit=credit)) == expected


@pytest.mark.parametrize(
    ("is_auto", "above", "expected"),
    [
        (True, None, None),
        (True, Decimal(20), ("pass", [])),
        (True, Decimal("19.99"), ("hold", ["above_amount"])),
        (False, None, ("hold", ["approval_needed"])),
    ],
)
def test_approval(is_auto: bool, above: Any, expected: Any) -> None:
    facts = replace(PLAIN, is_auto_approved=is_auto, approval_above_amount=above)
    assert _judged("approval", facts) == expected


USUAL = History(9, Decimal(20), "US", "USD")


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({}, {}),
        ({"nearby": Nearby(phone=2)}, {"velocity": 16}),
        ({"nearby": Nearby(customer=1, email=50)}, {"velocity": 40}),
        ({"history": USUAL, "total_amount": Decimal(40)}, {}),
        ({"history": USUAL, "total_amount": Decimal(70)}, {"value": 15}),
        ({"history": USUAL, "total_amount": Decimal(900)}, {"value": 30}),
        ({"history": USUAL, "country": "CA"}, {"mismatch": 12}),
        ({"history": USUAL, "country": "CA", "currency": "CAD"}, {"mismatch": 20}),
        ({"total_amount": Decimal(500), "tier_rank": 40}, {"newcomer": 30}),
        ({"total_amount": Decimal(500), "tier_rank": 20}, {}),
        ({"total_amount": Decimal(500), "tier_rank": 40, "history": History(1)}, {}),
    ],
)
def test_each_signal_adds_its_share(changes: Any, parts: dict[str, int]) -> None:
    found = fraud.score(replace(PLAIN, **changes), fraud.FraudSettings())
    assert {name: added for name, added, _ in found.parts} == parts
    assert found.total == sum(parts.values())


def test_a_score_above_the_threshold_holds_with_the_part_of_each_signal() -> None:
    facts = replace(
        PLAIN, nearby=Nearby(email=5), history=USUAL, total_amount=Decimal(200), country="CA"
    )
    assert _judged("fraud", facts) == ("hold", ["score", "velocity", "value", "mismatch"])
    assert _judged("fraud", facts, threshold=83) == ("pass", ["velocity", "value", "mismatch"])


def test_a_score_is_at_most_a_hundred_and_signals_can_be_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(fraud.SIGNALS, "value", lambda _facts, _settings: (1.0, "always"))
    settings = replace(fraud.FraudSettings(), value_weight=100, velocity_weight=100)
    assert fraud.score(replace(PLAIN, nearby=Nearby(email=9)), settings).total == 100


@pytest.mark.parametrize(
    ("rule", "settings", "pointer", "code"),
    [
        ("quantity", {"line_units": 0}, "line_units", "invalid_setting"),
        ("quantity", {"line_units": "7"}, "line_units", "invalid_setting"),
        ("quantity", {"line_units": True}, "line_units", "invalid_setting"),
        ("quantity", {"units": 7}, "units", "unknown_setting"),
        ("price", {"lowest_percent": "NaN"}, "lowest_percent", "invalid_setting"),
        ("price", {"lowest_percent": "-1"}, "lowest_percent", "invalid_setting"),
        ("price", {"allows_free": 1}, "allows_free", "invalid_setting"),
        ("embargo", {"countries": ["XX"]}, "countries", "invalid_setting"),
        ("embargo", {"countries": "CU"}, "countries", "invalid_setting"),
        ("tax", {"rates": [{"low": "1", "high": "2"}]}, "rates", "invalid_setting"),
        (
            "tax",
            {"rates": [{"countries": [], "low": "3", "high": "2"}]},
            "rates",
            "invalid_setting",
        ),
        (
            "tax",
            {"rates": [{"countries": ["DE"], "low": "1", "high": "2"}] * 2},
            "rates",
            "invalid_setting",
        ),
    ],
)
def test_a_wrong_setting_is_named(rule: str, settings: Any, pointer: str, code: str) -> None:
    with pytest.raises(rules.InvalidRule) as refused:
        rules.parse(RULES[rule].settings, settings)
    assert [(e.pointer, e.code) for e in refused.value.errors] == [(f"/settings/{pointer}", code)]


@pytest.mark.parametrize("rule", RULES)
def test_settings_survive_being_stored(rule: str) -> None:
    settings = BUILT_IN[rule].settings
    assert rules.parse(RULES[rule].settings, rules.as_json(settings)) == settings


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(rules.UnknownRule):
        rules.find("astrology")

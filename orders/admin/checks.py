"""What the rules said of an order: each rule, its verdict and reasons, its version, overrides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.admin import cells
from oms.core.admin.deeds import ReasonForm, choice
from oms.core.admin.pages import Table
from oms.infra.accounts import selectors as accounts
from orders.models import Order, Override, RuleResult
from orders.rules import RULES
from orders.selectors import overrides


def block(order: Order) -> Table:
    """This function will return the newest run of all rules, those with nothing to judge too."""
    run = overrides.last_runs(order_ids=[order.pk])[order.pk]
    made = list(order.overrides.order_by("pk"))
    names = accounts.names_of(actors={one.author for one in made})
    rows = []
    for code, rule in RULES.items() if run.number else ():
        answer = run.answers.get(code)
        mine = [one for one in made if one.rule == code]
        rows.append([rule.name, _verdict(answer), _why(answer, mine, names), _version(answer)])
    headers = [_("check"), _("result"), _("why"), _("version")]
    note = gettext("Run %(n)d of the rules.") % {"n": run.number} if run.number else ""
    return Table(_("Checks"), headers, rows, _("Not checked yet."), note=note)


def _verdict(answer: RuleResult | None) -> Any:
    return cells.status(answer, "verdict") if answer else cells.pill(_("Nothing to judge"))


def _why(answer: RuleResult | None, made: Sequence[Override], names: dict[str, str]) -> Any:
    reasons = " ".join(reason.get("detail", "") for reason in answer.reasons) if answer else ""
    told = [
        gettext("Overridden by %(who)s: %(why)s") % {"who": names[one.author], "why": one.reason}
        for one in made
    ]
    return " ".join(filter(None, [reasons, *told])) or cells.NOTHING


def _version(answer: RuleResult | None) -> Any:
    if answer is None:
        return cells.NOTHING
    return answer.rule_version or gettext("built in")


def offered(order: Order) -> set[str]:
    """This function will return the deeds that the answers of the rules leave to a person."""
    is_open = order.closed_at is None and bool(open_objections(order.pk))
    return {"override_rule"} if is_open else set()


def open_objections(order_id: int) -> list[tuple[str, str]]:
    """This function will return rule and words of what a person may override on an order."""
    run = overrides.last_runs(order_ids=[order_id])[order_id]
    covered = overrides.marks_of(order_ids=[order_id])[order_id]
    if not run.number:
        return _inherited(order_id)
    return [
        (code, f"{RULES[code].name}: {answer.reasons[0].get('detail', '')}")
        for code, answer in run.answers.items()
        if answer.mark
        and (code, answer.mark) not in covered
        and code in RULES
        and RULES[code].is_decided_here
    ]


def _inherited(order_id: int) -> list[tuple[str, str]]:
    """A part of an order has the address of the whole, and no run of its own."""
    doomed = overrides.without_override(orders=list(Order.objects.filter(pk=order_id)))
    return [(overrides.ADDRESS, str(RULES[overrides.ADDRESS].name))] if doomed else []


def override_form(object_id: str) -> type[forms.Form]:
    """This function will return a form that offers what may be overridden on this order."""
    pairs = open_objections(int(object_id))

    class OverrideForm(ReasonForm):
        rule = choice(_("Objection"), pairs)
        field_order = ["rule", "reason"]

    return OverrideForm

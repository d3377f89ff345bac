"""The milestone clock of an order as a picture: where it stands, what is late, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core import clock
from oms.core.admin import cells
from oms.core.admin.pages import Stop, Track
from oms.core.templatetags.look import short_time
from orders.milestones import Milestone, Standing, WhyNot
from orders.models import Order
from orders.selectors import milestones

Words = Mapping[str, str | Promise]

NAMES: Words = {
    Milestone.ORDERED: _("Ordered"),
    Milestone.VERIFIED: _("Verified"),
    Milestone.RELEASED: _("Sent to the node"),
    Milestone.PICKED: _("Picked"),
    Milestone.PACKED: _("Packed"),
    Milestone.SHIPPED: _("Shipped"),
    Milestone.DELIVERED: _("Delivered"),
}
WHY: Words = {
    WhyNot.CANCELLED: _("It was cancelled"),
    WhyNot.REJECTED: _("It was rejected"),
    WhyNot.EXPIRED: _("It ran out of time"),
    WhyNot.ON_HOLD: _("It is on hold"),
    WhyNot.WAITING_FOR_STOCK: _("It waits for stock"),
    WhyNot.NOT_VERIFIED: _("It is being verified"),
    WhyNot.NOT_ROUTED: _("It has no route yet"),
    WhyNot.NOT_RELEASED: _("It is about to be sent to its node"),
    WhyNot.AT_THE_NODE: _("The node works on it"),
    WhyNot.WITH_THE_CARRIER: _("The carrier has it"),
    WhyNot.CLOSED: _("It was closed without it"),
}


def track(order: Order) -> Track:
    """This function will draw the way of an order; words below each stop say what color says."""
    steps = milestones.clock_of(order, now=clock.now())
    ahead = [step for step in steps if step.reached_at is None]
    first = ahead[0] if ahead else None
    return Track(
        _("Milestones"),
        [_stop(step, is_next=step is first) for step in steps],
        note=_note(order, first),
    )


def _note(order: Order, step: Standing | None) -> Any:
    if step is None or step.why_not is None:
        return gettext("It has arrived.")
    said = WHY[step.why_not]
    if not order.at_risk_of:
        return said
    lacks = NAMES[order.at_risk_of]
    text = gettext("At risk of missing its ship time: not yet “%(step)s”.") % {"step": lacks}
    return format_html('<b class="o-risk">{}</b> {}', text, said)


def _stop(step: Standing, *, is_next: bool) -> Stop:
    if step.reached_at is not None:
        state = "late is-reached" if step.is_late else "done"
        return Stop(NAMES[step.milestone], cells.moment(step.reached_at), _missed(step), state)
    if step.why_not in (WhyNot.CANCELLED, WhyNot.REJECTED, WhyNot.EXPIRED, WhyNot.CLOSED):
        return Stop(NAMES[step.milestone], cells.NOTHING, "", "never")
    state = "late" if step.is_late else "now" if is_next else "ahead"
    return Stop(NAMES[step.milestone], _due(step), _missed(step), state, is_now=is_next)


def _due(step: Standing) -> SafeString | str:
    if step.target is None:
        return gettext("not promised yet")
    return cells.due(step.target)


def _missed(step: Standing) -> str:
    """By how much a milestone that is over was late; one that is still open says so by its due."""
    if not step.is_late or step.reached_at is None or step.target is None:
        return ""
    late: timedelta = step.reached_at - step.target
    return gettext("%(time)s late") % {"time": short_time(late.total_seconds())}


def at_risk_pill(order: Order) -> Sequence[SafeString]:
    """This function will return the pill of an order at risk, or none."""
    return [cells.pill(_("At risk"), "bad")] if order.at_risk_of else []

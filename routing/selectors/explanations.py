"""A decision in plain sentences, from its ledger row alone; names are looked up for the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext, to_locale
from django.utils.translation import gettext_lazy as _

from carriers.selectors import services as carrier_services
from inventory.nodes import selectors as nodes
from routing.models import Decision
from routing.solver import Lost

_LOST = {
    Lost.OUT_OF_STOCK: _("nothing of it in stock"),
    Lost.PARTIAL_STOCK: _("has only a part"),
    Lost.CANNOT_SHIP: _("ships no parcels"),
    Lost.NOT_ALLOWED: _("no service may carry this there"),
    Lost.OTHER_CARRIER: _("its carriers are not allowed here"),
    Lost.TOO_HEAVY: _("too heavy for its services"),
    Lost.TOO_FAR: _("farther than its services go"),
    Lost.MORE_SPLITS: _("would need more shipments"),
}


@dataclass(frozen=True, slots=True)
class _Words:
    """Names by code, and the currency in which prices are told."""

    nodes: Mapping[str, str]
    services: Mapping[str, str]
    currency: str

    def node(self, code: str) -> str:
        return self.nodes.get(code, code)

    def service(self, code: str) -> str:
        return self.services.get(code, code)

    def money(self, amount: Any) -> str:
        language = get_language() or "en"
        return format_currency(Decimal(str(amount)), self.currency, locale=to_locale(language))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One node of a decision in words; `cost`, `service` and `day` are "" where none was found."""

    node: str
    is_chosen: bool
    why: str
    service: str
    cost: str
    day: str
    km: int


@dataclass(frozen=True, slots=True)
class Told:
    """A decision in words: as sentences, and as rows of a table."""

    sentences: list[str]
    candidates: list[Candidate]


def explain(decision: Decision) -> list[str]:
    """This function will return one sentence per chosen node, per rival that lost and per group."""
    return tell(decision).sentences


def tell(decision: Decision) -> Told:
    """This function will return the decision in words, in a constant number of statements."""
    words = _Words(
        nodes={n.code: n.name for n in nodes.list_for(organization_id=decision.organization_id)},
        services={
            s.code: s.name
            for s in carrier_services.list_for(organization_id=decision.organization_id)
        },
        currency=decision.cost_currency or decision.request["currency"],
    )
    candidates = decision.candidates["nodes"]
    chosen = [c for c in candidates if c["lost"] is None]
    sentences = [_chosen(c, words, is_only=len(chosen) == 1) for c in chosen]
    if not chosen:
        sentences = [decision.plan["why"]]
    sentences += [_lost(c, chosen, words) for c in candidates if c["lost"] is not None]
    return Told(
        sentences=sentences + _rest(decision.candidates["rest"]),
        candidates=[_candidate(c, chosen, words) for c in candidates],
    )


def _candidate(
    candidate: Mapping[str, Any], chosen: Sequence[Mapping[str, Any]], words: _Words
) -> Candidate:
    is_chosen = candidate["lost"] is None
    cost, on, service = candidate.get("cost"), candidate.get("on"), candidate.get("service")
    return Candidate(
        node=words.node(candidate["node"]),
        is_chosen=is_chosen,
        why="" if is_chosen else _reason(candidate, chosen, words),
        service=words.service(service) if service else "",
        cost="" if cost is None else words.money(cost),
        day=_day(on) if on else "",
        km=candidate["km"],
    )


def _chosen(candidate: Mapping[str, Any], words: _Words, *, is_only: bool) -> str:
    values = {
        "node": words.node(candidate["node"]),
        "cost": words.money(candidate["cost"]),
        "service": words.service(candidate["service"]),
        "day": _day(candidate["on"]),
    }
    if candidate.get("deadline_missed"):
        text = gettext(
            "%(node)s was chosen: the fastest left, %(cost)s %(service)s, arrives %(day)s."
        )
    elif is_only:
        text = gettext(
            "%(node)s was chosen: has everything, %(cost)s %(service)s, arrives %(day)s."
        )
    else:
        text = gettext("%(node)s was chosen for a part: %(cost)s %(service)s, arrives %(day)s.")
    return text % values


def _lost(candidate: Mapping[str, Any], chosen: Sequence[Mapping[str, Any]], words: _Words) -> str:
    return gettext("%(node)s lost: %(reason)s.") % {
        "node": words.node(candidate["node"]),
        "reason": _reason(candidate, chosen, words),
    }


def _reason(
    candidate: Mapping[str, Any], chosen: Sequence[Mapping[str, Any]], words: _Words
) -> str:
    if candidate["lost"] == Lost.MISSES_DEADLINE:
        return gettext("arrives only %(day)s") % {"day": _day(candidate["on"])}
    if candidate["lost"] != Lost.MORE_EXPENSIVE:
        return str(_LOST[Lost(candidate["lost"])])
    if len(chosen) > 1:
        return gettext("dearer in every pairing")
    return _dearer(candidate, chosen[0], words)


def _dearer(candidate: Mapping[str, Any], winner: Mapping[str, Any], words: _Words) -> str:
    more = Decimal(str(candidate["cost"])) - Decimal(str(winner["cost"]))
    if more > 0:
        return gettext("%(more)s dearer") % {"more": words.money(more)}
    km = candidate["km"] - winner["km"]
    if km > 0:
        return gettext("same price, %(km)d km farther") % {"km": km}
    return gettext("same price, later in the list")


def _rest(counts: Mapping[str, int]) -> list[str]:
    total = sum(counts.values())
    if not total:
        return []
    return [
        ngettext("%(n)d more node could not win.", "%(n)d more nodes could not win.", total)
        % {"n": total}
    ]


def _day(iso: str) -> str:
    return date_format(date.fromisoformat(iso), "M j")

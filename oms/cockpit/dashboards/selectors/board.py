"""The operations board as one snapshot, from a constant number of statements."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.cockpit.control_tower import selectors as cases
from oms.cockpit.control_tower.models import Case
from oms.cockpit.dashboards.selectors import _sql, figures, network
from oms.core import clock
from oms.infra.accounts.services import organizations
from oms.infra.outbox import selectors as outbox

MOST_LANES = 40
MOST_DECISIONS = 9
MOST_MOVEMENTS = 8
#: Of all open cases so many are looked at for those of a person's own nodes.
_CASES_READ = 200
_SOON = timedelta(minutes=60)


class _Stage(NamedTuple):
    """How a stage is shown; the ages in seconds from which to watch its oldest, and to act."""

    key: str
    label: Any
    calm: str
    watch_s: int
    act_s: int
    href: str


_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_STAGES = (
    _Stage("verify", gettext_lazy("Verify"), "info", 10 * _MINUTE, _HOUR,
           "/admin/orders/order/?status__exact=verifying"),
    _Stage("hold", gettext_lazy("On hold"), "hold", 4 * _HOUR, _DAY,
           "/admin/orders/hold/"),
    _Stage("route", gettext_lazy("Route"), "info", 15 * _MINUTE, _HOUR,
           "/admin/orders/order/?status__exact=confirmed"),
    _Stage("pick", gettext_lazy("Pick"), "info", 4 * _HOUR, _DAY,
           "/admin/warehouse/workorder/?status__exact=open"),
    _Stage("pack", gettext_lazy("Pack"), "info", 2 * _HOUR, 8 * _HOUR,
           "/admin/warehouse/workorder/?status__exact=picked"),
    _Stage("label", gettext_lazy("Label"), "info", 10 * _MINUTE, _HOUR,
           "/admin/warehouse/workorder/?status__exact=packed"),
    _Stage("hand_over", gettext_lazy("Hand over"), "info", 8 * _HOUR, _DAY,
           "/admin/warehouse/workorder/?status__exact=labeled"),
    _Stage("in_transit", gettext_lazy("On the way"), "info", 10 * _DAY, 30 * _DAY,
           "/admin/carriers/shipment/?status__exact=in_transit"),
)  # fmt: skip

_MOVEMENTS = {
    "label": (gettext_lazy("Packed"), "info"),
    "hand_over": (gettext_lazy("Labeled"), "info"),
    "in_transit": (gettext_lazy("On its way"), "info"),
    "done": (gettext_lazy("Delivered"), "ok"),
}

_TONES = {
    Case.Kind.HOLD: "hold",
    Case.Kind.NO_STOCK: "warn",
    Case.Kind.NO_ROUTE: "warn",
    Case.Kind.DELIVERY_EXCEPTION: "warn",
    Case.Kind.RETURNED_TO_SENDER: "warn",
}


def snapshot(*, node_codes: Collection[str] | None = None) -> dict[str, Any]:
    """This function will return everything the board shows, of all nodes or of the given ones."""
    now = clock.now()
    scope = None if node_codes is None else tuple(sorted(node_codes))
    params = {
        "nodes": None if scope is None else list(scope),
        "soon": now + _SOON,
        "today": now.astimezone(UTC).date(),
    }
    operator = organizations.ensure_operator()
    return {
        "as_of": now.isoformat(timespec="seconds"),
        "title": _title(scope),
        "events_per_minute": round(outbox.events_per_minute()),
        "stages": _stages(params, now),
        "kpis": figures.list_figures(scope=scope, currency=operator.currency),
        "nodes": network.list_nodes(node_codes=scope, now=now),
        "lanes": _lanes(params),
        "decisions": _decisions(scope, now),
        "deliveries": _latest(params),
    }


def _title(scope: tuple[str, ...] | None) -> str:
    if scope is None:
        return _("Operations · all nodes")
    return _("Operations · %(nodes)s") % {"nodes": ", ".join(scope) or _("no nodes")}


def _rows(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _stages(params: dict[str, Any], now: datetime) -> list[dict[str, Any]]:
    rows = {row[0]: row[1:] for row in _rows(_sql.FLOW, params)}
    shown = [_stage(stage, rows.get(stage.key), now) for stage in _STAGES]
    return [*shown, _at_risk(list(rows.values()), now)]


def _stage(stage: _Stage, row: tuple[Any, ...] | None, now: datetime) -> dict[str, Any]:
    count, oldest = row[:2] if row else (0, None)
    age_s = _seconds(now, oldest)
    tone = stage.calm
    if age_s is not None and age_s >= stage.watch_s:
        tone = "bad" if age_s >= stage.act_s else "warn"
    return {
        "key": stage.key,
        "label": str(stage.label),
        "count": count,
        "age_s": age_s,
        "tone": tone if count else "ok",
        "href": stage.href,
    }


def _at_risk(rows: list[tuple[Any, ...]], now: datetime) -> dict[str, Any]:
    count = sum(row[2] for row in rows)
    earliest = min((row[3] for row in rows if row[3]), default=None)
    late_s = _seconds(now, earliest)
    return {
        "key": "at_risk",
        "label": _("At risk"),
        "count": count,
        "age_s": late_s if count and late_s else None,
        "tone": "bad" if count else "ok",
        "href": "/admin/control_tower/case/",
    }


def _seconds(now: datetime, since: datetime | None) -> int | None:
    return None if since is None else max(int((now - since).total_seconds()), 0)


def _lanes(params: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "from": code,
            "to_lat": lat,
            "to_lon": lon,
            "parcels": parcels,
            "tone": "warn" if late else "info",
        }
        for code, lat, lon, parcels, late in _rows(_sql.LANES, {**params, "limit": MOST_LANES})
    ]


def _latest(params: dict[str, Any]) -> list[dict[str, Any]]:
    rows = _rows(_sql.LATEST, {**params, "limit": MOST_MOVEMENTS})
    return [_movement(*row) for row in rows]


def _movement(
    order_ref: str, number: str, place: str, stage: str, since: datetime, on_time: bool | None
) -> dict[str, Any]:
    label, tone = _MOVEMENTS[stage]
    is_late = stage == "done" and on_time is False
    return {
        "number": number,
        "place": place,
        "at": since.isoformat(timespec="seconds"),
        "tone": "warn" if is_late else tone,
        "label": _("Delivered late") if is_late else str(label),
        "href": f"/admin/orders/order/?q={number}",
    }


def _decisions(scope: tuple[str, ...] | None, now: datetime) -> list[dict[str, Any]]:
    if scope is None:
        return [_decision(case, now) for case in cases.list_open()[:MOST_DECISIONS]]
    found = list(cases.list_open()[:_CASES_READ])
    node_of = dict(_rows(_sql.NODES_OF, {"refs": [case.correlation_id for case in found]}))
    mine = [case for case in found if node_of.get(case.correlation_id) in scope]
    return [_decision(case, now) for case in mine[:MOST_DECISIONS]]


def _decision(case: Case, now: datetime) -> dict[str, Any]:
    left_s = int((case.due_at - now).total_seconds()) if case.due_at else None
    return {
        "number": case.label or case.public_id[-6:],
        "href": f"/admin/control_tower/case/{case.pk}/change/",
        "kind_label": case.get_kind_display(),
        "tone": "bad"
        if left_s is not None and left_s < 0
        else _TONES.get(Case.Kind(case.kind), "bad"),
        "why": case.why,
        "left_s": left_s,
    }

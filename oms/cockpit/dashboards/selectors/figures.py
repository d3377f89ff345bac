"""The key figures with their last seven days. Days that have passed are read once a minute."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from threading import Lock
from typing import Any

from django.db import connection
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from inventory.selectors import reservations
from oms.cockpit.dashboards.selectors import _sql
from oms.core import clock

WEEK = 7
_PAST_KEPT_S = 60.0
_SAMPLE_S = 10.0

#: In percent: (fine from, watch from).
_ON_TIME_TONES = (95.0, 90.0)


@dataclass(slots=True)
class Day:
    """What one day brought."""

    placed: int = 0
    delivered: int = 0
    on_time: int = 0
    alone: int = 0
    cost: Decimal = Decimal(0)

    def add(self, other: Day) -> None:
        self.placed += other.placed
        self.delivered += other.delivered
        self.on_time += other.on_time
        self.alone += other.alone
        self.cost += other.cost


Scope = tuple[str, ...] | None


class _PastDays:
    """The days before today change late and little; they are kept for a minute per scope."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Scope, date], tuple[float, dict[date, Day]]] = {}
        self._lock = Lock()

    def get(self, scope: Scope, today: date) -> dict[date, Day]:
        with self._lock:
            kept = self._kept.get((scope, today))
        if kept and clock.monotonic() - kept[0] < _PAST_KEPT_S:
            return kept[1]
        days = _read(scope, today - timedelta(days=2 * WEEK - 1), today)
        with self._lock:
            self._kept = {key: value for key, value in self._kept.items() if key[1] == today}
            self._kept[scope, today] = (clock.monotonic(), days)
        return days

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()


_past = _PastDays()


class _Samples:
    """The last seven values of a figure that leaves no history, one every ten seconds."""

    def __init__(self) -> None:
        self._values: deque[int] = deque(maxlen=WEEK)
        self._at = 0.0
        self._lock = Lock()

    def add(self, value: int) -> list[int]:
        with self._lock:
            if not self._values or clock.monotonic() - self._at >= _SAMPLE_S:
                self._values.append(value)
                self._at = clock.monotonic()
            return list(self._values)


_reserved = _Samples()


def forget() -> None:
    """This function will drop what was kept of past days, after the cards were made anew."""
    _past.forget()


def list_figures(*, scope: Scope, currency: str) -> list[dict[str, Any]]:
    """This function will return the key figures in the board's form."""
    today = clock.now().astimezone(UTC).date()
    days = {**_past.get(scope, today), **_read(scope, today, today + timedelta(days=1))}
    line = [days.get(today - timedelta(days=back), Day()) for back in range(2 * WEEK - 1, -1, -1)]
    week = line[WEEK:]
    now, before = _sum(week), _sum(line[:WEEK])
    return [
        _on_time(now, before, week),
        _cost(now, before, week, currency),
        _counted("delivered_today", _("Delivered today"), [day.delivered for day in week]),
        _counted("orders_today", _("Orders today"), [day.placed for day in week]),
        _alone(now, before, week),
        _open_reservations(),
    ]


def _read(scope: Scope, first: date, end: date) -> dict[date, Day]:
    params = {"since": _midnight(first), "until": _midnight(end), "nodes": _nodes(scope)}
    days: dict[date, Day] = {}
    with connection.cursor() as cursor:
        cursor.execute(_sql.DAYS, params)
        for day, *figures in cursor.fetchall():
            days.setdefault(day, Day()).add(Day(*figures))
    return days


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _nodes(scope: Scope) -> list[str] | None:
    return None if scope is None else list(scope)


def _sum(days: list[Day]) -> Day:
    total = Day()
    for day in days:
        total.add(day)
    return total


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _on_time(now: Day, before: Day, week: list[Day]) -> dict[str, Any]:
    value = _share(now.on_time, now.delivered)
    return {
        "key": "otif_7d",
        "label": _("On time in full, 7 days"),
        "value": _percent(value),
        "delta": _points(value, _share(before.on_time, before.delivered)),
        "tone": _tone_of(value),
        "trend": _carry([_share(day.on_time, day.delivered) for day in week]),
        "href": "/admin/orders/order/",
    }


def _tone_of(value: float | None) -> str:
    fine, watch = _ON_TIME_TONES
    if value is None:
        return "info"
    return "ok" if value >= fine else "warn" if value >= watch else "bad"


def _cost(now: Day, before: Day, week: list[Day], currency: str) -> dict[str, Any]:
    value, earlier = _each(now), _each(before)
    change = value - earlier if value is not None and earlier is not None else None
    return {
        "key": "cost_per_delivery",
        "label": _("Cost per delivery, 7 days"),
        "value": _money(value, currency),
        "delta": f"{change:+.2f}".replace("-", "−") if change is not None else "",
        "tone": "info",
        "trend": _carry(
            [float(each) if (each := _each(day)) is not None else None for day in week]
        ),
        "href": "/admin/carriers/shipment/",
    }


def _each(day: Day) -> Decimal | None:
    return day.cost / day.delivered if day.delivered else None


def _money(amount: Decimal | None, currency: str) -> str:
    if amount is None:
        return "–"
    text = number_format(amount, decimal_pos=2, force_grouping=True)
    return f"${text}" if currency == "USD" else f"{text} {currency}"


def _counted(key: str, label: str, counts: list[int]) -> dict[str, Any]:
    yesterday = counts[-2]
    return {
        "key": key,
        "label": label,
        "value": number_format(counts[-1], force_grouping=True),
        "delta": _("yesterday %(count)s") % {"count": number_format(yesterday, force_grouping=True)}
        if yesterday
        else "",
        "tone": "info",
        "trend": counts,
        "href": "/admin/orders/order/",
    }


def _alone(now: Day, before: Day, week: list[Day]) -> dict[str, Any]:
    value = _share(now.alone, now.delivered)
    return {
        "key": "closed_without_person",
        "label": _("Without a person, 7 days"),
        "value": _percent(value),
        "delta": _points(value, _share(before.alone, before.delivered)),
        "tone": "info",
        "trend": _carry([_share(day.alone, day.delivered) for day in week]),
        "href": "/admin/control_tower/case/",
    }


def _open_reservations() -> dict[str, Any]:
    count = reservations.count_live()
    return {
        "key": "reservations_open",
        "label": _("Open reservations"),
        "value": number_format(count, force_grouping=True),
        "delta": "",
        "tone": "info",
        "trend": _reserved.add(count),
        "href": "/admin/inventory/reservation/",
    }


def _percent(value: float | None) -> str:
    # Down, never up: 100 % is said only when it is true.
    return "–" if value is None else f"{int(value * 10) / 10:.1f} %"


def _points(value: float | None, earlier: float | None) -> str:
    if value is None or earlier is None:
        return ""
    return f"{value - earlier:+.1f}".replace("-", "−")


def _carry(values: list[float | None]) -> list[float]:
    """A day without deliveries shows the last value known; before the first there is no line."""
    shown: list[float] = []
    for value in values:
        if value is not None:
            shown.append(round(value, 2))
        elif shown:
            shown.append(shown[-1])
    return shown if len(shown) != 1 else shown * 2

"""Carriers first: an order that cannot get a label stands still, whatever else works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from oms.runtime import probe
from oms.runtime.doctor.findings import Finding, bad, ok, warn

if TYPE_CHECKING:
    from carriers.types import CarrierHealth

#: A label is bought within seconds; a wait this long means that nobody buys.
WAITING_SECONDS = 120.0
#: More than a burst of late or strange messages.
MANY = 100


def sandbox_carrier() -> Iterator[Finding]:
    """This function will report whether the sandbox carrier answers."""
    url = str(settings.OMS["SANDBOX_CARRIER_URL"])
    if not url:
        mend = _("Run `make demo`, or set SANDBOX_CARRIER_URL; without the sandbox, ignore this")
        yield warn(_("No sandbox carrier runs here"), mend)
    elif probe.status(url, "/healthz") == 200:
        yield ok(_("The sandbox carrier answers at %(url)s") % {"url": url})
    else:
        what = _("The sandbox carrier does not answer at %(url)s") % {"url": url}
        yield bad(what, _("Look at sandbox.log; `manage.py up` starts it again by itself"))


def carrier_accounts() -> Iterator[Finding]:
    """This function will report each active account's labels and messages."""
    from carriers.selectors import health

    accounts = health.get_health()
    if not accounts:
        mend = _("Switch one on in /admin/, or run `manage.py seed_world`")
        yield bad(_("No carrier account is active: no label can be bought"), mend)
    for account in accounts:
        problems = [*_labels(account), *_messages(account)]
        yield from problems or [ok(_("%(name)s works") % {"name": _name(account)})]


def _labels(account: CarrierHealth) -> Iterator[Finding]:
    name = _name(account)
    if count := account.label_failures:
        what = _("%(name)s: labels refused in the last hour: %(count)d")
        mend = _("Open them in /admin/ under Shipments, correct the address or service, retry")
        yield bad(what % {"name": name, "count": count}, mend)
    if (account.oldest_label_s or 0.0) > WAITING_SECONDS:
        what = _("%(name)s: labels waiting: %(count)d, the oldest for %(seconds).0f s")
        waiting = account.labels_waiting + account.labels_in_doubt
        values = {"name": name, "count": waiting, "seconds": account.oldest_label_s}
        yield bad(what % values, _("See below whether a worker serves the queue carriers"))
    if count := account.labels_in_doubt:
        what = _("%(name)s: labels in doubt after a time-out: %(count)d")
        mend = _("They are looked up by themselves; if they stay, ask the carrier by reference")
        yield warn(what % {"name": name, "count": count}, mend)


def _messages(account: CarrierHealth) -> Iterator[Finding]:
    values = {"name": _name(account)}
    if account.webhook_backlog > MANY:
        what = _("%(name)s: messages not processed yet: %(count)d")
        yield warn(
            what % {**values, "count": account.webhook_backlog},
            _("See below whether a worker serves the queue carriers"),
        )
    if account.unmatched_scans > MANY:
        what = _("%(name)s: scans of no shipment of ours: %(count)d")
        yield warn(
            what % {**values, "count": account.unmatched_scans},
            _("Ask the carrier whether the account number is shared"),
        )


def _name(account: CarrierHealth) -> str:
    return f"{account.carrier_code} ({account.account_name})"

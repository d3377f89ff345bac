"""Carriers first: an order that cannot get a label stands still, whatever else works."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.utils.translation import gettext as _

from oms.runtime import probe
from oms.runtime.doctor.findings import Finding, bad, ok, warn


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

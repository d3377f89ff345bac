"""Application logs of the present run: how many errors, and the last one's kind."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from oms.runtime.doctor.findings import Finding, ok, warn
from oms.runtime.layout import current
from oms.runtime.logfiles import error_in

SHOWN = 100


def application_logs() -> Iterator[Finding]:
    """This function will report each log file with errors in it; never the data they may quote."""
    paths = sorted(current().logs.glob("*.log"))
    is_calm = True
    for path in paths:
        count, last = 0, ""
        with open(path, errors="replace") as handle:
            for line in handle:
                if found := error_in(line.rstrip("\n")):
                    count, last = count + 1, found
        if count:
            is_calm = False
            what = _("Errors in %(file)s: %(count)d, the last: %(last)s")
            yield warn(
                what % {"count": count, "file": path.name, "last": last[:SHOWN]},
                _("Read %(path)s") % {"path": path},
            )
    if is_calm:
        yield ok(_("No errors in %(count)d log files") % {"count": len(paths)})

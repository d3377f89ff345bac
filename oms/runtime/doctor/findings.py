"""One line of the doctor's report; a check that breaks is itself a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and the next step for whoever reads it."""

    level: Level
    what: str
    mend: str = ""


Check = Callable[[], Iterable[Finding]]


def ok(what: str) -> Finding:
    """This function will report that all is well."""
    return Finding(Level.OK, what)


def warn(what: str, mend: str) -> Finding:
    """This function will report what may become a problem."""
    return Finding(Level.WARN, what, mend)


def bad(what: str, mend: str) -> Finding:
    """This function will report a problem."""
    return Finding(Level.BAD, what, mend)


def run(check: Check) -> list[Finding]:
    """This function will return the check's findings, or one that says that it could not look."""
    try:
        return list(check())
    except Exception as error:  # a doctor who faints helps nobody
        name = check.__name__.replace("_", " ")
        what = _("%(check)s could not be looked at (%(error)s)") % {
            "check": name,
            "error": type(error).__name__,
        }
        return [bad(what, _("Mend the database and the broker first, then run doctor again"))]

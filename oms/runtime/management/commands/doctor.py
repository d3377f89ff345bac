"""`manage.py doctor`: what is wrong and how to mend it; exit 1 when something is bad."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from oms.core.commands import FAILED, OK, OmsCommand
from oms.runtime.doctor import carriers, logs, services
from oms.runtime.doctor.findings import Check, Finding, Level, run

CHECKS: tuple[tuple[str, tuple[Check, ...]], ...] = (
    ("carriers", (carriers.sandbox_carrier, carriers.carrier_accounts)),
    (
        "services",
        (
            services.disk_space,
            services.database,
            services.broker,
            services.web_server,
            services.workers,
            services.relay,
            services.clock_agreement,
        ),
    ),
    ("logs", (logs.application_logs,)),
)


class Command(OmsCommand):
    help = "Say what is wrong and how to mend it: carriers, then services, then logs."
    # It must work when the rest does not.
    requires_system_checks = ()

    def run(self, **options: Any) -> None:
        found: list[tuple[str, Finding]] = []
        for area, checks in CHECKS:
            self.say(_(area).capitalize())
            for check in checks:
                for finding in run(check):
                    self._show(finding)
                    found.append((area, finding))
        counts = {str(level): sum(f.level is level for _a, f in found) for level in Level}
        findings = [
            {"area": area, "level": f.level, "what": f.what, "mend": f.mend} for area, f in found
        ]
        is_bad = counts[Level.BAD] > 0
        self.finish({**counts, "findings": findings}, exit_code=FAILED if is_bad else OK)

    def _show(self, finding: Finding) -> None:
        self.say(f"  {finding.level:<5}{finding.what}")
        if finding.mend:
            self.say(f"       {finding.mend}")

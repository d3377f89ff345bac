"""`manage.py relay`: brings the outbox's facts to their consumers until it is told to stop."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from threading import Event as Flag
from typing import Any

from django.utils.translation import gettext as _

from oms.core.commands import OmsCommand
from oms.infra.outbox import selectors
from oms.infra.outbox.services import relaying


class Command(OmsCommand):
    help = "Bring facts to their consumers: without end, or with --once until nothing is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when nothing is due")

    def run(self, **options: Any) -> None:
        delivered = relaying.drain() if options["once"] else self._relay()
        health = selectors.get_health()
        self.finish(
            {
                "delivered": delivered,
                "pending": health.pending,
                "dead_letters": health.dead_letters,
            },
            [
                _("%(delivered)d deliveries made, %(pending)d wait, %(dead)d dead letters.")
                % {
                    "delivered": delivered,
                    "pending": health.pending,
                    "dead": health.dead_letters,
                }
            ],
        )

    def _relay(self) -> int:
        stop = Flag()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.say(_("The relay is running."))
        return relaying.Relay(stop=stop).run()

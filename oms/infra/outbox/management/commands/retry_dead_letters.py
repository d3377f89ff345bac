"""`manage.py retry_dead_letters`: makes deliveries that were given up due again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from oms.core.commands import FAILED, OmsCommand
from oms.infra.outbox import selectors
from oms.infra.outbox.models import Redelivery
from oms.infra.outbox.services import dead_letters


class Command(OmsCommand):
    help = "Make dead letters due again. Repeating is harmless: an effect is never had twice."
    has_dry_run = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--consumer", help="only those of one consumer")
        parser.add_argument("--event-id", type=UUID, help="only those of one event")
        parser.add_argument("--all", action="store_true", help="every dead letter")

    def run(self, **options: Any) -> None:
        choice = {"consumer": options["consumer"], "event_id": options["event_id"]}
        if not options["all"] and not any(choice.values()):
            raise CommandError(_("Choose with --consumer, --event-id or --all."), returncode=FAILED)
        found = list(selectors.list_dead_letters(**choice))
        retried = 0 if options["dry_run"] else dead_letters.retry(**choice)
        summary = _("%(found)d dead letters found, %(retried)d made due again.")
        self.finish(
            {"found": len(found), "retried": retried},
            [*map(_line, found), summary % {"found": len(found), "retried": retried}],
        )


def _line(letter: Redelivery) -> str:
    event = letter.event
    return f"{letter.consumer}  {event.name}  {event.event_id}  {letter.last_error}"

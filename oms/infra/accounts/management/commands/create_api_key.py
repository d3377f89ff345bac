"""Makes an API key for an organization and shows it once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from oms.core import clock
from oms.core.commands import OmsCommand
from oms.infra.accounts import scopes as known
from oms.infra.accounts.services import keys, organizations


class Command(OmsCommand):
    help = "Make an API key for an organization; its text is shown this once and never again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", required=True, metavar="CODE")
        parser.add_argument("--name", required=True, help="what the key is for")
        parser.add_argument(
            "--scopes",
            default=",".join(known.ALL),
            help=f"comma-separated, default all: {', '.join(known.ALL)}",
        )
        parser.add_argument("--days", type=int, default=365, help="until it expires, at most 365")

    def run(self, **options: Any) -> None:
        organization = organizations.get_by_code(options["organization"])
        made = keys.create(
            organization_id=organization.pk,
            name=options["name"],
            scopes=[part.strip() for part in options["scopes"].split(",") if part.strip()],
            created_by="system:create_api_key",
            expires_at=clock.real_now() + timedelta(days=max(0, min(options["days"], 366))),
        )
        result = {
            "key": made.text,
            "key_id": made.key.key_id,
            "organization": organization.code,
            "scopes": made.key.scopes,
            "expires_at": made.key.expires_at.isoformat(timespec="seconds"),
        }
        self.finish(result, [] if self.as_json else _lines(result))


def _lines(result: dict[str, Any]) -> list[str]:
    return [
        f"Key for {result['organization']}: {result['key']}",
        f"Scopes: {', '.join(result['scopes'])}",
        f"Expires: {result['expires_at']}",
        "Keep it now; it is not shown again.",
    ]

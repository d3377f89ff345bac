"""Brings `docs/events.md` up to date with the code, or checks that it is."""

from __future__ import annotations

from oms.runtime.documents import events
from oms.runtime.documents.writing import RenderCommand


class Command(RenderCommand):
    help = "Render docs/events.md."
    file_name = "events.md"

    def render(self) -> str:
        return events.render()

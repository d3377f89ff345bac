"""`manage.py up [--demo] [--port N]`: the whole product on one machine, until Ctrl-C."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from oms.core.commands import OmsCommand
from oms.runtime import up
from oms.runtime.layout import current


class Command(OmsCommand):
    help = "Run everything on this machine: database, broker, web, workers, relay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        port = int(os.environ.get("PORT") or 8000)
        parser.add_argument("--demo", action="store_true", help="seed a world and keep it alive")
        parser.add_argument("--port", type=int, default=port, help="web port on 127.0.0.1")

    def run(self, **options: Any) -> None:
        layout = current()
        port: int = options["port"]
        with up.only_one(layout):
            up.check_port(port)
            up.Up(layout=layout, port=port, is_demo=options["demo"], say=self.say).run()
        self.finish({"stopped": True, "port": port})

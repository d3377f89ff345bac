"""`manage.py reset [--yes]`: starts over; every order, stock movement and secret is deleted."""

from __future__ import annotations

import shutil
from argparse import ArgumentParser
from typing import Any

from oms.core.commands import FAILED, OmsCommand
from oms.runtime import embedded, leases, supervisor, up
from oms.runtime.layout import current


class Command(OmsCommand):
    help = "Stop the embedded services and delete this install's data."
    # It must work when the rest does not.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def run(self, **options: Any) -> None:
        layout = current()
        if not options["yes"] and not self._is_confirmed(str(layout.home)):
            self.finish({"deleted": []}, ["Nothing was deleted"], exit_code=FAILED)
            return
        with up.only_one(layout):
            supervisor.tidy_leftovers(layout)
            with leases.locked(layout.run):
                embedded.stop(layout)
                folders = embedded.data_folders(layout)
                for folder in folders:
                    shutil.rmtree(folder, ignore_errors=True)
                for path in layout.files:
                    path.unlink(missing_ok=True)
        names = [str(folder) for folder in folders]
        self.finish({"deleted": names}, [f"Deleted {name}" for name in names] or ["Nothing there"])

    def _is_confirmed(self, home: str) -> bool:
        answer = input(f"Delete all data in {home}? Type yes to go on: ")
        return answer.strip().lower() == "yes"

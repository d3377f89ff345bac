"""Runs the sandbox carrier until SIGINT or SIGTERM; what it sold outlives it in its state file."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from carriers.adapters.sandbox.simulator.config import ScanTimes, SimulatorConfig
from carriers.adapters.sandbox.simulator.server import Simulator
from oms.core.commands import OmsCommand

WEBHOOK_PATH = "/api/v1/carriers/sandbox/webhook"
STATE_FILE = "sandbox_carrier.sqlite3"
DEFAULT_PORT = 8099

_RATES = {
    "error_rate": "purchases that fail with 500 or 503, nothing bought",
    "in_doubt_rate": "purchases whose answer never arrives",
    "duplicate_rate": "scans that are pushed twice",
    "shuffle_rate": "webhooks out of order",
    "late_rate": "scans that are pushed late",
}


class Command(OmsCommand):
    help = "Run the sandbox carrier, a carrier of our own for demonstrations and tests."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one")
        parser.add_argument(
            "--speed",
            type=_not_negative,
            default=3600.0,
            help="3600 is an hour a second; 0 at once",
        )
        parser.add_argument("--latency-ms", type=_not_negative, default=0.0)
        for name, text in _RATES.items():
            parser.add_argument(
                f"--{name.replace('_', '-')}", type=_rate, default=0.0, help=f"share of {text}"
            )
        parser.add_argument(
            "--incident-rate", type=_rate, default=0.05, help="share of parcels with an incident"
        )
        parser.add_argument(
            "--webhook-url",
            default=settings.PUBLIC_URL.rstrip("/") + WEBHOOK_PATH,
            help="empty switches webhooks off",
        )
        parser.add_argument(
            "--scan-times",
            type=ScanTimes,
            choices=list(ScanTimes),
            default=ScanTimes.BUSINESS,
            help="the time scans carry: as planned, or when they become visible",
        )
        parser.add_argument("--state", type=Path, default=Path(settings.OMS["HOME"]) / STATE_FILE)
        parser.add_argument("--seed", type=int, default=None, help="makes the rates repeatable")

    def run(self, **options: Any) -> None:
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        simulator = self._started(_config(options))
        self.finish(
            {"url": simulator.url, "state": str(simulator.config.state)},
            [f"Sandbox carrier at {simulator.url}, remembers in {simulator.config.state}"],
        )
        stopped.wait()
        simulator.stop()

    def _started(self, config: SimulatorConfig) -> Simulator:
        try:
            simulator = Simulator(config)
        except (OSError, OverflowError) as error:
            raise CommandError(f"Cannot start on port {config.port}: {error}") from error
        simulator.start()
        return simulator


def _config(options: dict[str, Any]) -> SimulatorConfig:
    names = ("port", "speed", "latency_ms", "webhook_url", "scan_times", "state", "seed")
    return SimulatorConfig(
        secret=str(settings.OMS["SANDBOX_CARRIER_SECRET"]),
        incident_rate=options["incident_rate"],
        **{name: options[name] for name in (*names, *_RATES)},
    )


def _rate(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError("a rate lies between 0 and 1")
    return value


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("must not be negative")
    return value

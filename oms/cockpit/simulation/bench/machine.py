"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from typing import Any

from django.db import connection

from oms.settings.env import BASE_DIR


def describe() -> dict[str, Any]:
    """This function will describe the machine; `load` is what else it had to do at the start."""
    return {
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
        "postgresql": _postgresql(),
        "load": round(os.getloadavg()[0], 1),
    }


def commit() -> str:
    """This function will return the commit of this checkout, `-dirty` with changes on top of it,
    or nothing where there is no checkout."""
    command = ["git", "-C", str(BASE_DIR), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.machine()


def _postgresql() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])

"""Every test runs on a real PostgreSQL and Valkey: the environment's, or embedded ones of our own.

The services come first; only then are the settings loaded that name them.
"""

import os
from pathlib import Path

_HOME = Path(os.environ.get("OMS_HOME") or Path(__file__).parent / "var")
# Workers of a parallel run inherit the first process's answer.
os.environ.setdefault("OMS_TEST_HOME", str(_HOME / "test"))
os.environ["OMS_HOME"] = os.environ["OMS_TEST_HOME"]
os.environ.setdefault("OMP_NUM_THREADS", "1")

from oms.runtime import embedded  # noqa: E402

_services = embedded.ensure_services()
os.environ["DJANGO_SETTINGS_MODULE"] = "oms.settings.test"

import django  # noqa: E402

# pytest-django sets up only what was named before this file was read.
django.setup()


def pytest_report_header() -> str:
    """This function will say where the services are."""
    owner = "the environment" if os.environ.get("DATABASE_URL") else os.environ["OMS_HOME"]
    return f"services: {owner}"

"""What the environment says: one reader, so that every setting is named in one place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = environ.Env()

OMS_HOME = Path(env.str("OMS_HOME", default=str(BASE_DIR / "var"))).expanduser().resolve()

#: Written by the runtime when it starts embedded services:
#: {"database_url": …, "redis_url": …, "sandbox_carrier_url": …}.
SERVICES_FILE = OMS_HOME / "services.json"


def _embedded(name: str) -> str:
    try:
        return str(json.loads(SERVICES_FILE.read_text()).get(name, ""))
    except (OSError, ValueError):
        return ""


def database_url() -> str:
    """`DATABASE_URL`, else the embedded server's address, else "" while nothing has started."""
    return env.str("DATABASE_URL", default="") or _embedded("database_url")


def database_config(url: str) -> dict[str, Any]:
    """Django's form of a database URL; a percent-encoded host is the folder of a unix socket."""
    config: dict[str, Any] = env.db_url_config(url)
    return {**config, "HOST": unquote(config.get("HOST") or "")}


def redis_url() -> str:
    """`REDIS_URL`, else the embedded broker's address, else "" while nothing has started."""
    return env.str("REDIS_URL", default="") or _embedded("redis_url")


def sandbox_carrier_url() -> str:
    """`SANDBOX_CARRIER_URL`, else the address of the sandbox carrier that `up` runs, else ""."""
    return env.str("SANDBOX_CARRIER_URL", default="") or _embedded("sandbox_carrier_url")

"""Single machine: embedded PostgreSQL and Valkey, or the servers the environment names."""

from oms.settings.base import *  # noqa: F403

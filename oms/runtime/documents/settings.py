"""The environment variables that are read, with their defaults and meaning."""

from __future__ import annotations

from typing import NamedTuple

HEAD = """# Settings

Rendered by `manage.py render_settings`; `make docs` brings it up to date. Everything has a default:
a single machine needs none of it.
"""


class Setting(NamedTuple):
    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting("OMS_HOME", "`var/`", "Where data, secrets, logs and sockets of this install live."),
    Setting("PORT", "8000", "The port of the web server."),
    Setting("BIND", "`127.0.0.1:$PORT`", "The address the web server listens on."),
    Setting("WEB_WORKERS", "2", "Processes of the web server."),
    Setting("PUBLIC_URL", "`http://127.0.0.1:$PORT`", "How links to this server begin."),
    Setting("DATABASE_URL", "an embedded PostgreSQL", "A PostgreSQL server to use instead."),
    Setting("DATABASE_POOL", "10", "Connections a process keeps at most; 0 for no pool."),
    Setting("REDIS_URL", "an embedded Valkey", "A Redis or Valkey server to use instead."),
    Setting("DJANGO_SETTINGS_MODULE", "`oms.settings.embedded`", "`oms.settings.prod` behind TLS."),
    Setting("SECRET_KEY", "made once", "Signs sessions and forms."),
    Setting("OMS_CONTACTS_KEY", "made once", "32 bytes, URL-safe base64: opens personal data."),
    Setting("OMS_HASH_KEY", "made once", "Keys the hashes of mails, phones, tracking links."),
    Setting("OMS_PAYMENT_WINDOW_H", "72", "Hours an order waits for a payment that it requires."),
    Setting("OMS_IMPORT_KEEP_DAYS", "7", "Days that uploaded files of orders are kept."),
    Setting("ALLOWED_HOSTS", "this machine's names", "Host names the server answers to, by comma."),
    Setting("CSRF_TRUSTED_ORIGINS", "none", "Origins of forms beside the server's own, by comma."),
    Setting("SECURE_SSL_REDIRECT", "true", "In `prod`: whether plain HTTP is sent to HTTPS."),
    Setting(
        "CANCEL_ANSWER_MINUTES",
        "30",
        "How long the floor may think about a cancellation of what it has in hands.",
    ),
    Setting(
        "CANCEL_UNANSWERED",
        "reject",
        "What is answered for it then: `reject` lets the work go on, `accept` cancels.",
    ),
    Setting("LOG_LEVEL", "INFO", "The least level that is logged."),
    Setting("LOG_FILE", "standard error", "A file that takes the log instead, rotated at 20 MB."),
    Setting("OMS_DEMO", "false", "Labels the admin as a demo; set by `up --demo`."),
    Setting("SANDBOX_CARRIER_URL", "the one `up` runs", "Where the sandbox carrier listens."),
    Setting("SANDBOX_CARRIER_ARGS", "none", "Options of the sandbox carrier that `up` starts."),
    Setting("OMS_TEST_DB", "none", "A suffix that keeps two test runs on one server apart."),
)


def render() -> str:
    """This function will return the document."""
    rows = [f"| `{name}` | {default} | {meaning} |" for name, default, meaning in SETTINGS]
    return "\n".join([HEAD, "| name | default | meaning |", "|---|---|---|", *rows, ""])

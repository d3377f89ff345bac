"""One server for HTTP and websockets; the environment sizes it."""

from __future__ import annotations

import os

bind = os.environ.get("BIND", f"127.0.0.1:{os.environ.get('PORT', '8000')}")
worker_class = "asgi"
workers = int(os.environ.get("WEB_WORKERS", "2"))
# The default writes a socket into the home folder of whoever starts it.
control_socket_disable = True
graceful_timeout = 4
timeout = 60
keepalive = 15
accesslog = None
# The server's own words in our form: an error that reaches it is logged without its text.
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "oms.core.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
        # A dictionary turns the access log on; paths hold tracking tokens, so it stays off.
        "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": False},
    },
}

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

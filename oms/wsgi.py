"""The Django half of the server, as WSGI; `oms.asgi` runs it in a thread pool."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings.embedded")

application = get_wsgi_application()

"""Tests: the real PostgreSQL and Valkey, cheap hashing, plain static files.

`OMS_TEST_DB` names the test database apart, so that two runs on one server do not meet.
"""

from oms.settings.base import *  # noqa: F403
from oms.settings.base import DATABASES, STATIC_ROOT, env

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATABASES["default"]["OPTIONS"] = {
    key: value for key, value in DATABASES["default"]["OPTIONS"].items() if key != "pool"
}
_SUFFIX = env.str("OMS_TEST_DB", default="")
DATABASES["default"]["TEST"] = {"NAME": "_".join(filter(None, ["test_oms", _SUFFIX]))}
AXES_ENABLED = False
# WhiteNoise warns of a folder that collectstatic has not made yet.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)

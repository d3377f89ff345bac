"""Settings shared by every way of running; each value from the environment has a safe default."""

from __future__ import annotations

from typing import Any

import django_stubs_ext

from oms.settings import secrets
from oms.settings.env import (
    BASE_DIR,
    OMS_HOME,
    database_config,
    database_url,
    env,
    redis_url,
    sandbox_carrier_url,
)
from oms.settings.unfold import UNFOLD  # noqa: F401

# Lets generic classes of Django be written with their types at run time.
django_stubs_ext.monkeypatch()

SECRET_KEY = env.str("SECRET_KEY", default="") or secrets.load("signing_key", size=48)
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
CSRF_FAILURE_VIEW = "oms.cockpit.dashboards.error_pages.csrf_failure"
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://127.0.0.1:{env.int('PORT', default=8000)}")

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_fsm",
    "simple_history",
    "csp",
    "oms.runtime",
    "oms.core",
    "oms.infra.accounts",
    "oms.infra.contacts",
    "oms.infra.idempotency",
    "oms.infra.outbox",
    "oms.infra.jobs",
    "carriers",
    "inventory",
    "inventory.catalog",
    "inventory.nodes",
    "inventory.warehouse",
    "routing",
    "orders",
    "orders.billing",
    "orders.channels",
    "orders.customers",
    "returns",
    "oms.cockpit.dashboards",
    "oms.cockpit.control_tower",
    "oms.cockpit.simulation",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "oms.core.api.middleware.RequestContextMiddleware",
    "oms.core.content_policy.ContentPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "oms.urls"
WSGI_APPLICATION = "oms.wsgi.application"
ASGI_APPLICATION = "oms.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- database -----------------------------------------------------------------------------------
_DATABASE_URL = database_url()
_POOL = env.int("DATABASE_POOL", default=10)
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **(database_config(_DATABASE_URL) if _DATABASE_URL else {"NAME": "oms"}),
        "ENGINE": "django.db.backends.postgresql",
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {
            # 0 for processes of one thread (Celery's), which would rebuild the pool at each task.
            "pool": {"min_size": 1, "max_size": _POOL, "timeout": 5} if _POOL else False,
            # Server-side statement cache breaks after a column is added; see docs/adr/0001.
            "prepare_threshold": None,
            "options": "-c lock_timeout=3000 -c idle_in_transaction_session_timeout=60000",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- broker, sockets ----------------------------------------------------------------------------
REDIS_URL = redis_url() or "redis://127.0.0.1:6379/0"
#: Celery spells a unix socket differently from redis-py.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 240
CELERY_TASK_SOFT_TIME_LIMIT = 200
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "oms",
    }
}

# --- people -------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/admin/login/"
# Its rows hold what people typed; the log says enough.
AXES_ENABLE_ADMIN = False
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_IPWARE_META_PRECEDENCE_ORDER = ["REMOTE_ADDR"]
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    },
}

# --- language, time -----------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# --- files --------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = OMS_HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = OMS_HOME / "media"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- API ----------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["oms.infra.accounts.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["oms.core.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["oms.core.api.rendering.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["oms.core.api.parsing.StrictJsonParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "oms.core.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "oms.core.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "OMS API",
    "DESCRIPTION": (
        "Orders, availability, shipments and tracking for partners.\n\n"
        "Send `Authorization: Bearer <key>`; keys of a sandbox organization never touch live "
        "data. Every failure is an `application/problem+json` that names the field and the fix. "
        "Lists come newest first in pages: follow `next`."
    ),
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": f"{STATIC_URL}img/favicon.svg",
    # No badge of an outside validator; nothing leaves this host.
    "SWAGGER_UI_SETTINGS": {"validatorUrl": None, "deepLinking": True, "docExpansion": "list"},
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": False,
    "TAGS": [
        {"name": "orders", "description": "Place, read and cancel orders."},
        {"name": "availability", "description": "What can be sold now."},
        {"name": "nodes", "description": "The places that may serve you."},
        {"name": "shipments", "description": "Parcels and their labels."},
        {"name": "tracking", "description": "Where a parcel is."},
        {"name": "returns", "description": "Goods on their way back."},
        {"name": "carriers", "description": "For carriers: their tracking messages."},
    ],
}

# --- logging: one JSON line per record, no personal data ----------------------------------------
#: A command at a terminal writes its log here and keeps the terminal for people.
LOG_FILE = env.str("LOG_FILE", default="")
_FILE_HANDLER = {
    "class": "logging.handlers.RotatingFileHandler",
    "filename": LOG_FILE,
    "maxBytes": 20_000_000,
    "backupCount": 2,
    "delay": True,
    "formatter": "json",
    "filters": ["context"],
}
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "context": {"()": "oms.core.logs.ContextFilter"},
        "task_error": {"()": "oms.core.logs.TaskErrorFilter"},
    },
    "formatters": {"json": {"()": "oms.core.logs.JsonFormatter"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["context"],
            "level": "WARNING" if LOG_FILE else "DEBUG",
        },
        **({"file": _FILE_HANDLER} if LOG_FILE else {}),
    },
    "root": {
        "handlers": ["stderr", "file"] if LOG_FILE else ["stderr"],
        "level": env.str("LOG_LEVEL", default="INFO"),
    },
    "loggers": {
        "django.request": {"level": "ERROR"},
        "axes": {"level": "WARNING"},
        # Its lines hold addresses of people and the secret in links to orders.
        "gunicorn.access": {"level": "CRITICAL", "propagate": False},
        "celery.app.trace": {"filters": ["task_error"]},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
    },
}

# --- our own ------------------------------------------------------------------------------------
OMS: dict[str, Any] = {
    "HOME": OMS_HOME,
    # Key-encryption key of the contacts table: 32 bytes, URL-safe base64; never in the database.
    "CONTACTS_KEY": env.str("OMS_CONTACTS_KEY", default="") or secrets.load("contacts_key"),
    # Pepper of keyed hashes (mail, phone, names, tracking tokens).
    "HASH_KEY": env.str("OMS_HASH_KEY", default="") or secrets.load("hash_key"),
    # How long an order of a channel that requires payment waits for it.
    "PAYMENT_WINDOW_H": env.int("OMS_PAYMENT_WINDOW_H", default=72),
    # How long an uploaded file of orders and its refused rows are kept.
    "IMPORT_KEEP_DAYS": env.int("OMS_IMPORT_KEEP_DAYS", default=7),
    # How long the floor may think about a cancellation of what it has in hands, in minutes; what
    # is answered for it then: "reject" lets the work go on, "accept" cancels.
    "CANCEL_ANSWER_MINUTES": env.int("CANCEL_ANSWER_MINUTES", default=30),
    "CANCEL_UNANSWERED": env.str("CANCEL_UNANSWERED", default="reject"),
    "SANDBOX_CARRIER_URL": sandbox_carrier_url(),
    "SANDBOX_CARRIER_SECRET": secrets.load("sandbox_carrier_secret"),
}

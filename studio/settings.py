"""Django settings. Every value an installation may change is a STUDIO_… environment variable."""

from __future__ import annotations

import os
from pathlib import Path

import dj_database_url
from csp.constants import NONCE, NONE, SELF

from studio import env

ROOT = Path(__file__).resolve().parent.parent
VAR = env.folder("STUDIO_VAR", ROOT / "var")

PRODUCTION = env.flag("STUDIO_PRODUCTION", False)
DEBUG = env.flag("STUDIO_DEBUG", False)
SECRET_KEY = env.secret_key(VAR, production=PRODUCTION)
ALLOWED_HOSTS = env.text("STUDIO_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in env.text("STUDIO_ORIGINS").split(",") if o]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "studio",
    "curation",
    "training",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "studio.roles.RoleMiddleware",
    "studio.audit.audit_middleware",
]
ROOT_URLCONF = "studio.urls"
ASGI_APPLICATION = "studio.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "studio.roles.context",
                "curation.views.places.context",
            ]
        },
    }
]

DATABASES = {
    "default": dj_database_url.parse(
        env.text("STUDIO_DATABASE_URL") or f"sqlite:///{VAR / 'db.sqlite3'}", conn_max_age=60
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: with deferred transactions concurrent read-modify-writes fail (docs/decisions/0004).
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    DATABASES["default"]["CONN_MAX_AGE"] = 0
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "sign_in"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [ROOT / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "style-src": [SELF, NONCE],  # the nonce only on pages with the editor, which adds a style element
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION and env.flag("STUDIO_HTTPS_REDIRECT", True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# The queue carries wake-ups only; the database is the truth (docs/decisions/0006).
CELERY_BROKER_URL = env.broker_url(VAR)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True  # else a worker that trains for hours keeps the next run's wake-up
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "cpu"
CELERY_TASK_ROUTES = {
    "training.tasks.run_training": {"queue": "gpu"},
    "training.tasks.measure_time": {"queue": "gpu"},
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# After the usual 100 tries, 50 minutes, a worker would end, and a training that needs no broker with it.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
# Without the retry values kombu blocked a publisher 6 s when the broker was down; with them 0.1 s.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
}

# Training and evaluation
STUDIO_TRAINING_DATA = Path(env.text("STUDIO_TRAINING_DATA") or ROOT / "training-data")
STUDIO_BASE_MODELS = env.folder("STUDIO_BASE_MODELS", VAR / "base-models")
STUDIO_ALLOWED_BASES = env.words(
    "STUDIO_ALLOWED_BASES",
    [f"Qwen/Qwen2.5-Coder-{size}" for size in ("0.5B", "1.5B", "3B", "7B", "14B", "32B")],
)
STUDIO_TRAINING_BACKEND = env.choice("STUDIO_TRAINING_BACKEND", "plain", ("plain", "unsloth"))
STUDIO_BBJCPL = env.text("STUDIO_BBJCPL")
STUDIO_BBJCPL_PREFIX = [folder for folder in env.text("STUDIO_BBJCPL_PREFIX").split(":") if folder]
STUDIO_BBJCPL_TIMEOUT_S = env.whole_number("STUDIO_BBJCPL_TIMEOUT_S", 30, least=1, most=600)
STUDIO_BBJ_MCP_URL = env.text("STUDIO_BBJ_MCP_URL", "http://127.0.0.1:5009/mcp")
STUDIO_SANDBOX = env.flag("STUDIO_SANDBOX", True)
STUDIO_LEASE_S = env.whole_number("STUDIO_LEASE_S", 60, least=3, most=3600)
STUDIO_WEB_PROCESSES = env.whole_number("STUDIO_WEB_PROCESSES", min(4, os.cpu_count() or 1), least=1, most=64)
STUDIO_OLLAMA_URL = env.text("STUDIO_OLLAMA_URL")

# For tests/faults alone: what the stages run instead of training, and where a stage breaks.
STUDIO_RECIPES = env.test_switch(
    "STUDIO_RECIPES",
    "training.recipes",
    form=r"[a-z_]+(\.[a-z_]+)*",
    example="package.of.recipes",
    debug=DEBUG,
)
STUDIO_STAGE_FAULT = env.test_switch(
    "STUDIO_STAGE_FAULT",
    "",
    form="[a-z_]+:[a-z0-9]+:(kill|oom|enospc|hang|exit75)",
    example="STAGE:POINT:kill, oom, enospc, hang or exit75",
    debug=DEBUG,
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"httpx": {"level": "WARNING"}},
}

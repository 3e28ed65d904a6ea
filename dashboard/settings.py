"""Every setting, and the environment variable that changes it. The table in README.md is this file in words."""

import os
import secrets
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from dashboard import per_queue, smtp
from dashboard.environment import allowed_hosts, costs, flag, hosts_by_name, words

BASE_DIR = Path(__file__).resolve().parent.parent

DATA_DIR = Path(os.environ.get("LEITSTAND_DATA", BASE_DIR / "var")).resolve()
DEBUG = flag("LEITSTAND_DEBUG")
PRODUCTION = flag("LEITSTAND_PRODUCTION")
DEMO = flag("LEITSTAND_DEMO") and not PRODUCTION
# Where the demo's small service is; `bin/up` says it to its children.
DEMO_SERVICE = os.environ.get("LEITSTAND_DEMO_SERVICE", "http://127.0.0.1:8330").rstrip("/")
STRICT_SIGNALS = flag("LEITSTAND_STRICT_SIGNALS")
# Folders that the sources of batches may lie in, beside the uploads in the data folder.
LEITSTAND_SOURCES = words("LEITSTAND_SOURCES")
# How big an upload may be, and how many days it is kept after the last batch over it has ended (0: for ever).
UPLOAD_MB = int(os.environ.get("LEITSTAND_UPLOAD_MB", "500"))
UPLOAD_DAYS = int(os.environ.get("LEITSTAND_UPLOAD_DAYS", "90"))
# How many days after its end what a batch leaves on disk is kept: what its jobs returned, and its data's index.
BATCH_DAYS = int(os.environ.get("LEITSTAND_BATCH_DAYS", "90"))

# A batch of more items than this, or whose items cost more together than this (0: no limit), or of one of these jobs,
# begins only when somebody has approved it. What an item costs; and whether batches begun past the site are refused.
BATCH_APPROVAL_ITEMS = int(os.environ.get("LEITSTAND_BATCH_APPROVAL_ITEMS", "0"))
BATCH_APPROVAL_COST = int(os.environ.get("LEITSTAND_BATCH_APPROVAL_COST", "0"))
BATCH_APPROVAL_JOBS = words("LEITSTAND_BATCH_APPROVAL_JOBS")
BATCH_ITEM_COSTS = costs("LEITSTAND_BATCH_ITEM_COST")
BATCH_APPROVAL_STRICT = flag("LEITSTAND_BATCH_APPROVAL_STRICT")


def _secret_key() -> str:
    """From the environment; else a random one, made once and kept in the data folder, readable by its owner only."""
    if key := os.environ.get("LEITSTAND_SECRET_KEY"):
        return key
    if PRODUCTION:
        raise ImproperlyConfigured("LEITSTAND_SECRET_KEY is not set. Set it to a long random text and start again.")
    kept = DATA_DIR / "secret_key"
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    try:
        with open(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return kept.read_text()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = words("LEITSTAND_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = words("LEITSTAND_ORIGINS")

INSTALLED_APPS = [
    "dashboard",
    "batches",
    "circuits",
    "approvals",
    "accounts",
    "audit",
    "live",
    "worker",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "lucide",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dashboard.tracing.Traced",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.in_the_viewers_zone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    # Last, and synchronous: so the whole chain runs in one thread, with one hop to it instead of two per middleware.
    "dashboard.measure.Measured",
]

ROOT_URLCONF = "dashboard.urls"
ASGI_APPLICATION = "dashboard.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.context.site",
            ],
        },
    },
]

# --- the database -----------------------------------------------------------------------------------------------

_SQLITE: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL, not NORMAL: the ledger is the proof, and must survive a power cut.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8000;",
}


def _database() -> dict[str, Any]:
    url = os.environ.get("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'leitstand.sqlite3'}"
    config: dict[str, Any] = dict(dj_database_url.parse(url))
    if config["ENGINE"].endswith("sqlite3"):
        config.setdefault("OPTIONS", {}).update(_SQLITE)
    else:
        config.setdefault("OPTIONS", {}).setdefault("pool", {"min_size": 2, "max_size": 20, "timeout": 10})
    return config


DATABASES = {"default": _database()}

# --- people -----------------------------------------------------------------------------------------------------

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
PASSWORD_RESET_TIMEOUT = 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# --- words, numbers, times --------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = os.environ.get("LEITSTAND_TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True

# --- statics and what a browser may do --------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = Path(os.environ.get("LEITSTAND_STATIC", DATA_DIR / "static")).resolve()
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MANIFEST_STRICT = False

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
        "img-src": [SELF, "data:"],
        "object-src": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if PRODUCTION:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = int(os.environ.get("LEITSTAND_HSTS_SECONDS", "3600"))
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

# --- mail -------------------------------------------------------------------------------------------------------

# What links in mails begin with; `bin/up` knows its own address.
LEITSTAND_BASE_URL = os.environ.get("LEITSTAND_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
_SMTP = smtp.read(os.environ.get("LEITSTAND_SMTP_URL", ""))
# Without a mail server: into the worker's log; in production that is a fault, which people are told on each request.
MAIL_IN_LOG = _SMTP is None and not PRODUCTION
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend" if MAIL_IN_LOG else "accounts.backends.NoServer"
EMAIL_TIMEOUT = 15
if _SMTP:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_TLS, EMAIL_USE_SSL = _SMTP
# Letters and deliveries older than this many days become one line for each of their kind: who was told, and when.
OUTBOX_DAYS = int(os.environ.get("LEITSTAND_OUTBOX_DAYS", "90"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("LEITSTAND_MAIL_FROM", "Leitstand <leitstand@localhost>")

# --- webhooks ---------------------------------------------------------------------------------------------------

# The only hosts that are ever called (accounts/hosts.py says how they are written); none: webhooks are off.
WEBHOOK_HOSTS = allowed_hosts("LEITSTAND_WEBHOOK_HOSTS")

# --- services that batches and approved requests call -----------------------------------------------------------

# The only hosts that the job and the action `http` call, written in the same way; none: they call nobody.
HTTP_HOSTS = allowed_hosts("LEITSTAND_HTTP_ALLOWED_HOSTS")
# What headers may name as {secret.NAME}: it stands in no payload, log, error or result.
_SECRET = "LEITSTAND_HTTP_SECRET_"
HTTP_SECRETS = {name.removeprefix(_SECRET): value for name, value in os.environ.items() if name.startswith(_SECRET)}
# Where a secret may be sent; one that is not named here goes to any of the hosts above.
HTTP_SECRETS_TO = hosts_by_name("LEITSTAND_HTTP_SECRETS_TO")

# --- what ops are told of ---------------------------------------------------------------------------------------

# A circuit that stays open is told of again after so long; that no worker runs, after so long. 0: never.
TELL_AGAIN_SECONDS = int(os.environ.get("LEITSTAND_TELL_AGAIN_SECONDS", "900"))
NO_WORKER_SECONDS = int(os.environ.get("LEITSTAND_NO_WORKER_SECONDS", "60"))

# --- Temporal ---------------------------------------------------------------------------------------------------

TEMPORAL_TASK_QUEUE = os.environ.get("TEMPORAL_TASK_QUEUE", "leitstand")
TEMPORAL_UI_URL = os.environ.get("TEMPORAL_UI_URL", "")
# How often the index is compared with Temporal (0: never), and how long a workflow must have been missing there before
# its request is closed.
RECONCILE_SECONDS = int(os.environ.get("LEITSTAND_RECONCILE_SECONDS", "60"))
FORGOTTEN_SECONDS = int(os.environ.get("LEITSTAND_FORGOTTEN_SECONDS", "3600"))
# How many workflows a second each web process asks whether they say what lists show (0: none, lists are as recorded).
CONFIRM_A_SECOND = int(os.environ.get("LEITSTAND_CONFIRM_A_SECOND", "20"))
# So many processes of a worker serve the queue of batches, apart from decisions (0: one process serves all).
LEITSTAND_WORK_PROCESSES = int(os.environ.get("LEITSTAND_WORK_PROCESSES", "1"))
# From so many kilobytes on a payload is packed with Zstandard (0: never). Results of workflows never are.
PAYLOAD_PACK_KB = int(os.environ.get("LEITSTAND_PAYLOAD_PACK_KB", "64"))
# From so many kilobytes on, packed, it is kept outside Temporal, in the data folder (0: never).
PAYLOAD_MOVE_KB = int(os.environ.get("LEITSTAND_PAYLOAD_MOVE_KB", "256"))
# A bucket of S3 instead; its keys, its address and its region are the AWS_* variables.
PAYLOAD_BUCKET = os.environ.get("LEITSTAND_PAYLOAD_BUCKET", "").removeprefix("s3://").strip("/")
# What each worker process takes of a queue: activities at once, and activities a second; and what all of them together
# may take a second, as long as nobody has set another limit on the site.
LEITSTAND_WORKER_SLOTS = per_queue.whole("LEITSTAND_WORKER_SLOTS", os.environ.get("LEITSTAND_WORKER_SLOTS", ""))
LEITSTAND_WORKER_PER_SECOND = per_queue.rates(
    "LEITSTAND_WORKER_PER_SECOND", os.environ.get("LEITSTAND_WORKER_PER_SECOND", "")
)
LEITSTAND_QUEUE_PER_SECOND = per_queue.rates(
    "LEITSTAND_QUEUE_PER_SECOND", os.environ.get("LEITSTAND_QUEUE_PER_SECOND", "")
)
LEITSTAND_METRICS_PORT = os.environ.get("LEITSTAND_METRICS_PORT", "")
# With it (Authorization: Bearer …) a scraper elsewhere may read /metrics; without it only this machine and superusers.
METRICS_TOKEN = os.environ.get("LEITSTAND_METRICS_TOKEN", "")
# Which share of the calls for items of batches are spans of their own, where there are traces (0: none, 1: each).
TRACE_ITEMS = float(os.environ.get("LEITSTAND_TRACE_ITEMS", "0"))

# --- logs -------------------------------------------------------------------------------------------------------

LOG_FORMAT = os.environ.get("LEITSTAND_LOG_FORMAT", "line")
if LOG_FORMAT not in ("line", "json"):
    raise ImproperlyConfigured(f"LEITSTAND_LOG_FORMAT is {LOG_FORMAT!r}: it may be line or json.")
# The web server has handlers of its own, which it has set up by now: a collector of JSON wants no other lines.
_UVICORN: dict[str, Any] = {"handlers": [], "propagate": True}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "dashboard.logs.Json"},
    },
    "filters": {"short_refusals": {"()": "dashboard.logs.ShortRefusals"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["short_refusals"]}},
    "root": {"handlers": ["console"], "level": os.environ.get("LEITSTAND_LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Asked to tell more, they tell all that they send and are sent: keys, tokens, what is stored.
        **{name: {"level": "INFO"} for name in ("boto3", "botocore", "s3transfer", "urllib3")},
        **(dict.fromkeys(("uvicorn", "uvicorn.access", "uvicorn.error"), _UVICORN) if LOG_FORMAT == "json" else {}),
    },
}

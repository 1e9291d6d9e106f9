"""Every setting of Vitrine. What operators change comes from the environment: docs/settings.md."""

import os
from ipaddress import ip_network
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from config import embedded, signing

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

# --- Where state lives ---------------------------------------------------------------------------
DATA_DIR = Path(env.str("VITRINE_DATA_DIR", default=str(BASE_DIR / ".data"))).resolve()
EMBEDDED_DATABASE = not env.str("DATABASE_URL", default="")
DATABASES = {
    "default": embedded.database(DATA_DIR) if EMBEDDED_DATABASE else env.db("DATABASE_URL")
}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
REDIS_URL = env.str("REDIS_URL", default="") or embedded.redis_url(DATA_DIR)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MEDIA_ROOT = env.str("VITRINE_MEDIA_ROOT", default=str(DATA_DIR / "media"))
STATIC_ROOT = DATA_DIR / "static"  # filled by collectstatic; until then the finders serve
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- Security ------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    if not (DEBUG or EMBEDDED_DATABASE):
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Give the deployment its own long random value, for example "
            "from: python -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    SECRET_KEY = signing.local_secret_key(DATA_DIR)
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if EMBEDDED_DATABASE else []
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS_ONLY = env.bool("HTTPS_ONLY", default=not (DEBUG or EMBEDDED_DATABASE))
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS_ONLY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False  # htmx and the uploader read it to send the header
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- Django --------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "moderation",
    "catalog",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
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
    "catalog.api.versions.ApiVersion",
    "catalog.api.throttling.RateLimitHeaders",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
                "catalog.context_processors.encoder_notice",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
WHITENOISE_USE_FINDERS = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {"httpx": {"level": "WARNING"}},  # one line per request says nothing new
}

# --- REST API ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["catalog.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["catalog.api.authentication.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["catalog.api.throttling.PointsThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "catalog.api.operations.Operation",
    "DEFAULT_METADATA_CLASS": None,  # the OpenAPI document says it, not OPTIONS
    "EXCEPTION_HANDLER": "catalog.api.problems.problem_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Vitrine API",
    "DESCRIPTION": "Send photos, receive tags and a verdict.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    # Choices of which several fields of the same name have their own.
    "ENUM_NAME_OVERRIDES": {
        "EndpointStateEnum": "catalog.choices.EndpointState.choices",
        "DeliveryStateEnum": "catalog.choices.DeliveryState.choices",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- Celery: the doorbell ------------------------------------------------------------------------
CELERY_BROKER_URL = embedded.celery_broker_url(REDIS_URL)
CELERY_RESULT_BACKEND = CELERY_BROKER_URL
CELERY_RESULT_EXPIRES = 600
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    # Ringing must not hold an upload up: the photo is stored, and beat rings again.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
CELERY_TASK_DEFAULT_QUEUE = "pipeline"
CELERY_TASK_ROUTES = {
    "catalog.tasks.score_label": {"queue": "interactive"},
    "catalog.tasks.encode_text": {"queue": "interactive"},
    "catalog.tasks.encode_picture": {"queue": "interactive"},
    "catalog.tasks.encode_prompts": {"queue": "interactive"},
    "catalog.tasks.judge_picture": {"queue": "interactive"},
    "moderation.tasks.embed_exemplars": {"queue": "interactive"},
    # Work on the database alone: it needs no model and must not wait for one.
    "moderation.tasks.tend": {"queue": "background"},
    "moderation.tasks.sweep": {"queue": "background"},
    "catalog.tasks.tend_index": {"queue": "background"},
    "catalog.tasks.run_imports": {"queue": "background"},
    "catalog.tasks.learn": {"queue": "background"},
    "catalog.tasks.tend_map": {"queue": "background"},
    "catalog.tasks.group_duplicates": {"queue": "background"},
    "catalog.tasks.retag": {"queue": "background"},
    # Waiting for machines elsewhere: nothing here waits with it.
    "catalog.tasks.fetch_photos": {"queue": "fetches"},
    "catalog.tasks.deliver_webhooks": {"queue": "webhooks"},
    "catalog.tasks.forget_webhooks": {"queue": "background"},
}
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULE = {
    # A lost ring costs at most this much latency.
    "ring-the-worker": {
        "task": "catalog.tasks.drain",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    # How late a decision may take effect after its undo window.
    "tend-reviews": {
        "task": "moderation.tasks.tend",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    # Exemplars are embedded when they are added; this is for a ring that was lost.
    "embed-exemplars": {
        "task": "moderation.tasks.embed_exemplars",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    # Sweeps ring for their own next chunk; this is for a ring that was lost.
    "ring-the-sweeps": {
        "task": "moderation.tasks.sweep",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    # An import rings by itself; this carries on after a lost ring, a kill, or a new encoder.
    "encode-categories": {
        "task": "catalog.tasks.encode_categories",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    # Imports ring for their own next turn; this is for a ring that was lost, and a kill.
    "ring-the-imports": {
        "task": "catalog.tasks.run_imports",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    # Addresses whose time to be tried again has come, and a ring that was lost.
    "fetch-photos": {
        "task": "catalog.tasks.fetch_photos",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    # How long new vectors grow, at least, before they are sealed into the search index.
    "tend-the-index": {
        "task": "catalog.tasks.tend_index",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    # Every verdict rings; this is for a ring that was lost, new words, or a new encoder.
    "learn-from-verdicts": {
        "task": "catalog.tasks.learn",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    # Tagging again rings for its own next chunk; this is for a ring that was lost, and for what
    # begins by itself.
    "tag-again": {
        "task": "catalog.tasks.retag",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
    # Events ring by themselves; this is for a ring that was lost, a kill, and what is due again.
    "deliver-webhooks": {
        "task": "catalog.tasks.deliver_webhooks",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "forget-webhooks": {
        "task": "catalog.tasks.forget_webhooks",
        "schedule": 600.0,
        "options": {"expires": 600.0},
    },
    # How late a new photo appears on the map.
    "tend-the-map": {
        "task": "catalog.tasks.tend_map",
        "schedule": 15.0,
        "options": {"expires": 15.0},
    },
    # How late a new photo is compared with all others of its storefront.
    "group-the-duplicates": {
        "task": "catalog.tasks.group_duplicates",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")

# --- Vitrine -------------------------------------------------------------------------------------
MINI_MODEL = BASE_DIR / "catalog" / "ml" / "mini" / "model"
VITRINE_ENCODER = env.str("VITRINE_ENCODER", default="") or str(MINI_MODEL)
VITRINE_ENCODER_REVISION = env.str("VITRINE_ENCODER_REVISION", default="") or None
VITRINE_DEVICE = env.str("VITRINE_DEVICE", default="") or None
VITRINE_DTYPE = env.str("VITRINE_DTYPE", default="") or None
VITRINE_PROMPT_TEMPLATES = Path(
    env.str("VITRINE_PROMPT_TEMPLATES", default="")
    or BASE_DIR / "catalog" / "data" / "prompt_templates.yaml"
)

# The conveyor, in order, inside one transaction per batch. Reads like MIDDLEWARE.
VITRINE_STAGES = [
    "catalog.embedding.StoreEmbeddings",
    "catalog.hashing.StoreHashes",
    "catalog.tagging.TagImages",
    "catalog.attributes.describing.DescribeImages",
    "moderation.screening.ScreenImages",
    "catalog.publishing.PublishImages",
]
# What apps above the catalog do about a photo that is erased, in the transaction that erases it.
VITRINE_ERASERS = ["moderation.erasing.close_cases"]
VITRINE_BATCH_SIZE = env.int("VITRINE_BATCH_SIZE", default=32)
VITRINE_DECODE_THREADS = env.int("VITRINE_DECODE_THREADS", default=0) or (os.cpu_count() or 2)
VITRINE_LEASE_SECONDS = env.int("VITRINE_LEASE_SECONDS", default=120)
VITRINE_DRAIN_SECONDS = env.int("VITRINE_DRAIN_SECONDS", default=30)

VITRINE_MAX_UPLOAD_BYTES = env.int("VITRINE_MAX_UPLOAD_MB", default=25) * 1024 * 1024
# Photos by address: how long one may take, and what may be reached (docs/settings.md).
VITRINE_FETCH_SECONDS = env.int("VITRINE_FETCH_SECONDS", default=20)
VITRINE_FETCH_PORTS = env.list("VITRINE_FETCH_PORTS", cast=int, default=[80, 443])
VITRINE_FETCH_HOSTS = env.list("VITRINE_FETCH_HOSTS", default=[])
VITRINE_FETCH_NETWORKS = env.list("VITRINE_FETCH_NETWORKS", cast=ip_network, default=[])
VITRINE_WEBHOOK_SCHEMES = env.list("VITRINE_WEBHOOK_SCHEMES", default=["https"])
VITRINE_WEBHOOK_PORTS = env.list("VITRINE_WEBHOOK_PORTS", cast=int, default=[443])
VITRINE_WEBHOOK_NETWORKS = env.list("VITRINE_WEBHOOK_NETWORKS", cast=ip_network, default=[])
VITRINE_WEBHOOK_KEEP_DAYS = env.int("VITRINE_WEBHOOK_KEEP_DAYS", default=30)
VITRINE_MAX_PIXELS = env.int("VITRINE_MAX_MEGAPIXELS", default=64) * 1_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # of form fields; files have their own limit above
VITRINE_IMPORT_MAX_BYTES = env.int("VITRINE_IMPORT_MAX_MB", default=2048) * 1024 * 1024
VITRINE_IMPORT_USER_BYTES = env.int("VITRINE_IMPORT_USER_MB", default=8192) * 1024 * 1024
VITRINE_IMPORT_UNPACKED_BYTES = env.int("VITRINE_IMPORT_UNPACKED_MB", default=8192) * 1024 * 1024
VITRINE_IMPORT_MAX_ENTRIES = env.int("VITRINE_IMPORT_MAX_ENTRIES", default=20_000)
VITRINE_IMPORT_MAX_RATIO = env.int("VITRINE_IMPORT_MAX_RATIO", default=100)
VITRINE_IMPORT_KEEP_HOURS = env.int("VITRINE_IMPORT_KEEP_HOURS", default=48)
VITRINE_API_KEY_POINTS = env.int("VITRINE_API_KEY_POINTS", default=6_000)
VITRINE_API_STOREFRONT_POINTS = env.int("VITRINE_API_STOREFRONT_POINTS", default=12_000)
VITRINE_API_UPLOAD_POINTS = env.int("VITRINE_API_UPLOAD_POINTS", default=5)
VITRINE_API_SEARCH_POINTS = env.int("VITRINE_API_SEARCH_POINTS", default=5)
VITRINE_API_WAITERS = env.int("VITRINE_API_WAITERS", default=4)
VITRINE_API_BULK_BYTES = env.int("VITRINE_API_BULK_MB", default=512) * 1024 * 1024
VITRINE_TAG_THRESHOLD = env.float("VITRINE_TAG_THRESHOLD", default=0.3)
VITRINE_TAG_PRECISION = env.float("VITRINE_TAG_PRECISION", default=0.85)
VITRINE_REVIEW_LEASE_SECONDS = env.int("VITRINE_REVIEW_LEASE_SECONDS", default=300)
VITRINE_UNDO_SECONDS = env.int("VITRINE_UNDO_SECONDS", default=60)
VITRINE_BLIND_SAMPLE = env.float("VITRINE_BLIND_SAMPLE", default=0.05)
VITRINE_BLIND_SEED = env.str("VITRINE_BLIND_SEED", default="vitrine")
VITRINE_FLOOD_FACTOR = env.float("VITRINE_FLOOD_FACTOR", default=5.0)
VITRINE_FLOOD_MINIMUM = env.int("VITRINE_FLOOD_MINIMUM", default=20)
VITRINE_SWEEP_RATE = env.int("VITRINE_SWEEP_RATE", default=5000)
VITRINE_RETAG_RATE = env.int("VITRINE_RETAG_RATE", default=500)
VITRINE_INDEX_FROM = env.int("VITRINE_INDEX_FROM", default=5000)
VITRINE_INDEX_WORKERS = env.int("VITRINE_INDEX_WORKERS", default=2)
VITRINE_INDEX_MEMORY_MB = env.int("VITRINE_INDEX_MEMORY_MB", default=512)

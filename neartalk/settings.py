"""Every setting, read from the environment once. A fresh clone runs with none of them set."""

import os
import secrets
from pathlib import Path
from urllib.parse import quote

from neartalk.database_pool import pooled
from neartalk.environment import (
    channel_prefix,
    database,
    deployment,
    env_bool,
    env_choice,
    env_float,
    env_int,
    env_list,
    env_networks,
    hosts,
    mail_addresses,
    mail_server,
    names_local,
    objections,
    origins,
    paragraphs,
    push_hosts,
    redis_urls,
    sender,
    site_url,
    stun_urls,
    turn_urls,
    vapid_private_key,
    vapid_subject,
)
from neartalk.redis.connection import pool_options

BASE_DIR = Path(__file__).resolve().parent.parent

# ---- What an operator sets -------------------------------------------------------------------

DEBUG = env_bool("DEBUG", True)
# Made anew at each start while DEBUG is on; with it off, the server does not start without one.
SECRET_KEY = os.getenv("SECRET_KEY", secrets.token_urlsafe(50) if DEBUG else "")
ALLOWED_HOSTS = hosts("ALLOWED_HOSTS", env_list("ALLOWED_HOSTS"))
CSRF_TRUSTED_ORIGINS = origins("CSRF_TRUSTED_ORIGINS", env_list("CSRF_TRUSTED_ORIGINS"))
# One Redis, or some nodes of a Redis Cluster; and where the channel layer and the cache are.
REDIS_URLS = redis_urls("REDIS_URL", os.getenv("REDIS_URL", ""), cluster=True)
LAYER_REDIS_URLS = (
    redis_urls("LAYER_REDIS_URL", os.getenv("LAYER_REDIS_URL", ""), cluster=False) or REDIS_URLS
)
# In front of all keys and channels, so that several may share a Redis.
DEPLOYMENT = deployment(os.getenv("DEPLOYMENT", "neartalk"))
DATABASE_URL = os.getenv("DATABASE_URL", f"sqlite:///{quote(str(BASE_DIR / 'db.sqlite3'))}")
HTTPS = env_bool("HTTPS", not DEBUG)
LOG_FORMAT = env_choice("LOG_FORMAT", "console" if DEBUG else "json", {"console", "json"})
# What Prometheus sends as a bearer; without one, only this machine itself is answered.
METRICS_TOKEN = os.getenv("METRICS_TOKEN", "")

RENAMES = env_int("RENAMES", 3)
MESSAGE_LIFE_SECONDS = env_int("MESSAGE_LIFE_SECONDS", 1800, 1)
SESSION_IDLE_SECONDS = env_int("SESSION_IDLE_SECONDS", 1800)
# How many proxies stand in front, and the one header in which they say whom they ask for.
TRUSTED_PROXIES = env_int("TRUSTED_PROXIES", 0)
PROXY_HEADER = os.getenv("PROXY_HEADER", "X-Forwarded-For").lower()
RATE_LIMITS_SCALE = env_float("RATE_LIMITS_SCALE", 1)
RATE_LIMITS_OFF = env_list("RATE_LIMITS_OFF")
# Off, for tests and benches: who moves is elsewhere at once, and who leaves is gone at once.
PLACE_CLOCK = env_bool("PLACE_CLOCK", True)
# How long a copy of what somebody reported is kept.
EVIDENCE_DAYS = env_int("EVIDENCE_DAYS", 30)
# So many reports of one person by different subjects mute them until somebody has looked; 0: none.
REPORTS_TO_MUTE = env_int("REPORTS_TO_MUTE", 3)
# For how long records are kept. Evidence goes at its deadline, its report so many days later.
HITS_KEPT_DAYS = env_int("HITS_KEPT_DAYS", 30)
ACTIVITY_KEPT_DAYS = env_int("ACTIVITY_KEPT_DAYS", 400)
SANCTIONS_KEPT_DAYS = env_int("SANCTIONS_KEPT_DAYS", 90)
REPORTS_KEPT_DAYS = env_int("REPORTS_KEPT_DAYS", 90)
ADMIN_LOG_KEPT_DAYS = env_int("ADMIN_LOG_KEPT_DAYS", 400)
# Where whoever is muted or banned may object: an e-mail address or a URL.
OBJECTIONS = objections("OBJECTIONS", os.getenv("OBJECTIONS", ""))
# Who runs this server and how to reach them, an e-mail address or a URL: shown where set.
OPERATOR_NAME = os.getenv("OPERATOR_NAME", "").strip()
OPERATOR_CONTACT = objections("OPERATOR_CONTACT", os.getenv("OPERATOR_CONTACT", ""))
# How old people are to be, as the pages say; 0: they say nothing of it.
MINIMUM_AGE = env_int("MINIMUM_AGE", 16)
# Terms of the operator's own, as plain text, in place of ours.
TERMS = paragraphs("TERMS_FILE", os.getenv("TERMS_FILE", ""))
# Where people reach this server, as links in mail and invitations begin.
SITE_URL = site_url("SITE_URL", os.getenv("SITE_URL", ""))
# Who is told by mail that reports wait, and through which server; both, or nobody is.
ALERT_EMAIL = mail_addresses("ALERT_EMAIL", env_list("ALERT_EMAIL"))
MAIL_SERVER = mail_server(os.getenv("EMAIL_URL", ""))
# For how long a process that ends sends its sockets elsewhere; alone it has nowhere to send them.
DRAIN_SECONDS = env_float("DRAIN_SECONDS", 5 if REDIS_URLS else 0)
# Where `collectstatic` puts what browsers may keep.
STATIC_ROOT = Path(os.getenv("STATIC_ROOT", BASE_DIR / "staticfiles"))
REDIS_MAY_KEEP = env_bool("REDIS_MAY_KEEP", False)
HINTS_DROPPED = env_float("HINTS_DROPPED", 0, 1)

STUN_URLS = stun_urls("STUN_URLS", env_list("STUN_URLS"))
TURN_URLS = turn_urls("TURN_URLS", env_list("TURN_URLS"))
TURN_SECRET = os.getenv("TURN_SECRET", "")
VOICE_CONNECTIONS = env_int("VOICE_CONNECTIONS", 8)
# Addresses that people may be told of besides public ones: those of the operator's own relay.
VOICE_NETWORKS = env_networks("VOICE_NETWORKS")
# Also those of networks at home, between two who both chose to talk directly.
VOICE_LOCAL = names_local(env_list("VOICE_NETWORKS"))

# By which push services know this server, and whom they write to: off unless both are set. Pushes
# go to these hosts alone: those of the browsers that there are.
VAPID_PRIVATE_KEY = vapid_private_key("VAPID_PRIVATE_KEY", os.getenv("VAPID_PRIVATE_KEY", ""))
VAPID_SUBJECT = vapid_subject("VAPID_SUBJECT", os.getenv("VAPID_SUBJECT", ""))
PUSH_HOSTS = push_hosts("PUSH_HOSTS", env_list("PUSH_HOSTS")) or [
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
]

# ---- Django ----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "neartalk.apps.RunserverConfig",
    "neartalk.apps.OperatorsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_htmx",
    "neartalk",
    "presence",
    "chat",
    "voice",
]

MIDDLEWARE = [
    "neartalk.http.middleware.InLane",
    "neartalk.http.middleware.Security",
    "neartalk.http.static.StaticFiles",
    "neartalk.http.compression.Compressed",
    "neartalk.http.middleware.ContentPolicy",
    "neartalk.http.middleware.DevicePolicy",
    "neartalk.http.middleware.FrameOptions",
    "neartalk.http.middleware.Probes",
    "neartalk.http.language.Language",
    "neartalk.http.middleware.AdminSession",
    "neartalk.http.middleware.Common",
    "presence.csrf.BearerIsNoCookie",
    "neartalk.http.middleware.Csrf",
    "neartalk.http.middleware.AdminUser",
    "neartalk.http.middleware.AdminNotices",
    "django_htmx.middleware.HtmxMiddleware",
]

# What each app adds to what all share, by dotted name, in the order in which it is shown.
DOCTOR_CHECKS = [
    "neartalk.doctor.settings.checks_for",
    "neartalk.doctor.redis.checks_for",
    "neartalk.doctor.database.checks_for",
    "neartalk.doctor.machine.checks_for",
    "neartalk.doctor.push.checks_for",
    "neartalk.doctor.mail.checks_for",
    "neartalk.doctor.site.checks_for",
    "presence.doctor.checks_for",
    "voice.doctor.checks_for",
]
STATS_OF_KEYS = ["presence.stats.KEYS", "chat.stats.KEYS", "voice.stats.KEYS"]
STATS = ["neartalk.stats.records.refused", "presence.stats.processes", "chat.stats.waiting"]
RETENTION = ["neartalk.records.retention.RULES", "chat.retention.RULES"]
ADMIN_PANELS = {
    "figures": "neartalk.operators.dashboard.figures",
    "refusals": "neartalk.operators.dashboard.refusals",
    "bans": "neartalk.operators.dashboard.bans",
    "acts": "neartalk.operators.dashboard.acts",
    "waiting": "chat.admin.waiting",
    "doubts": "neartalk.operators.dashboard.doubts",
}

ROOT_URLCONF = "neartalk.urls"
ASGI_APPLICATION = "neartalk.asgi.application"
APPEND_SLASH = False

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
            ],
            "builtins": ["neartalk.http.constants"],
            "libraries": {
                "characters": "neartalk.characters",
                "manifest": "neartalk.http.manifest",
                "modules": "neartalk.http.modules",
                "operator": "neartalk.http.operator_tags",
                "relay": "voice.tags",
                "text_size": "neartalk.http.text_size",
                "units": "neartalk.http.units",
            },
        },
    }
]

DATABASES = {"default": pooled(database(DATABASE_URL))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

if REDIS_URLS:
    CHANNEL_PREFIX = channel_prefix(DEPLOYMENT, REDIS_URLS[0], LAYER_REDIS_URLS)
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": LAYER_REDIS_URLS,
            "KEY_PREFIX": CHANNEL_PREFIX.rstrip(":"),
            "OPTIONS": {"CLIENT_CLASS": "django_redis.client.ShardClient"},
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "neartalk.redis.layer.PubSubLayer",
            # Groups are spread over the hosts.
            "CONFIG": {
                "hosts": [pool_options(url) for url in LAYER_REDIS_URLS],
                "prefix": CHANNEL_PREFIX,
            },
        }
    }
else:
    CHANNEL_PREFIX = f"{DEPLOYMENT}:"
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

EMAIL_HOST, EMAIL_PORT = MAIL_SERVER.host, MAIL_SERVER.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL_SERVER.user, MAIL_SERVER.password
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL_SERVER.starttls, MAIL_SERVER.tls
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = sender(os.getenv("EMAIL_FROM", ""), MAIL_SERVER, ALERT_EMAIL)

# The languages that pages speak, each by its own name: those with a catalogue in locale/. Whoever
# asks for another one reads English.
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("fr", "Français"),
    ("it", "Italiano"),
    ("pl", "Polski"),
    ("pt-br", "Português (Brasil)"),
    ("tr", "Türkçe"),
    ("uk", "Українська"),
    ("ar", "العربية"),
    ("he", "עברית"),
    ("hi", "हिन्दी"),
    ("ja", "日本語"),
    ("zh-hans", "简体中文"),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = HTTPS
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "neartalk.formats"

STATIC_URL = "static/"
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "neartalk.http.static.HashedFiles"
    }
}
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False

# ---- Safety ----------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
X_FRAME_OPTIONS = "DENY"
# The proxy sends HTTP to HTTPS, for who asks after our health comes without TLS. What else stands
# under the domain is its owner's matter: HSTS for it, and the browsers' list.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
# Django seeks its own middleware by name; ours are the same without threads.
SILENCED_SYSTEM_CHECKS += ["security.W001", "security.W002", "security.W003"]
# One hop in front of us may say that it spoke TLS; nothing else of what it says is trusted yet.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
CSRF_FAILURE_VIEW = "presence.views.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 16_384

# What of a device the pages may ask for: a place and a voice. Sound, fullscreen, sharing and the
# clipboard stay as browsers have them.
PERMISSIONS_POLICY = {
    "geolocation": "(self)",
    "microphone": "(self)",
    **dict.fromkeys(
        str.split("""
            accelerometer camera display-capture encrypted-media gyroscope hid idle-detection
            local-fonts magnetometer midi payment picture-in-picture publickey-credentials-get
            screen-wake-lock serial storage-access usb window-management xr-spatial-tracking
        """),
        "()",
    ),
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# Access lines would hold addresses and marks: servers speak only when something is wrong. What a
# line may hold is decided in one place, for libraries too.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"safe": {"()": "neartalk.logs.formatter", "form": LOG_FORMAT}},
    "filters": {
        "failures": {"()": "neartalk.logs.Failures"},
        "refusals": {"()": "neartalk.redis.refusals.RefusalsOnce"},
    },
    "handlers": {"console": {"class": "neartalk.logs.Handler", "formatter": "safe"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING"},
        "django.request": {"filters": ["failures"]},
        # Strangers ask by any name, as often as they like.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.channels.server": {"level": "ERROR"},
        "daphne": {"level": "WARNING"},
        "neartalk": {"level": "INFO"},
        # Known by name, so that redis-py adds no handler of its own.
        "push_response": {"level": "WARNING"},
        # They would name endpoints.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
    },
}

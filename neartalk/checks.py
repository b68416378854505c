"""What must be set right before strangers may trust this server: Django's system checks."""

from collections.abc import Iterator, Sequence
from filecmp import cmp
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured

from neartalk.limits import PROXY_HEADERS
from neartalk.records import retention_rules

HALF_AN_HOUR_S = 1800


@register(Tags.security)
def hosts_are_named(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.DEBUG or settings.ALLOWED_HOSTS:
        return []
    hint = "Set ALLOWED_HOSTS to the names people reach this server by."
    return [Error("DEBUG is off and no host is allowed.", hint=hint, id="neartalk.E001")]


@register(Tags.security)
def key_is_there(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Without one chat would work, and the admin would fail on every page."""
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:
        key = ""
    if key:
        return []
    hint = "Set SECRET_KEY to 50 random characters, the same for all processes."
    return [Error("DEBUG is off and there is no key.", hint=hint, id="neartalk.E011")]


@register(Tags.security)
def renames_are_few(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.RENAMES in {2, 3}:
        return []
    hint = "With more, a name says nothing; with fewer, a slip cannot be mended."
    return [Error("RENAMES must be 2 or 3.", hint=hint, id="neartalk.E002")]


@register(Tags.security)
def proxies_can_be_counted(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.TRUSTED_PROXIES >= 0 and settings.PROXY_HEADER in PROXY_HEADERS:
        return []
    hint = f"TRUSTED_PROXIES is 0 or more, and PROXY_HEADER one of {', '.join(PROXY_HEADERS)}."
    return [Error("The proxies in front are not understood.", hint=hint, id="neartalk.E016")]


@register(Tags.security)
def records_are_kept_a_while(
    app_configs: Sequence[Any] | None, **kwargs: Any
) -> list[CheckMessage]:
    short = [rule.days for rule in retention_rules() if rule.days and rule.day_count < 1]
    if not short:
        return []
    hint = f"{', '.join(short)} must be at least 1, or what is still needed is deleted."
    return [Error("A record is kept for less than a day.", hint=hint, id="neartalk.E008")]


@register(Tags.security)
def relay_has_a_secret(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if bool(settings.TURN_URLS) == bool(settings.TURN_SECRET):
        return []
    hint = "Set TURN_URLS and TURN_SECRET together; the relay knows the secret too."
    return [Error("The relay is set by half.", hint=hint, id="neartalk.E007")]


@register(Tags.security)
def pushes_are_signed(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if bool(settings.VAPID_PRIVATE_KEY) == bool(settings.VAPID_SUBJECT):
        return []
    hint = "Set VAPID_PRIVATE_KEY (manage.py vapid) and VAPID_SUBJECT, mailto:..., together."
    return [Error("Pushes are set by half.", hint=hint, id="neartalk.E018")]


@register(Tags.security)
def mail_is_set_whole(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if bool(settings.ALERT_EMAIL) == bool(settings.EMAIL_HOST):
        return []
    hint = "Set EMAIL_URL and ALERT_EMAIL together, or nobody is told of reports that wait."
    return [Warning("Mail about reports is set by half.", hint=hint, id="neartalk.W012")]


@register(Tags.files)
def static_files_are_collected(
    app_configs: Sequence[Any] | None, **kwargs: Any
) -> list[CheckMessage]:
    if settings.DEBUG or all(copy.exists() and cmp(file, copy) for file, copy in static_files()):
        return []
    hint = "Run manage.py collectstatic: browsers keep what it makes, and do not ask again."
    return [
        Warning(
            "Static files are not collected, or have changed since.",
            hint=hint,
            id="neartalk.W009",
        )
    ]


def static_files() -> Iterator[tuple[Path, Path]]:
    """Each static file, and where collectstatic copies it to."""
    for finder in get_finders():
        for path, storage in finder.list(None):
            yield Path(storage.path(path)), settings.STATIC_ROOT / path


# ---- Said by check --deploy alone ----------------------------------------------------------------


@register(Tags.security, deploy=True)
def proxy_is_counted(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.TRUSTED_PROXIES or not settings.HTTPS:
        return []
    hint = "Set TRUSTED_PROXIES, or everybody has the address of the proxy that speaks TLS."
    return [Warning("No proxy is counted.", hint=hint, id="neartalk.W020")]


@register(Tags.security, deploy=True)
def limits_hold(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.RATE_LIMITS_SCALE <= 1 and not settings.RATE_LIMITS_OFF:
        return []
    hint = "Unset RATE_LIMITS_SCALE and RATE_LIMITS_OFF; single rules are changed in /admin/."
    return [Warning("Limits are loosened, as for tests.", hint=hint, id="neartalk.W021")]


@register(Tags.security, deploy=True)
def places_have_a_clock(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.PLACE_CLOCK:
        return []
    hint = "Unset PLACE_CLOCK: without it people can be followed, and look without being seen."
    return [Warning("Places take effect at once, as for tests.", hint=hint, id="neartalk.W026")]


@register(Tags.security, deploy=True)
def half_an_hour_is_meant(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.MESSAGE_LIFE_SECONDS == settings.SESSION_IDLE_SECONDS == HALF_AN_HOUR_S:
        return []
    hint = "Unset MESSAGE_LIFE_SECONDS and SESSION_IDLE_SECONDS, which are for tests."
    return [Warning("The pages say 30 minutes, and it is not so.", hint=hint, id="neartalk.W022")]


@register(Tags.security, deploy=True)
def hints_arrive(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if not settings.HINTS_DROPPED:
        return []
    hint = "Unset HINTS_DROPPED, which is for tests."
    return [Warning("Hints are dropped on purpose.", hint=hint, id="neartalk.W023")]


@register(Tags.security, deploy=True)
def nothing_is_kept(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if not settings.REDIS_MAY_KEEP:
        return []
    hint = "Unset REDIS_MAY_KEEP, and start Redis with --save '' --appendonly no."
    return [Warning("Redis may write what was said to a disk.", hint=hint, id="neartalk.W024")]


@register(Tags.security, deploy=True)
def names_are_named(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    hint = "Name the hosts in ALLOWED_HOSTS: links in answers hold the name that was asked for."
    return [Warning("The server answers to any name.", hint=hint, id="neartalk.W025")]


@register(Tags.security, deploy=True)
def only_relays_are_named(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Public addresses need no mention: what is named is a relay's, or opens a network."""
    if not settings.VOICE_LOCAL and all(one.num_addresses == 1 for one in settings.VOICE_NETWORKS):
        return []
    hint = "Name in VOICE_NETWORKS nothing but the relay's own address, such as 10.1.0.7/32."
    return [Warning("People are told private addresses of others.", hint=hint, id="neartalk.W027")]

"""Where people reach this server: what links that leave the page begin with.

The Host of a request is whatever its sender writes. It is believed where ALLOWED_HOSTS names hosts,
never where it takes any.
"""

from django.conf import settings
from django.http import HttpRequest


def site_link(path: str) -> str:
    """A path with the server in front, for who reads it elsewhere; the path alone, where nothing
    that was set says which server that is."""
    return f"{settings.SITE_URL or named_origin()}{path}"


def named_origin() -> str:
    """By the first plain name of ALLOWED_HOSTS, or `""`."""
    names = [name for name in settings.ALLOWED_HOSTS if name != "*" and not name.startswith(".")]
    return f"{scheme()}://{names[0]}" if names else ""


def site_origin(request: HttpRequest) -> str:
    """The origin to invite people to, or `""` where only the browser knows it.

    Raises DisallowedHost, where ALLOWED_HOSTS does not have the Host.
    """
    host = request.get_host()
    if settings.SITE_URL:
        return str(settings.SITE_URL)
    return "" if "*" in settings.ALLOWED_HOSTS else f"{request.scheme}://{host}"


def scheme() -> str:
    return "https" if settings.HTTPS else "http"

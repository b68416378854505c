"""The cookie of a browser that has logged in: strangers who guess at an account use up none of the
tries that it has for itself.

It is signed and names the account, so that it helps nobody with another one; by itself it lets
nobody in.
"""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

KEPT_S = 90 * 86_400
SALT = "neartalk.operators.known_browser"


def cookie_name() -> str:
    return "__Secure-operator" if settings.HTTPS else "operator"


def known_browser(request: HttpRequest, account: str) -> str:
    """The number of a browser in which somebody has logged in as this account; `""` for others."""
    try:
        kept = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=SALT, max_age=KEPT_S)
        known, number = map(str, kept)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return number if known == account else ""


def remember_browser(response: HttpResponseBase, account: str) -> None:
    """For KEPT_S from now on. A new number each time: nobody's tries are kept for so long."""
    response.set_cookie(
        cookie_name(),
        signing.dumps([account, secrets.token_hex(16)], salt=SALT),
        max_age=KEPT_S,
        path=reverse("admin:index"),
        secure=settings.HTTPS,
        httponly=True,
        samesite="Strict",
    )

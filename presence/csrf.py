"""Which calls need a CSRF token: those that a browser sends with our cookie, as a foreign page can
make it do."""

from django.http import HttpRequest

from neartalk.http import OnLoop
from presence.sessions import BEARER, cookie_name


class BearerIsNoCookie(OnLoop):
    """Only what a browser sends by itself can be forged: calls without our cookie need no token.

    A page that asks for a cookie (HTMX) needs one too, or it could be handed another's session.
    """

    def process_request(self, request: HttpRequest) -> None:
        bearer = request.headers.get("authorization", "")[: len(BEARER)].lower() == BEARER
        bare = cookie_name() not in request.COOKIES and "hx-request" not in request.headers
        if request.path.startswith("/api/") and (bearer or bare):
            request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]

"""In which language whoever asks is answered: the one they chose, else the first of their browser's
that there is, else English."""

from collections.abc import Mapping
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.i18n import set_language

from neartalk.http.cookies import cookies_of
from neartalk.http.middleware import OnLoop

# A header is looked through so far: there are not two hundred languages that one person reads.
ACCEPTED_MAX = 400


def language_of(headers: Mapping[bytes, bytes]) -> str:
    """The language of a call or a socket, from the headers of its scope: one of LANGUAGES."""
    request = HttpRequest()
    accepted = headers.get(b"accept-language", b"")[:ACCEPTED_MAX].decode("latin-1")
    request.META = {"HTTP_ACCEPT_LANGUAGE": accepted}
    request.COOKIES = cookies_of(headers.get(b"cookie", b"").decode("latin-1"))
    return language_of_request(request)


def language_of_request(request: HttpRequest) -> str:
    """In the letters of LANGUAGES: "DE" is the German of "de", and is kept no second time."""
    return translation.get_language_from_request(request).lower()


def load_languages() -> None:
    """Reads what all languages say, and the addresses of pages, before anybody waits for it: Django
    does it once a language, for the first who asks, while all others wait."""
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            translation.gettext("Language")
            reverse("language")


async def choose_language(request: HttpRequest) -> HttpResponseBase:
    """`POST /language {language, next?}`: keeps a choice for a year, without a script. Leads
    back to where it was made, on this site alone."""
    fields = request.POST.copy()
    if fields.get("language") not in dict(settings.LANGUAGES):
        # Django speaks a hundred more, and loads each that is named.
        fields.pop("language", None)
    request.POST = cast(Any, fields)
    return set_language(request)


class Language(OnLoop):
    """Answers a call in the language of whoever asks. Django's own is not asynchronous, and keeps
    the language of one call for the next of its thread."""

    async def __acall__(self, request: HttpRequest) -> Any:
        language = language_of_request(request)
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = await cast(Any, self.get_response(request))
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response

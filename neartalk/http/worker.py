"""The service worker of the site, in the language of whoever fetches it, and the page that it keeps
for whoever is offline."""

import json
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from django.contrib.staticfiles.finders import find
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from neartalk.marking import gettext_noop

SOURCE = "js/service-worker.js"
OFFLINE = "offline.html"
# All that the page for whoever is offline is made of.
FILES = ("css/base.css", "css/front.css", "js/offline.js", "icons/neartalk.svg")
# A page that is there has another name for it once any module of it has changed.
PAGE = "js/near.js"
# What a notification says, by the kind of its push.
TITLES = {
    "reply": gettext_noop("{name} answered you"),
    "mention": gettext_noop("{name} wrote to you"),
    "talk": gettext_noop("{name} wants to talk"),
}


@require_safe
async def offline(request: HttpRequest) -> HttpResponse:
    return render(request, OFFLINE)


@require_safe
async def service_worker(request: HttpRequest) -> HttpResponse:
    """At the root, so that all pages are in its scope; browsers ask for it anew each time."""
    script = worker_script(get_language(), reverse("offline"), *map(static, (PAGE, *FILES)))
    response = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@lru_cache(100)
def worker_script(language: str, offline_url: str, page_url: str, *file_urls: str) -> str:
    """The worker under the names that files have by now, with its words in a language. It is
    another one, and so an update, when any of them, what the page for whoever is offline says, or
    it itself has changed."""
    source = text_of(SOURCE)
    with override(language):
        words = {kind: _(title) for kind, title in TITLES.items()}
        offline_page = render_to_string(OFFLINE)
    parts = [source, language, *words.values(), offline_page, page_url, *file_urls]
    parts += map(text_of, (*FILES, PAGE))
    version = sha256("\n".join(parts).encode()).hexdigest()[:12]
    known = {"VERSION": version, "OFFLINE": offline_url, "FILES": file_urls}
    named = [*known.items(), ("LANGUAGE", language), ("WORDS", words)]
    return "".join(f"const {name} = {json.dumps(one)};\n" for name, one in named) + source


def text_of(name: str) -> str:
    path = find(name)
    return Path(path).read_text() if path else ""

"""What a browser is told when somebody installs the product, in the language of the page that names
it: manifests are fetched without cookies, so the address says which."""

import json
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django import template
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, get_language_info, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

# As long as a browser may keep what has a hash in its name.
KEPT_SECONDS = 10 * 365 * 24 * 3600
PNG = "image/png"

register = template.Library()


@require_safe
async def webmanifest(request: HttpRequest, language: str, version: str) -> HttpResponse:
    """That of a page of an earlier release is this one's, and asked for anew."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    text = manifest_text(language)
    kept = f"max-age={KEPT_SECONDS}, public, immutable"
    response = HttpResponse(text, content_type="application/manifest+json")
    response["Cache-Control"] = kept if version == version_of(text) else "no-cache"
    response["Content-Language"] = language
    return response


@register.simple_tag
def manifest_url() -> str:
    """Another one once anything in it is another."""
    language = get_language()
    return reverse("manifest", args=[language, version_of(manifest_text(language))])


def version_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


@lru_cache(100)
def manifest_text(language: str) -> str:
    with override(language):
        return json.dumps(manifest(language), ensure_ascii=False)


def manifest(language: str) -> dict[str, Any]:
    return {
        "name": "NearTalk",
        "short_name": "NearTalk",
        "description": _(
            "Talk with whoever is near, without an account. Messages are gone after 30 minutes."
        ),
        "lang": language,
        "dir": "rtl" if get_language_info(language)["bidi"] else "ltr",
        "categories": ["social"],
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#e6edec",
        "theme_color": "#e6edec",
        "icons": [
            {"src": static("icons/neartalk.svg"), "sizes": "any", "type": "image/svg+xml"},
            icon(192),
            icon(512),
            icon(512) | {"purpose": "maskable"},
        ],
        "screenshots": [
            screenshot("phone", "720x1480", "narrow", _("NearTalk: talk with whoever is near")),
            screenshot("desktop", "1440x900", "wide", _("Who is near")),
        ],
        "shortcuts": [shortcut(_("Near you"), "/near"), shortcut(_("Voice"), "/near#voice")],
    }


def icon(pixels: int) -> dict[str, str]:
    src = static(f"icons/neartalk-{pixels}.png")
    return {"src": src, "sizes": f"{pixels}x{pixels}", "type": PNG}


def screenshot(name: str, sizes: str, form_factor: str, label: str) -> dict[str, str]:
    src = static(f"screens/near-{name}.png")
    about = {"form_factor": form_factor, "label": label}
    return {"src": src, "sizes": sizes, "type": PNG} | about


def shortcut(name: str, url: str) -> dict[str, Any]:
    return {"name": name, "url": url, "icons": [icon(192)]}

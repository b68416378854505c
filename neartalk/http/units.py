"""A tag of templates: in which units a browser reads distances, so that each page comes in them at
once."""

import re
from typing import Any

from django import template
from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header

COOKIE = "units"
UNITS = ("metres", "feet")
# Where distances are told in feet and miles (Unicode CLDR, measurementData: US, and what follows it
# in length).
FEET = {"us", "lr", "mm"}

# Behind a language and, in some, its script (RFC 5646).
REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]{4})?-([a-z]{2}|[0-9]{3})(?:-|$)")

register = template.Library()


@register.simple_tag(takes_context=True)
def units(context: dict[str, Any]) -> str:
    """One of UNITS: what was chosen, else what is usual in the region of the browser's language."""
    request = context.get("request")
    return units_of(request) if request else UNITS[0]


def units_of(request: HttpRequest) -> str:
    chosen = request.COOKIES.get(COOKIE)
    if chosen in UNITS:
        return chosen
    accepted = parse_accept_lang_header(request.headers.get("Accept-Language", "").lower())
    regions = (found[1] for language, _ in accepted if (found := REGION.match(language)))
    return UNITS[next(regions, "") in FEET]

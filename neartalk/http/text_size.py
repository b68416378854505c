"""A tag of templates: the size of text that a browser asks for by its cookie, so that a page comes
in it at once."""

from typing import Any

from django import template
from django.http import HttpResponse

COOKIE = "text-size"
SIZES = ("100", "125", "150")

register = template.Library()


@register.simple_tag(takes_context=True)
def text_size(context: dict[str, Any]) -> str:
    """Percent, one of SIZES; whatever else is asked for is none of ours."""
    request = context.get("request")
    asked = request.COOKIES.get(COOKIE) if request else None
    return asked if asked in SIZES else SIZES[0]


@register.simple_tag
def text_sizes() -> tuple[str, ...]:
    return SIZES


def forget_text_size(response: HttpResponse) -> None:
    """Whoever has this browser next has chosen nothing yet. The page forgets it too, but browsers
    may carry that out after they have asked for the next page."""
    response.delete_cookie(COOKIE)

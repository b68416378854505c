"""Templates as pieces of HTML: rendered, or rendered once with blanks that are filled each time.

Filling costs a fiftieth of rendering. Whoever fills escapes what people wrote.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

# A rendered template: text and the names of its blanks in turn. People's words are never in one.
Outline = tuple[str, ...]

template = cache(get_template)


def fragment(name: str, context: dict[str, Any]) -> str:
    return template(name).render(context)


def outline(name: str, context: dict[str, Any]) -> Outline:
    """A template rendered with `blank`s in its context."""
    return tuple(fragment(name, context).strip().split("\0"))


def blank(name: str) -> SafeString:
    return safe(f"\0{name}\0")


def fill(outlined: Outline, values: Mapping[str, str]) -> str:
    return "".join([values[part] if turn % 2 else part for turn, part in enumerate(outlined)])


def safe(html: str) -> SafeString:
    return mark_safe(html)  # noqa: S308 joined from rendered templates

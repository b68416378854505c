"""`{% constant "_brand.html" %}`: a template that shows nothing of anybody, rendered once in each
language.

It is rendered without a context: whatever it named of a request or a person would stay empty.
"""

from functools import lru_cache

from django import template
from django.conf import settings
from django.core.signals import setting_changed
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, override

register = template.Library()


@register.simple_tag
def constant(name: str, **fields: str) -> SafeString:
    """The template `name` with these fields, which stand in the page that includes it."""
    # Whoever writes templates sees a change at once.
    if settings.DEBUG:
        return render(name, **fields)
    return rendered(name, get_language(), **fields)


def render(name: str, **fields: str) -> SafeString:
    return mark_safe(get_template(name).render(fields))  # noqa: S308 rendered by Django


@lru_cache(3_000)
def rendered(name: str, language: str, **fields: str) -> SafeString:
    """The template in a language, which is the one of whoever asks."""
    with override(language):
        return render(name, **fields)


def forget(**changed: object) -> None:
    """Settings change in tests alone."""
    rendered.cache_clear()


setting_changed.connect(forget)

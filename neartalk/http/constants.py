"""`{% constant "_brand.html" %}`: a template that shows nothing of anybody, rendered once.

It is rendered without a context: whatever it named of a request or a person would stay empty.
"""

from functools import lru_cache

from django import template
from django.conf import settings
from django.core.signals import setting_changed
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
def constant(name: str, **fields: str) -> SafeString:
    """The template `name` with these fields, which stand in the page that includes it."""
    # Whoever writes templates sees a change at once.
    return render(name, **fields) if settings.DEBUG else rendered(name, **fields)


def render(name: str, **fields: str) -> SafeString:
    return mark_safe(get_template(name).render(fields))  # noqa: S308 rendered by Django


rendered = lru_cache(200)(render)


def forget(**changed: object) -> None:
    """Settings change in tests alone."""
    rendered.cache_clear()


setting_changed.connect(forget)

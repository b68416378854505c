"""`{% load relay %}{% has_relay as relay %}`: a fact of the server, the same for everybody."""

from django import template

from voice import ice

register = template.Library()


@register.simple_tag
def has_relay() -> bool:
    return ice.has_relay()

"""`{% load relay %}{% voice_way %}`: whether a voice goes through a relay, a fact of the server."""

from django import template
from django.template.loader import get_template

from voice.ice import has_relay

register = template.Library()


@register.simple_tag
def voice_way() -> str:
    name = "_voice_way_relay.html" if has_relay() else "_voice_way_straight.html"
    return get_template(name).render()

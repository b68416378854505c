"""Tags of templates: who runs this server, how to reach them, and how old one must be."""

from django import template
from django.conf import settings

from neartalk.codes import link_to

register = template.Library()


@register.inclusion_tag("_operator.html")
def operator() -> dict[str, str]:
    contact = settings.OPERATOR_CONTACT
    return {"name": settings.OPERATOR_NAME, "contact": contact, "url": link_to(contact)}


@register.simple_tag
def minimum_age() -> int:
    """0: this server asks for none."""
    return int(settings.MINIMUM_AGE)

"""`{% load characters %}`: texts cut where a character ends, as people count them."""

from django import template

from neartalk import graphemes

register = template.Library()


@register.filter
def shortened(text: object, length: int) -> str:
    """At most so many characters; what is cut ends with an ellipsis."""
    return graphemes.shortened(str(text), length)

"""`{% load modules %}`: the catalogue of a page's language, and the names of all its modules in its
head, so that browsers fetch them at once: without that each level of imports waits for the one
before."""

import re
from functools import lru_cache
from pathlib import Path
from posixpath import dirname, join, normpath

from django import template
from django.contrib.staticfiles.finders import find
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

# What modules of ours import, each from a path and at the beginning of a line.
IMPORT = re.compile(
    r"^(?:import|export)\b(?:[^'\";]*?\bfrom)?\s*['\"](\.[^'\"]+)['\"]", re.MULTILINE
)

register = template.Library()


@register.simple_tag
def catalogue() -> SafeString:
    """The sentences of the page's modules in the language of whoever asks, in front of all that
    says any. English needs none."""
    return catalogue_of(get_language())


@register.simple_tag
def module_preloads(entry: str) -> SafeString:
    """A link for each module that this one imports, however far away."""
    return rendered(entry, static(entry))


@register.simple_tag
def later_modules(entry: str, first: str) -> SafeString:
    """The same for a module that another one imports only once its page is there, and for what it
    needs that this one does not."""
    return rendered(entry, static(entry), first)


@lru_cache(50)
def catalogue_of(language: str) -> SafeString:
    name = f"js/languages/{language}.js"
    if not find(name):
        return SafeString("")
    return format_html('<script type="module" src="{}"></script>', static(name))


@lru_cache(16)
def rendered(entry: str, url: str, first: str = "") -> SafeString:
    """The links; `url` is that of the entry, which is another one when any of them changed."""
    names = [entry, *imported(entry)] if first else imported(entry)
    known = {first, *imported(first)} if first else set()
    links = ((static(name),) for name in names if name not in known)
    return format_html_join("\n", '<link rel="modulepreload" href="{}">', links)


def imported(entry: str) -> list[str]:
    """The modules that one imports, and those that they import: the nearest first."""
    found = {entry: None}
    for name in (waiting := [entry]):
        for path in IMPORT.findall(source(name)):
            if (other := normpath(join(dirname(name), path))) not in found:
                found[other] = None
                waiting.append(other)
    return [*found][1:]


def source(name: str) -> str:
    path = find(name)
    return Path(path).read_text() if path else ""

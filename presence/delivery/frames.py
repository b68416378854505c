"""How frames look on the wire in both forms: JSON objects, and HTML that is swapped out of band."""

import json
from collections.abc import Iterable, Sequence
from enum import StrEnum
from html import escape
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from neartalk.codes import Refused
from neartalk.limits import Limits
from presence.delivery.fragments import fragment

# The version of the JSON form: see docs/clients.md for what needs another one.
PROTOCOL = 1


class Form(StrEnum):
    HTML = "html"
    JSON = "json"


class Frame:
    """One text frame, built once, written to many: `wire` is RFC 6455, unmasked, unfragmented."""

    __slots__ = ("text", "wire")

    def __init__(self, text: str) -> None:
        self.text = text
        payload = text.encode()
        size = len(payload)
        if size < 126:
            head = bytes((0x81, size))
        elif size < 65_536:
            head = b"\x81\x7e" + size.to_bytes(2, "big")
        else:
            head = b"\x81\x7f" + size.to_bytes(8, "big")
        self.wire = head + payload


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def rows(form: Form, each: Iterable[str]) -> Frame:
    """Messages that leave together: a list for the page; in JSON one object or an array of them."""
    if form is Form.HTML:
        return Frame(f'<ol id="messages" hx-swap-oob="beforeend">{"".join(each)}</ol>')
    found = [*each]
    return Frame(found[0] if len(found) == 1 else f"[{','.join(found)}]")


def notes_frame(form: Form, each: Sequence[str]) -> Frame:
    """Notes about messages that leave together: signals for the page; in JSON one object or an
    array of them."""
    if form is Form.HTML:
        return Frame(f'<div id="signals" hx-swap-oob="innerHTML">{"".join(each)}</div>')
    return Frame(each[0] if len(each) == 1 else f"[{','.join(each)}]")


def signal(form: Form, kind: str, **fields: str | int | list[str] | Limits) -> Frame:
    """A frame without anything to see: welcome, ack, gone, mark, pong. The page is told no limits:
    it learns them by refusals, and people do not count."""
    if form is Form.JSON:
        return Frame(dumps({"type": kind if kind in BARE else f"chat.{kind}", **fields}))
    each = {
        key.replace("_", "-"): " ".join(value) if isinstance(value, list) else str(value)
        for key, value in fields.items()
        if not isinstance(value, dict)
    }
    data = "".join(f' data-{key}="{escape(value)}"' for key, value in each.items())
    return Frame(
        f'<div id="signals" hx-swap-oob="innerHTML"><data class="{kind}"{data}></data></div>'
    )


def unblocked(form: Form, person_ids: list[str]) -> Frame:
    """Whom a person blocks no more."""
    if form is Form.JSON:
        return Frame(dumps({"type": "unblocked", "person_ids": person_ids}))
    ids = " ".join(person_ids)
    return notes_frame(form, [f'<data class="unblocked" data-ids="{ids}"></data>'])


def signals(kind: str, **fields: str | int | list[str]) -> dict[Form, Frame]:
    """The same in every form."""
    return {form: signal(form, kind, **fields) for form in Form}


BARE = {"welcome", "blocked", "limits", "mark", "pong"}


def refusal(form: Form, refused: Refused, language: str) -> Frame:
    with override(language):
        if form is Form.JSON:
            return Frame(dumps({"type": "error", **refused.fields()}))
        words = fragment("_refusal.html", {"refusal": refused})
    return Frame(f'<div id="refusal" hx-swap-oob="innerHTML">{words}</div>')


GAPS = {
    "restarted": _("The server restarted and earlier messages are gone. New ones arrive as usual."),
    "unknown-mark": _("You were away for long. What is still alive is here."),
    "too-much": _("A lot was said while you were away. The newest part is here."),
}


def gap(form: Form, reason: str, language: str) -> Frame:
    """Says that a reader may have missed something, and why."""
    if form is Form.JSON:
        return Frame(dumps({"type": "gap", "reason": reason}))
    with override(language):
        words = fragment("_gap.html", {"words": GAPS[reason]})
    return Frame(f'<div id="notices" hx-swap-oob="innerHTML">{words}</div>')

"""Frames of a conversation as a socket brings them to a page, from people who need not be there."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.interceptor import Interceptor
    from tests.browser.visitor import BrowserVisitor

MINUTE = 60_000
# What has no answer yet is not sent again by itself after ten seconds.
SEND_ONCE = """() => {
  const { setTimeout } = window;
  window.setTimeout = (act, ms, ...rest) => ms === 10_000 ? 0 : setTimeout(act, ms, ...rest);
}"""


@dataclass(frozen=True)
class RowAuthor:
    """Somebody else, as their rows name them."""

    name: str
    tag: str
    person_id: str
    colour: int = 1
    metres: int = 200


ANA = RowAuthor("Ana", "e3r", "a" * 16, 7)
OTHER_ANA = RowAuthor("Ana", "vhd", "b" * 16, 3)
YUSUF = RowAuthor("Yusuf", "74k", "c" * 16, 0, 450)


class ScriptedTalk:
    """What the page of `alice` is told. Messages are said `ago` minutes before, by her clock."""

    def __init__(self, alice: BrowserVisitor, wire: Interceptor) -> None:
        self.alice = alice
        self.wire = wire
        self.me = str(alice.page.locator("#self").get_attribute("data-person"))
        self.count = itertools.count(1)

    def bring(
        self, author: RowAuthor, text: str, *, ago: float = 0, reply_to: str = "", at: str = ""
    ) -> str:
        """Sends a message to the page; its id."""
        message_id = self.new_id(ago)
        more = "".join(
            f' data-{key}="{value}"' for key, value in (("re", reply_to), ("at", at)) if value
        )
        self.send(
            f'<ol id="messages" hx-swap-oob="beforeend"><li class="p{author.colour}" '
            f'id="m-{message_id}" data-person="{author.person_id}" '
            f'data-m="{author.metres}"{more}>'
            f"<bdi>{escape(author.name)}</bdi><i>{author.tag}</i><p>{escape(text)}</p></li></ol>"
        )
        return message_id

    def bring_own(self, text: str, *, ago: float = 0, reply_to: str = "") -> str:
        return self.bring(
            RowAuthor(self.alice.name, "me0", self.me), text, ago=ago, reply_to=reply_to
        )

    def new_id(self, ago: float = 0) -> str:
        now = self.alice.page.evaluate(
            "import('/static/js/server/clock.js').then(({ serverNow }) => serverNow())"
        )
        return f"{int(now - ago * MINUTE)}-0.{next(self.count):08x}"

    def people(self, *some: RowAuthor) -> None:
        rows = "".join(
            f'<li class="person-row p{one.colour}" data-person="{one.person_id}" '
            f'data-m="{one.metres}"><bdi>{one.name}</bdi> <i>{one.tag}</i></li>'
            for one in sorted(some, key=lambda one: one.metres)
        )
        self.send(
            f'<ul id="people-list" hx-swap-oob="innerHTML" data-version="{next(self.count)}" '
            f'data-radius="500" data-count="{len(some)}" data-totals="">{rows}</ul>'
        )

    def signal(self, *signals: str) -> None:
        """Each is "kind|key=value|key=value"."""
        self.send(f'<div id="signals" hx-swap-oob="innerHTML">{"".join(map(data, signals))}</div>')

    def refuse(self, ref: str, code: str, words: str) -> None:
        self.send(
            f'<div id="refusal" hx-swap-oob="innerHTML"><div class="notice" data-code="{code}" '
            f'data-ref="{ref}"><span class="notice-words"><b>No.</b> '
            f'<span class="why">{words}</span></span></div></div>'
        )

    def send(self, frame: str) -> None:
        self.wire.sockets[-1].send(frame)


def data(signal: str) -> str:
    kind, *pairs = signal.split("|")
    fields = "".join(' data-{}="{}"'.format(*pair.split("=", 1)) for pair in pairs)
    return f'<data class="{kind}"{fields}></data>'


def row(alice: BrowserVisitor, message_id: str) -> Locator:
    return alice.page.locator(f'[id="m-{message_id}"]')


def bubble(alice: BrowserVisitor, message_id: str) -> Locator:
    return row(alice, message_id).locator(".bubble")


def sheet(alice: BrowserVisitor, act: str) -> Locator:
    return alice.page.locator(f'#menu [data-act="{act}"]')


def sent(wire: Interceptor, kind: str) -> list[dict[str, Any]]:
    frames = [json.loads(frame) for frame in wire.sent]
    return [frame for frame in frames if frame["type"] == kind]

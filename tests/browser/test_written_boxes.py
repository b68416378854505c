"""What somebody wrote paints in its own box alone, however wide or high it is."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chat.feed import RenderedMessage
from chat.messages import Message, StreamId
from neartalk import graphemes
from neartalk.text import clean_message, clean_name
from presence.delivery import Form
from presence.values import Place

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SHEETS = Path(__file__).parents[2] / "static/css"
CSS = "".join((SHEETS / f"{name}.css").read_text() for name in ("base", "near", "chat", "message"))
# Where a page of its own draws the row, with room around it and nothing else.
FRAME = """<!doctype html><style>{css}
body {{ padding: 120px; }} .messages {{ overflow: visible; inline-size: 320px; padding: 16px; }}
.hidden :is(.name, .bubble, .o) {{ color: transparent; }}
</style><div class="messages"><ol>{row}</ol></div>{template}"""
TEMPLATE = (Path(__file__).parents[2] / "templates/_message_row.html").read_text()
# The row that message-row.js makes of what the socket sends, without what stands there by itself.
DRESS = """(initial) => {
  const row = document.querySelector('li');
  const [called, tag, bubble] = row.children;
  const who = document.createElement('p');
  row.classList.add('message');
  [called.className, tag.className, bubble.className] = ['name', 'tag', 'bubble'];
  who.className = 'who';
  who.append(called, tag);
  row.prepend(who);
  row.append(document.getElementById('message-row').content.cloneNode(true));
  row.querySelector('.o').textContent = initial;
}"""
BOXES = """() => ['.o', '.name', '.bubble'].map((one) => {
  const { left, top, right, bottom } = document.querySelector(one).getBoundingClientRect();
  return [left - 1, top - 1, right + 1, bottom + 1];
})"""
# Of two pictures: how many points differ inside and outside the boxes.
DIFFERENCE = """async ([before, after, boxes]) => {
  const pixels = async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
    canvas.drawImage(image, 0, 0);
    return canvas.getImageData(0, 0, image.width, image.height);
  };
  const [one, other] = [await pixels(before), await pixels(after)];
  const found = { inside: 0, outside: 0 };
  for (let at = 0; at < one.data.length; at += 4) {
    const differs = (part) => Math.abs(one.data[at + part] - other.data[at + part]) > 8;
    if (![0, 1, 2].some(differs)) continue;
    const [x, y] = [(at / 4) % one.width, Math.floor(at / 4 / one.width)];
    const holds = ([left, top, right, bottom]) =>
      x >= left && x <= right && y >= top && y <= bottom;
    found[boxes.some(holds) ? 'inside' : 'outside'] += 1;
  }
  return found;
}"""
PILE = "Ẑ" + "\u0302\u030b\u0306\u0316\u0331\u032d" * 50
WIDE = "﷽𒐫"


def picture(page: Page) -> str:
    return "data:image/png;base64," + base64.b64encode(page.screenshot()).decode()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (PILE * 9, f"{PILE * 20}\n{PILE * 20}"),
        (WIDE * 12, WIDE * 40),
        ("\u1100" * 24, "\u1100" * 500),
        ("W" * 24, "W" * 500),
        ("ཧྐྵྨླྺྼྻྂ" * 20, "ཧྐྵྨླྺྼྻྂ" * 100),
        ("ก็" * 24, "ก็็็็็" * 90),
    ],
    ids=["accents", "wide letters", "letters in a row", "no space", "Tibetan", "Thai"],
)
def test_a_message_paints_in_its_own_boxes_alone(page: Page, name: str, text: str) -> None:
    message = Message(
        StreamId(1_700_000_000_000, 0),
        *("p" * 16, clean_name(name[:240]), Place("u33dc0q", 500), clean_message(text[:2000])),
        "ref-0001",
    )
    row = RenderedMessage(message).row(Form.HTML, 200)
    page.goto("about:blank")  # which has no policy of ours against styles
    page.set_content(FRAME.format(css=CSS, row=row, template=TEMPLATE))
    page.evaluate(DRESS, graphemes.initial(message.name))
    boxes, shown = page.evaluate(BOXES), picture(page)
    page.evaluate("document.body.classList.add('hidden')")
    found = page.evaluate(DIFFERENCE, [shown, picture(page), boxes])
    assert found["inside"] > 100
    assert found["outside"] == 0

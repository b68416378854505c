"""The controls of a call in each language: no word of theirs breaks where nobody would break it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polib
import pytest
from django.conf import settings
from django.utils.translation import to_locale

from tests.browser.test_access import PHONE, SIDEWAYS, SMALLEST
from tests.browser.test_large_text import DRAWN
from tests.support.client import elsewhere
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from tests.browser.conftest import Invite
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

LANGUAGES = [language for language, _ in settings.LANGUAGES]
# As templates and panel.js have them, in the order of the buttons; the first says either.
LABELS = ("Mute", "Hold to talk", "Silence others", "Leave")
MUTED = "Muted"
SHOW = """([language, labels]) => {
  document.documentElement.lang = language;
  const bar = document.querySelector('.controls');
  bar.hidden = false;
  [...bar.querySelectorAll('.button')].forEach((button, turn) => {
    const words = document.createTreeWalker(button, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
      if (words.currentNode.data.trim()) words.currentNode.data = labels[turn];
    }
  });
}"""
# Words that are on two lines, and not where they say so themselves (a soft hyphen, a blank without
# a width), or wider than their button.
BROKEN = """() => [...document.querySelectorAll('.controls .button')].flatMap((button) => {
  const { left, right } = button.getBoundingClientRect();
  const found = [];
  const words = document.createTreeWalker(button, NodeFilter.SHOW_TEXT);
  // Of the first letter behind a soft hyphen there is a box on the line of the hyphen too.
  const boxOf = (at) => {
    const range = document.createRange();
    range.setStart(words.currentNode, at);
    range.setEnd(words.currentNode, at + 1);
    return [...range.getClientRects()].at(-1);
  };
  while (words.nextNode()) {
    for (const { 0: word, index } of words.currentNode.data.matchAll(/[^\\s\\u00ad\\u200b]+/g)) {
      const boxes = [...word].map((_, turn) => boxOf(index + turn));
      const lines = new Set(boxes.map(({ bottom }) => Math.round(bottom)));
      const beyond = boxes.some((box) => box.left < left || box.right > right);
      if (lines.size > 1 || beyond) found.push(word);
    }
  }
  return found;
})"""


def labels_of(language: str) -> dict[str, str]:
    if language == "en":
        return {}
    folder = ROOT / "locale" / to_locale(language) / "LC_MESSAGES"
    files = [polib.pofile(str(folder / f"{domain}.po")) for domain in ("django", "djangojs")]
    return {entry.msgid: entry.msgstr for file in files for entry in file if not entry.msgctxt}


@pytest.mark.parametrize("size", [SMALLEST, PHONE], ids=["smallest", "phone"])
def test_no_word_of_the_controls_of_a_call_breaks_in_any_language(
    server: Server, visit: Invite, size: dict[str, int]
) -> None:
    page = visit(server, elsewhere(), viewport=size).arrive().page
    page.evaluate("location.hash = 'voice'")
    found = []
    for language in LANGUAGES:
        labels = labels_of(language)
        for mute in (LABELS[0], MUTED):
            shown = [labels.get(one, one) for one in (mute, *LABELS[1:])]
            page.evaluate(SHOW, [language, shown])
            page.evaluate(DRAWN)
            faults = [*page.evaluate(BROKEN), *page.evaluate(SIDEWAYS)]
            found += [(language, fault) for fault in faults]
    assert found == []

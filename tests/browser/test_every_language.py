"""Every page and state in every language: nothing is left in English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.language_walk import OTHERS, walk
from tests.support.client import elsewhere
from tests.support.pseudo_language import LANGUAGE, PseudoServer
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.conftest import Invite
    from tests.support.servers import Server

pytestmark = pytest.mark.browser

# Whatever can be seen or heard, also later: in templates, and in what is hidden by now. Not names,
# which are isolated, with their tags, nor languages by their own names, nor addresses.
ENGLISH = """([drawn, people]) => {
  const spoken = ['aria-label', 'aria-valuetext', 'aria-description', 'aria-roledescription',
    'title', 'placeholder', 'alt', 'label'];
  const nobody = 'script, style, bdi, code, option[lang], [data-device] option, .tag, i';
  const lists = ['about', 'in', 'stops', 'list'];
  const called = new RegExp(`\\u2068?(${people.join('|')})\\u2069? [a-z]{3}(?![a-z])`, 'g');
  const bare = (text) => text
    .replace(called, '')
    .replace(/\\u2068[^\\u2069]*\\u2069/g, '')
    .replace(/https?:\\S*|[\\w.]+@[\\w.]+|\\b127\\.0\\.0\\.1\\S*/g, '')
    .replaceAll('NearTalk', '');
  const found = new Set();
  const look = (text, where) => {
    if (/[a-z]{3,}/i.test(bare(text))) found.add(`${where}: ${text.trim().slice(0, 120)}`);
  };
  const all = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.content instanceof DocumentFragment) all(element.content);
      if (element.closest(nobody)) continue;
      const where = element.localName + (element.id && `#${element.id}`);
      for (const name of spoken) look(element.getAttribute(name) ?? '', `${where}[${name}]`);
      // Words that a module or a sheet takes from the page.
      for (const [name, words] of Object.entries(element.dataset))
        if (drawn.includes(name) || (!lists.includes(name) && /[a-z]+ [a-z]+ [a-z]/i.test(words)))
          look(words, `${where}[data-${name}]`);
      for (const child of element.childNodes)
        if (child.nodeType === Node.TEXT_NODE && element.localName !== 'noscript')
          look(child.data, where);
      if (element.localName === 'noscript' && element.textContent.trim())
        all(new DOMParser().parseFromString(element.textContent, 'text/html').body);
      if (element.matches('meta[name=description]')) look(element.content, where);
    }
  };
  all(document);
  return [...found];
}"""


def drawn() -> list[str]:
    """What sheets draw of an element besides its text; words of their own they have none."""
    found: list[str] = []
    for path in (ROOT / "static/css").glob("*.css"):
        for content in re.findall(r"\bcontent:([^;]*);", path.read_text(encoding="utf-8")):
            names = re.findall(r"attr\(data-([\w-]+)\)", content)
            assert not re.search(r'"[^"]*[A-Za-z]', content), f"{path.name} says {content}"
            found += names
    return found


@pytest.fixture(scope="module")
def pseudo_server() -> Iterator[Server]:
    server = PseudoServer({"DEBUG": "0", "HTTPS": "0", "ALLOWED_HOSTS": "127.0.0.1"})
    try:
        yield server.start()
    finally:
        server.close()


def test_nothing_is_left_in_english(pseudo_server: Server, visit: Invite) -> None:
    alice = visit(
        pseudo_server,
        elsewhere(),
        locale=LANGUAGE,
        viewport={"width": 320, "height": 568},
        permissions=["geolocation", "microphone"],
    )
    left: dict[str, str] = {}
    for state in walk(alice, pseudo_server):
        for words in alice.page.evaluate(ENGLISH, [drawn(), [*OTHERS]]):
            left.setdefault(words, state)
    assert left == {}

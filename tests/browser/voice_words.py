"""What the panel of voice says, asked of the modules that say it, in a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page


def words(page: Page, function: str, *args: Any) -> Any:
    """The answer of a function of words.js, own-words.js or notice-words.js."""
    call = """async ([name, args]) => {
      const each = ['words', 'own-words', 'notice-words'];
      const all = each.map((one) => import(`/static/js/voice/panel/${one}.js`));
      const words = Object.assign({}, ...(await Promise.all(all)));
      const said = words[name](...args);
      const plain = (parts) => [parts].flat().map((part) => part.name ?? part).join('');
      return name === 'tileLine' ? plain(said) : said;
    }"""
    return page.evaluate(call, [function, args])

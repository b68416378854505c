"""The modules of a page are fetched beside each other, each of them once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.support.client import elsewhere

if TYPE_CHECKING:
    from tests.browser.conftest import Invite
    from tests.support.servers import Server

PRELOADED = "links => links.map(({ href }) => new URL(href).pathname)"


def test_every_module_that_chromium_loads_was_named_and_is_loaded_once(
    server: Server, visit: Invite
) -> None:
    alice = visit(server, elsewhere()).arrive()
    named = alice.page.eval_on_selector_all("link[rel=modulepreload]", PRELOADED)
    start = next(turn for turn, one in enumerate(alice.requests) if one.url.endswith("/near"))
    # Not what is still fetched ahead by the page before.
    loaded = (one for one in alice.requests[start:] if one.resource_type == "script")
    asked = [urlsplit(one.url).path for one in loaded]
    modules = [path for path in asked if path.startswith("/static/js/")]
    assert sorted(modules) == sorted(["/static/js/near.js", *named])
    assert len(named) > 50

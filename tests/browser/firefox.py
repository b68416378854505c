"""Firefox, driven by WebDriver BiDi: one process, a user context for each page."""

from __future__ import annotations

import itertools
import json
import os
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from websockets.sync.client import connect

from tests.browser.null_sink import NullSink
from tests.browser.tabs import DriverError, key_actions, pointer_actions
from tests.support.servers import Daemon
from tests.support.waiting import WAIT_S

if TYPE_CHECKING:
    from tests.support.client import Spot

PREFERENCES: dict[str, Any] = {
    # A microphone that hums, for whoever asks; calls on this machine alone.
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.loopback": True,
    # Positions come from the test; nobody is asked, and nothing outside.
    "geo.prompt.testing": True,
    "geo.prompt.testing.allow": True,
    "geo.provider.use_geoclue": False,
    "geo.provider.network.url": "data:application/json,{}",
    # A mouse, which a machine without a screen lacks: pages ask for `hover` and `pointer: fine`.
    "ui.primaryPointerCapabilities": 6,
    "ui.allPointerCapabilities": 6,
    "intl.accept_languages": "en-GB, en",  # metres
    # Nothing of its own that goes out, asks or opens.
    "app.normandy.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.prefs.recommended": True,
}
GONE = {"no such frame", "unknown error"}


class Firefox(Daemon):
    """One headless Firefox and the connection that drives it."""

    start_s = WAIT_S

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.loudspeakers = NullSink()
        self.stack = ExitStack()
        self.turns = itertools.count(1)
        self.events: list[dict[str, Any]] = []
        profile = (
            f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in PREFERENCES.items()
        )
        (self.folder / "user.js").write_text("".join(profile))

    def command(self) -> list[str]:
        profile = ["--no-remote", "--profile", str(self.folder)]
        return [self.path, "--headless", *profile, f"--remote-debugging-port={self.port}"]

    def options(self) -> dict[str, Any]:
        ours = {"HOME": str(self.folder), "PULSE_SERVER": self.loudspeakers.address}
        return {"env": {"PATH": os.environ["PATH"], **ours}}

    def answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            return False
        return True

    def start(self) -> Self:
        self.loudspeakers.start()
        super().start()
        url = f"ws://127.0.0.1:{self.port}/session"
        coming = connect(url, max_size=None, proxy=None, open_timeout=WAIT_S, ping_interval=None)
        self.socket = self.stack.enter_context(coming)
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded"])
        return self

    def close(self) -> None:
        self.stack.close()
        super().close()
        self.loudspeakers.close()

    def tab(self, spot: Spot) -> FirefoxTab:
        return FirefoxTab(self, spot)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command. Raises DriverError: the browser's own words."""
        turn = next(self.turns)
        self.socket.send(json.dumps({"id": turn, "method": method, "params": params}))
        while (found := self._receive(method)).get("id") != turn:
            self.events.append(found)
        if found["type"] == "error":
            raise DriverError(found["error"], found["message"])
        return dict(found["result"])

    def _receive(self, method: str) -> dict[str, Any]:
        try:
            return dict(json.loads(self.socket.recv(timeout=WAIT_S)))
        except TimeoutError as why:
            raise AssertionError(f"Firefox did not answer {method} within {WAIT_S} s") from why


class FirefoxTab:
    """One window of a user context, with its own cookies, storage and position."""

    def __init__(self, firefox: Firefox, spot: Spot) -> None:
        self.firefox = firefox
        ask = firefox.ask
        self.person = str(ask("browser.createUserContext")["userContext"])
        # A window, not a tab: pages behind others are throttled.
        made = ask("browsingContext.create", type="window", userContext=self.person)
        self.context = str(made["context"])
        at = {"latitude": spot[0], "longitude": spot[1], "accuracy": 20}
        ask("emulation.setGeolocationOverride", coordinates=at, userContexts=[self.person])

    def open(self, url: str) -> None:
        self._ask("browsingContext.navigate", url=url, wait="complete")

    def reload(self) -> None:
        self._ask("browsingContext.reload", wait="complete")

    def back(self) -> None:
        self._ask("browsingContext.traverseHistory", delta=-1)

    def evaluate(self, expression: str) -> Any:
        code = f"Promise.resolve({expression}).then((found) => JSON.stringify(found ?? null))"
        try:
            found = self._evaluate(code)
        except DriverError as why:
            if why.args[0] not in GONE:
                raise
            return None
        return json.loads(found["value"])

    def click(self, selector: str) -> None:
        # As a hand would: what has just come or moved takes no tap for a moment.
        code = f"""(async () => {{
          const found = document.querySelector({json.dumps(selector)});
          const end = performance.now() + 60_000;
          while (found.matches('[data-held]') && performance.now() < end) {{
            await new Promise((done) => setTimeout(done, 20));
          }}
          if (found.matches('[data-held]')) throw new Error('it took no tap for a minute');
          found.scrollIntoView({{ block: 'nearest' }});
          return found;
        }})()"""
        node = {"type": "element", "element": {"sharedId": self._evaluate(code)["sharedId"]}}
        self._ask("input.performActions", actions=pointer_actions(node))

    def press(self, keys: str) -> None:
        self._ask("input.performActions", actions=key_actions(keys))

    def problems(self) -> list[str]:
        logged = [event["params"] for event in self.firefox.events]
        return [
            str(entry["text"])
            for entry in logged
            if entry["level"] == "error" and entry["source"].get("context") == self.context
        ]

    def close(self) -> None:
        self.firefox.ask("browser.removeUserContext", userContext=self.person)

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        return self.firefox.ask(method, context=self.context, **params)

    def _evaluate(self, code: str) -> dict[str, Any]:
        target = {"context": self.context}
        ask = self.firefox.ask
        found = ask("script.evaluate", expression=code, target=target, awaitPromise=True)
        if found["type"] == "exception":
            raise DriverError("exception", found["exceptionDetails"]["text"])
        return dict(found["result"])

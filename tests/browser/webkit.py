"""WebKitGTK, driven by WebDriver on a display that nobody sees: a browser for each page."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tests.browser.tabs import DriverError, key_actions
from tests.support.servers import Daemon
from tests.support.waiting import WAIT_S, until

if TYPE_CHECKING:
    from tests.support.client import Spot

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
# This browser has nobody to ask where it is: the page is told by the test once it has loaded.
LOCATE = """
  const coords = { latitude: arguments[0], longitude: arguments[1], accuracy: 20 };
  const watchPosition = (found) => setTimeout(() => found({ coords }), 20);
  Object.defineProperty(navigator, 'geolocation', { value: { watchPosition, clearWatch() {} } });
"""
SETTLE = """
  const done = arguments[arguments.length - 1];
  Promise.resolve(EXPRESSION).then((found) => done(JSON.stringify(found ?? null)));
"""


class Display:
    """An X server without a screen."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        size = ["-screen", "0", "1440x900x24", "-nolisten", "tcp"]
        command = ["Xvfb", "-displayfd", str(writing), *size]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, pass_fds=[writing], stdout=quiet, stderr=quiet)
        os.close(writing)
        with os.fdopen(reading) as name:
            self.name = f":{name.readline().strip()}"  # nothing, if it could not start

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(WAIT_S)


class WebKit(Daemon):
    """WebKitWebDriver, which starts a browser for one page at a time."""

    start_s = WAIT_S

    def __init__(self, mini_browser: str) -> None:
        super().__init__()
        self.mini_browser = mini_browser
        self.display = Display()

    def command(self) -> list[str]:
        return ["WebKitWebDriver", f"--port={self.port}"]

    def options(self) -> dict[str, Any]:
        ours = {"DISPLAY": self.display.name, "GDK_BACKEND": "x11", "HOME": str(self.folder)}
        ours["LANGUAGE"] = "en_GB"  # metres
        # Its sandbox needs more than a container grants.
        ours["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
        return {"env": {"PATH": os.environ["PATH"], **ours}, "start_new_session": True}

    def answers(self) -> bool:
        try:
            return bool(self.ask("GET", "/status")["ready"])
        except OSError:
            return False

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)  # with the browser and its processes
        super().close()
        self.display.close()

    def tab(self, spot: Spot) -> WebKitTab:
        return WebKitTab(self, spot)

    def ask(self, verb: str, path: str, **body: Any) -> Any:
        """The value of a command. Raises DriverError: the browser's own words."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.request(verb, path, json.dumps(body) if verb == "POST" else None)
            answer = connection.getresponse()
            value = json.load(answer)["value"]
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise DriverError(value["error"], value["message"])
        return value


class WebKitTab:
    """A browser of its own, with nothing kept from the one before."""

    def __init__(self, webkit: WebKit, spot: Spot) -> None:
        self.webkit = webkit
        self.spot = spot
        self.logged = len(webkit.output())
        options = {
            "binary": webkit.mini_browser,
            "args": ["--automation", "--enable-write-console-messages-to-stdout=true"],
        }
        wanted = {"browserName": "MiniBrowser", "webkitgtk:browserOptions": options}
        made = webkit.ask("POST", "/session", capabilities={"alwaysMatch": wanted})
        self.path = f"/session/{made['sessionId']}"
        self._post("/window/rect", width=1440, height=900)

    def open(self, url: str) -> None:
        self._post("/url", url=url)
        self._post("/execute/sync", script=LOCATE, args=[*self.spot])

    def reload(self) -> None:
        self._post("/refresh")

    def back(self) -> None:
        self._post("/back")

    def evaluate(self, expression: str) -> Any:
        code = SETTLE.replace("EXPRESSION", expression)
        found = self._post("/execute/async", script=code, args=[])
        return json.loads(found) if found else None

    def click(self, selector: str) -> None:
        # As a hand would: what has just come or moved takes no tap for a moment.
        held = f"document.querySelector({json.dumps(selector)})?.matches('[data-held]')"
        until(lambda: not self.evaluate(held), f"{selector} takes a tap")
        found = self._post("/element", using="css selector", value=selector)
        self._post(f"/element/{found[ELEMENT]}/click")

    def press(self, keys: str) -> None:
        self._post("/actions", actions=key_actions(keys))

    def problems(self) -> list[str]:
        return [
            line
            for line in self.webkit.output()[self.logged :].splitlines()
            if line.startswith("CONSOLE") and "ERROR" in line
        ]

    def close(self) -> None:
        self.webkit.ask("DELETE", self.path)

    def _post(self, path: str, **body: Any) -> Any:
        return self.webkit.ask("POST", self.path + path, **body)

"""What Lighthouse says of the first page and of the page near, on its mobile settings.

    python bench/lighthouse.py [--rounds N]

Behind nginx with the files of deploy/: TLS and HTTP/2, static files collected. A Chromium arrives
as anybody, and Lighthouse looks through that browser. npm fetches it, in the version below. Speed
depends on the machine, so each page has a median of several rounds; the rest does not.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import sync_playwright

from bench.browsers import PATIENCE_MS
from bench.page_cpu import SPOT
from tests.browser.conftest import ARGUMENTS
from tests.support.chromium import find
from tests.support.reverse_proxies import BEHIND, Nginx
from tests.support.servers import Server, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

LIGHTHOUSE = "lighthouse@12.2.3"
ROUNDS = 5
ROUND_S = 300
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
PATHS = ("/", "/near")


@contextmanager
def deployed() -> Iterator[str]:
    """The address of a server as an operator runs it."""
    with ExitStack() as stack:
        static = stack.enter_context(tempfile.TemporaryDirectory())
        server = Server("uvicorn", {**BEHIND, "STATIC_ROOT": static})
        stack.callback(server.close)
        server.manage("collectstatic", "--no-input", "-v", "0")
        server.start()
        proxy = Nginx([server])
        stack.callback(proxy.close)
        yield proxy.start().url


@contextmanager
def arrived(url: str) -> Iterator[int]:
    """Somebody is on the page near; the port of their browser's developer tools."""
    port = free_port()
    arguments = [*ARGUMENTS, f"--remote-debugging-port={port}", "--ignore-certificate-errors"]
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=find(),
            args=arguments,
            geolocation={"latitude": SPOT[0], "longitude": SPOT[1], "accuracy": 20},
            permissions=["geolocation"],
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(url)
        page.get_by_role("button", name="See who is near").click()
        page.wait_for_url("**/near")
        page.goto("about:blank")
        yield port
        context.close()


def scores(url: str, port: int) -> dict[str, float]:
    """Of 100, by category, as Lighthouse finds one page."""
    command = ["npx", "--yes", LIGHTHOUSE, url, f"--port={port}", "--disable-storage-reset"]
    more = ["--quiet", "--output=json", f"--only-categories={','.join(CATEGORIES)}"]
    done = subprocess.run([*command, *more], capture_output=True, check=True, timeout=ROUND_S)
    found = json.loads(done.stdout)
    if not found["finalDisplayedUrl"].startswith(url):
        raise RuntimeError("Lighthouse came to another page")
    return {name: 100 * found["categories"][name]["score"] for name in CATEGORIES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    with deployed() as url, arrived(url) as port:
        for path in PATHS:
            rounds = [scores(url + path, port) for _ in range(asked.rounds)]
            for name in CATEGORIES:
                each = sorted(one[name] for one in rounds)
                print(f"{path:6} {name:15} {median(each):4.0f}  ({each[0]:.0f} to {each[-1]:.0f})")


if __name__ == "__main__":
    main()

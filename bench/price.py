"""What the price of a session is to a browser and to a program: `python bench/price.py` says both.

A Chromium does the work that the page does, in its worker, the largest that each price may need.
"""

import functools
import hashlib
import http.server
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from altcha import create_challenge
from playwright.sync_api import Page, sync_playwright

from neartalk.limits import RULES
from neartalk.limits.challenge import ALGORITHM, ITERATIONS, TRIES_S
from tests.support import chromium
from tests.support.servers import ROOT

SLOWER = 4
PROGRAM_ITERATIONS = 3_000_000
WORK = """(its) => new Promise((resolve) => {
  const worker = new Worker('/js/server/price-worker.js', { type: 'module' });
  const start = performance.now();
  worker.onmessage = ({ data }) => resolve([data.counter, performance.now() - start]);
  worker.postMessage(its);
})"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def page() -> Iterator[Page]:
    """A page beside the modules of ours, in a Chromium."""
    handler = functools.partial(Quiet, directory=str(ROOT / "static"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium.find(), args=["--no-sandbox"]
            )
            found = browser.new_page()
            found.goto(f"http://127.0.0.1:{server.server_port}/icons/neartalk.svg")
            yield found
            browser.close()
        server.shutdown()


def program_rate() -> float:
    """Iterations a second of `hashlib` on one core."""
    start_s = time.perf_counter()
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", PROGRAM_ITERATIONS)
    return PROGRAM_ITERATIONS / (time.perf_counter() - start_s)


def worst_s(page: Page, price_ms: int) -> float:
    """Seconds that the largest answer of a price takes."""
    most = 2 * price_ms * TRIES_S // 1000
    challenge = create_challenge(ALGORITHM, ITERATIONS, counter=most).parameters.to_dict()
    counter, took_ms = page.evaluate(WORK, challenge)
    assert counter == most
    return float(took_ms) / 1000


def main() -> None:
    print(f"hashlib: {program_rate() / 1e6:.1f} million iterations a second")
    print("| price | tries | s | iterations a second | p50, four times slower | p95 |")
    print("|---|---:|---:|---:|---:|---:|")
    with page() as opened:
        for price_ms in sorted({rule.price_ms for rule in RULES.values()} - {0}):
            took_s = worst_s(opened, price_ms)
            tries = 2 * price_ms * TRIES_S // 1000
            rate = tries * ITERATIONS / took_s / 1e6
            p50, p95 = (SLOWER * took_s * share for share in (0.5, 0.95))
            cells = f"{took_s:.1f}", f"{rate:.1f} M", f"{p50:.1f} s", f"{p95:.1f} s"
            print(f"| {price_ms} | {tries} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()

"""How many tries of a challenge a browser and a program do in a second of one core: by the time
that their processes had of it, for other work on the machine is not theirs.
"""

from __future__ import annotations

import hashlib
import time

import psutil

from bench import price
from neartalk.limits.challenge import ITERATIONS, TRIES_S

BROWSER = "chrom"
PROGRAM_TRIES = 1_500


def browser_tries_s(prices_ms: list[int]) -> dict[int, float]:
    """By price: the largest challenge of each, solved in a Chromium by the worker of the page."""
    found = {}
    with price.page() as opened:
        for price_ms in prices_ms:
            before_s = browser_cpu_s()
            price.worst_s(opened, price_ms)
            tries = 2 * price_ms * TRIES_S / 1000
            found[price_ms] = tries / (browser_cpu_s() - before_s)
    return found


def browser_cpu_s() -> float:
    """Of all processes of the browsers that this one has started."""
    spent_s = 0.0
    for child in psutil.Process().children(recursive=True):
        if BROWSER in child.name():
            times = child.cpu_times()
            spent_s += times.user + times.system
    return spent_s


def program_tries_s() -> float:
    """Of OpenSSL, by `hashlib`."""
    start_s = time.process_time()
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", PROGRAM_TRIES * ITERATIONS)
    return PROGRAM_TRIES / (time.process_time() - start_s)

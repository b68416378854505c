"""Answers each name of a static file and the path of what stands in its place, a line each, with
what differs between two visits to such a page; "" where nothing does.

python -m tests.noninterference.page_verdict
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import django

django.setup()

from tests.browser.conftest import launched
from tests.noninterference.page_files import Assets, both_pages
from tests.noninterference.page_world import first_page_fault
from tests.support import chromium as browsers

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def verdict(browser: Browser, planted: dict[str, str]) -> str:
    assets = Assets()
    for address, path in planted.items():
        assets[address] = Path(path).read_bytes(), "text/javascript"
    return first_page_fault(browser, both_pages(), assets)


def main() -> None:
    path = browsers.find()
    assert path, browsers.MISSING
    with launched(path) as browser:
        for line in sys.stdin:
            sys.stdout.write(f"{json.dumps(verdict(browser, json.loads(line)))}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()

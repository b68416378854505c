"""Takes the pictures in docs/admin.md: a bad evening as a moderator sees it.

    python bench/admin_screens.py [folder]

With a folder, every page in every size and shade goes there instead, to be looked at.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.picture import shrink
from bench.screens import ARGUMENTS, FONTS
from tests.support.chromium import find
from tests.support.servers import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SEED = "from bench.evening import *; people(); print(evening().pk)"
PASSWORD = "a long evening"  # noqa: S105 as bench/evening.py has it
Size = Literal["desktop", "phone"]
Shade = Literal["light", "dark"]
SIZES: dict[Size, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1440, "height": 900}},
    "phone": {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2},
}
EVERY: tuple[tuple[Size, Shade], ...] = (
    ("desktop", "light"),
    ("desktop", "dark"),
    ("phone", "light"),
    ("phone", "dark"),
)
# Page, size and shade of those in docs, and their names.
SHOWN: dict[tuple[str, Size, Shade], str] = {
    ("today", "desktop", "light"): "admin-today",
    ("today", "desktop", "dark"): "admin-today-dark",
    ("queue", "desktop", "light"): "admin-queue",
    ("report", "desktop", "light"): "admin-report",
    ("report", "phone", "light"): "admin-report-phone",
    ("rules", "desktop", "light"): "admin-rules",
}


def seeded(server: Server) -> str:
    """Fills a server's tables; the id of the report to look at."""
    server.migrate()
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", SEED]
    done = subprocess.run(command, check=True, capture_output=True, text=True, **server.options())
    return done.stdout.strip().splitlines()[-1]


def capture(
    browser: Browser, server: Server, report: str, folder: Path, *, all_of_them: bool
) -> None:
    pages = {
        "today": "/admin/",
        "queue": "/admin/chat/report/",
        "report": f"/admin/chat/report/{report}/change/",
        "sanctions": "/admin/neartalk/sanction/",
        "hits": "/admin/neartalk/ratelimithit/",
        "audit": "/admin/admin/logentry/",
        "rules": "/admin/neartalk/ratelimit/",
    }
    for size, shade in EVERY:
        context = browser.new_context(**SIZES[size], color_scheme=shade)
        page = context.new_page()
        log_in(page, server, "mira")
        for name, path in pages.items():
            shown = SHOWN.get((name, size, shade))
            if name == "rules":
                page.get_by_role("button", name="Log out").click()
                log_in(page, server, "ada")
            if all_of_them or shown:
                page.goto(f"{server.url}{path}")
                picture = f"{name}-{size}-{shade}" if all_of_them else shown
                page.screenshot(path=folder / f"{picture}.png", full_page=True)
        context.close()


def log_in(page: Page, server: Server, name: str) -> None:
    page.goto(f"{server.url}/admin/")
    page.locator("#id_username").fill(name)
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")


def main() -> int:
    chromium = find()
    if chromium is None:
        print("No Chromium: python tests/support/chromium.py installs one.", file=sys.stderr)
        return 1
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS
    folder.mkdir(parents=True, exist_ok=True)
    server = Server("uvicorn", {"RATE_LIMITS_OFF": "admin.login,admin.account"})
    with tempfile.TemporaryDirectory() as extra, sync_playwright() as playwright:
        fonts = Path(extra) / "fonts.conf"
        fonts.write_text(FONTS)
        environment: dict[str, str | float | bool] = {**os.environ, "FONTCONFIG_FILE": str(fonts)}
        try:
            report = seeded(server)
            server.start()
            browser = playwright.chromium.launch(
                executable_path=chromium, args=ARGUMENTS, env=environment
            )
            capture(browser, server, report, folder, all_of_them=folder != DOCS)
            if folder == DOCS:
                canvas = browser.new_page()
                for picture in DOCS.glob("admin-*.png"):
                    shrink(picture, canvas)
            browser.close()
        finally:
            server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

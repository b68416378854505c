"""Takes the pictures in docs/screens: the welcome page, half an hour of a place as one of the
people in it sees it, and voice there.

    python bench/screens.py [--languages]

With `--languages` those of other languages alone. Their fonts must be there: on Debian
fonts-noto-core and fonts-ipafont-gothic.

The server runs inside this script, by a clock that starts half an hour ago and is moved on between
messages, so that what the page shows has its true age. People come by the public API.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import httpx
from playwright.sync_api import expect, sync_playwright
from websockets.sync.client import connect
from websockets.typing import Subprotocol

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django
from django.core.management import call_command

from bench.picture import shrink
from neartalk import clock
from presence.geo import CELL_DEGREES, cell_at, centre
from presence.names import colour
from tests.support.chromium import find
from tests.support.servers import free_port
from tests.support.turn import Turn

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parent.parent
SCREENS = ROOT / "docs" / "screens"
# What the manifest shows to whoever installs the product.
MANIFEST_SCREENS = ROOT / "static" / "screens"
SIZES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2},
    "desktop": {"viewport": {"width": 1440, "height": 900}},
}
LAT, LON = centre(cell_at(52.52, 13.405))
SHADES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
YOU = "Quiet Heron"
# Who, how many cells north and east of you, and in which colour.
PEOPLE = {
    YOU: (YOU, 0, 0, 4),
    "Ana across the street": ("Ana", 1, 0, 7),
    "Bo": ("Bo", 0, 1, 1),
    "Ana further on": ("Ana", 0, 2, 3),
    "Олена": ("Олена", 2, 0, 4),
    "Zeynep": ("Zeynep", 1, 3, 5),
    "Yusuf": ("Yusuf", 3, 0, 0),
    "Minh": ("Minh", 0, 5, 6),
}
# Minutes ago, who, what.
SAID: tuple[tuple[int, str, str], ...] = (
    (28, "Олена", "Is the tram at Mill Square running? I have waited twenty minutes."),
    (25, "Ana further on", "Driver says there is a car on the tracks. Walking is faster."),
    (22, YOU, "Is the bridge open on foot?"),
    (19, "Zeynep", "Tram 4 goes round by the park now."),
    (16, "Ana across the street", "Left side only. I just crossed it."),
    (11, "Ana further on", "Other Ana is right, mind the cables near the stairs."),
    (6, "Yusuf", "The bakery by the station gives away today’s rolls until they close."),  # noqa: RUF001
    (5, "Yusuf", "Sesame ones are going fast."),
    (1, YOU, "Thank you both. On my way, and saving you a roll, Yusuf."),
)
# What answers what, by how these messages begin; who reacted to which, and how.
ANSWERS = {"Left side": "Is the bridge", "Thank you both": "The bakery"}
REACTED = (
    ("Bo", "The bakery", "love"),
    ("Олена", "The bakery", "love"),
    ("Ana across the street", "The bakery", "me-too"),
    (YOU, "Left side", "yes"),
)
# Taken with text twice as large, too.
LARGE = {("phone", "light"), ("desktop", "dark")}
TWICE_AS_LARGE = """() => {
  document.documentElement.style.fontSize = '200%';
  const scroller = document.getElementById('scroller');
  scroller.scrollTop = scroller.scrollHeight;
}"""
# What is said where the page speaks another language.
ABROAD = {
    "de": (
        ("Yusuf", "Am Bahnhof gibt es bis Ladenschluss Brötchen umsonst."),
        (YOU, "Danke! Ich komme gleich über die Brücke."),
    ),
    "ar": (
        ("Yusuf", "المخبز قرب المحطة يوزع خبز اليوم مجانًا حتى الإغلاق."),
        (YOU, "شكرًا! أنا قادم الآن عبر الجسر."),
    ),
    "hi": (
        ("Yusuf", "स्टेशन के पास की बेकरी बंद होने तक आज की ब्रेड मुफ़्त दे रही है।"),
        (YOU, "धन्यवाद! मैं अभी पुल से आ रहा हूँ।"),
    ),
    "ja": (
        ("Yusuf", "駅前のパン屋さんが、閉店まで今日のパンを配っています。"),
        (YOU, "ありがとう!今から橋を渡って行きます。"),
    ),
}
# The page asks for older messages where it has room for them.
COMPLETE = """() => {
  const scroller = document.getElementById('scroller');
  const full = scroller.scrollHeight > scroller.clientHeight;
  return full || !document.getElementById('oldest').hidden;
}"""
TO_THE_TOP = "() => document.getElementById('voice').scrollTo(0, 0)"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-lcd-text",
    "--font-render-hinting=none",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
]
# A bare Linux shows its own idea of a system's font; people's devices have one of these.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <match target="pattern">
    <test name="family" qual="all" compare="not_contains"><string>ono</string></test>
    <edit name="family" mode="prepend_first" binding="strong">
      <string>Inter</string><string>Roboto</string><string>Liberation Sans</string>
    </edit>
  </match>
</fontconfig>
"""


def spot_of(who: str) -> tuple[float, float]:
    _, north, east, _ = PEOPLE[who]
    return LAT + north * CELL_DEGREES, LON + east * CELL_DEGREES


def at(who: str) -> dict[str, Any]:
    """What their browser lets the page know."""
    lat, lon = spot_of(who)
    return {
        "geolocation": {"latitude": lat, "longitude": lon, "accuracy": 20},
        "permissions": ["geolocation", "microphone"],
    }


class PastClock:
    """The server's clock, so many minutes behind this machine's."""

    ago_minutes = 29.0

    def now_ms(self) -> int:
        return round((time.time() - self.ago_minutes * 60) * 1000)


class PicturedPerson:
    """A session with a place and a live socket."""

    refs = itertools.count()

    def __init__(self, url: str, name: str, spot: tuple[float, float], wanted: int) -> None:
        self.stack = ExitStack()
        self.http = self.stack.enter_context(httpx.Client(base_url=url, trust_env=False))
        # Colours follow from ids, and ids are chance: until one fits. The others go idle unseen.
        while True:
            session = self.post("/api/session/create", username=name)
            if colour(session["person_id"]) == wanted:
                break
        self.key = str(session["session_id"])
        bearer = {"Authorization": f"Bearer {self.key}"}
        self.http.headers.update(bearer)
        self.post("/api/location/update", lat=spot[0], lon=spot[1], radius=500)
        self.socket = self.stack.enter_context(
            connect(
                f"{url.replace('http', 'ws', 1)}/ws",
                subprotocols=[Subprotocol("neartalk.json")],
                additional_headers=bearer,
                proxy=None,
                ping_interval=None,  # a page that is drawn keeps this process busy
            )
        )

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.http.post(path, json=body).raise_for_status()
        return dict(answer.json())

    def send_text(self, text: str, reply_to: str | None) -> str:
        """Returns its id once it is kept."""
        answers = {"reply_to": reply_to} if reply_to else {}
        self.send("chat.send", text=text, **answers)
        return str(self.await_frame("chat.ack")["id"])

    def react(self, message_id: str, reaction: str) -> None:
        """Returns once it is kept."""
        self.send("chat.react", id=message_id, reaction=reaction)
        self.await_frame("chat.reacted")

    def send(self, kind: str, **fields: str) -> None:
        ref = f"screens-{next(self.refs)}"
        self.socket.send(json.dumps({"type": kind, "ref": ref, **fields}))

    def await_frame(self, kind: str) -> dict[str, Any]:
        while True:
            found = json.loads(self.socket.recv(timeout=10))
            for frame in found if isinstance(found, list) else [found]:
                if frame["type"] == kind:
                    return dict(frame)


def serve(folder: Path, past: PastClock, relay: Turn) -> str:
    """Starts the embedded form in this process, to end with it; its address."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "neartalk.settings"
    os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'db.sqlite3'}"
    os.environ["RATE_LIMITS_SCALE"] = "1000"
    os.environ["TURN_URLS"], os.environ["TURN_SECRET"] = relay.url, relay.secret
    os.environ["VOICE_NETWORKS"] = "127.0.0.1/32"
    # Before anything that tells the time by it is imported.
    clock.now_ms = clock.steady_ms = past.now_ms
    django.setup()
    port = free_port()
    serving = threading.Thread(target=call_command, args=("serve",), kwargs={"port": port})
    serving.daemon = True
    serving.start()
    url = f"http://127.0.0.1:{port}"
    patient = httpx.HTTPTransport(retries=8)
    with httpx.Client(transport=patient, trust_env=False) as http:
        http.get(f"{url}/api/health").raise_for_status()
    return url


def live(url: str, past: PastClock, stack: ExitStack) -> dict[str, PicturedPerson]:
    """Brings people together and lets half an hour pass in which they talk."""
    people: dict[str, PicturedPerson] = {}
    for who, (name, _, _, wanted) in PEOPLE.items():
        people[who] = PicturedPerson(url, name, spot_of(who), wanted)
        stack.enter_context(people[who].stack)
    ids: dict[str, str] = {}
    for ago_minutes, who, text in SAID:
        past.ago_minutes = ago_minutes + 0.5
        begins = next((answer for answer in ANSWERS if text.startswith(answer)), "")
        ids[text] = people[who].send_text(text, named(ids, ANSWERS[begins]) if begins else None)
    for who, begins, reaction in REACTED:
        people[who].react(named(ids, begins), reaction)
    past.ago_minutes = 0
    return people


def named(ids: dict[str, str], begins: str) -> str:
    return next(found for text, found in ids.items() if text.startswith(begins))


def capture(browser: Browser, url: str, you: PicturedPerson) -> None:
    for size, options in SIZES.items():
        for shade in SHADES:
            context = browser.new_context(**options, **at(YOU), color_scheme=shade)
            welcome(context, url, SCREENS / f"welcome-{size}-{shade}.png")
            page = near(context, url, you, SCREENS / f"near-{size}-{shade}.png")
            if (size, shade) in LARGE:
                page.evaluate(TWICE_AS_LARGE)
                picture = SCREENS / f"near-large-{size}-{shade}.png"
                page.screenshot(path=picture, animations="disabled")
            context.close()


def welcome(context: BrowserContext, url: str, picture: Path) -> None:
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#arrive")).to_be_enabled()
    page.screenshot(path=picture)


def near(context: BrowserContext, url: str, you: PicturedPerson, picture: Path) -> Page:
    page = arrive(context, url, you)
    expect(page.locator("#messages > li")).to_have_count(len(SAID))
    expect(page.locator("#people-list .person-row")).to_have_count(len(PEOPLE) - 1)
    page.wait_for_function(COMPLETE)
    page.screenshot(path=picture, animations="disabled")
    return page


def arrive(context: BrowserContext, url: str, person: PicturedPerson, panel: str = "chat") -> Page:
    context.add_cookies([{"name": "neartalk", "value": person.key, "url": url}])
    page = context.new_page()
    page.goto(f"{url}/near#{panel}")
    expect(page.locator("#status")).to_have_attribute("data-state", "live")
    return page


def voice(browser: Browser, url: str, people: dict[str, PicturedPerson]) -> None:
    """You hear one, another one knocks, and a third is there."""
    for size, options in SIZES.items():
        with ExitStack() as stack:
            pages = [
                join(
                    stack.enter_context(browser.new_context(**options, **at(who))), url, people[who]
                )
                for who in (YOU, "Bo", "Zeynep", "Minh")
            ]
            you, bo, zeynep, _ = pages
            knock(bo)
            you.locator("#voice-tiles").get_by_role("button", name="Let in").click()
            expect(you.locator('.tile[data-state="live"][data-speaks]')).to_have_count(1)
            knock(zeynep)
            expect(you.locator('.tile[data-state="knocks"]')).to_have_count(1)
            you.mouse.move(0, 0)
            for shade in SHADES:
                you.emulate_media(color_scheme=shade)
                expect(you.locator(".tile[data-speaks]")).to_have_count(1)
                picture = SCREENS / f"voice-{size}-{shade}.png"
                you.screenshot(path=picture, animations="disabled")
            for page in pages:
                page.locator("#voice-leave").click()


def abroad(browser: Browser, url: str, people: dict[str, PicturedPerson]) -> None:
    """Near and voice on a phone, in each of some languages."""
    for language, said in ABROAD.items():
        for who, text in said:
            people[who].send_text(text, None)
        with browser.new_context(**spoken(language)) as context:
            page = arrive(context, url, people[YOU])
            expect(page.locator("#people-list .person-row")).to_have_count(len(PEOPLE) - 1)
            page.wait_for_function(COMPLETE)
            expect(page.locator("#messages > li").last).to_contain_text(said[-1][1])
            picture = SCREENS / f"near-phone-light-{language}.png"
            page.screenshot(path=picture, animations="disabled")
    for language in ABROAD:
        voice_abroad(browser, url, people, language)


def spoken(language: str) -> dict[str, Any]:
    return {**SIZES["phone"], **at(YOU), "color_scheme": "light", "locale": language}


def voice_abroad(
    browser: Browser, url: str, people: dict[str, PicturedPerson], language: str
) -> None:
    with ExitStack() as stack:
        context = stack.enter_context(browser.new_context(**spoken(language)))
        you = join(context, url, people[YOU])
        pages = [you]
        for who in ("Bo", "Zeynep"):
            context = stack.enter_context(browser.new_context(**SIZES["phone"], **at(who)))
            pages.append(join(context, url, people[who]))
        knock(pages[1])
        you.locator('#voice-tiles [data-act="accept"]:visible').click()
        expect(you.locator('.tile[data-state="live"][data-speaks]')).to_have_count(1)
        knock(pages[2])
        expect(you.locator('.tile[data-state="knocks"]')).to_have_count(1)
        expect(you.locator(".tile[data-speaks]")).to_have_count(1)
        you.mouse.move(0, 0)
        you.evaluate(TO_THE_TOP)  # who asks is put above whom one let in
        picture = SCREENS / f"voice-phone-light-{language}.png"
        you.screenshot(path=picture, animations="disabled")
        for page in pages:
            page.locator("#voice-leave").click()


def join(context: BrowserContext, url: str, person: PicturedPerson) -> Page:
    page = arrive(context, url, person, "voice")
    page.locator("#voice-start").click()
    expect(page.locator("#voice-join")).to_be_visible()
    page.locator("#voice-join").click()
    expect(page.locator("#voice")).to_have_attribute("data-phase", "in")
    return page


def knock(page: Page) -> None:
    page.get_by_role("button", name=f"Ask {YOU}").click()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--languages", action="store_true", help="those of other languages alone")
    languages_alone = parser.parse_args().languages
    chromium = find()
    if chromium is None:
        print("No Chromium: python tests/support/chromium.py installs one.", file=sys.stderr)
        return 1
    SCREENS.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=20_000)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        fonts = Path(folder) / "fonts.conf"
        fonts.write_text(FONTS)
        past = PastClock()
        relay = Turn(open_to_loopback=True)
        stack.callback(relay.close)
        url = serve(Path(folder), past, relay.start())
        people = live(url, past, stack)
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=chromium,
            args=ARGUMENTS,
            env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
        )
        if not languages_alone:
            capture(browser, url, people[YOU])
            voice(browser, url, people)
        abroad(browser, url, people)
        canvas = browser.new_page()
        for picture in SCREENS.glob("*-light-??.png" if languages_alone else "*.png"):
            shrink(picture, canvas)
        browser.close()
    for size in SIZES:
        shutil.copy(SCREENS / f"near-{size}-light.png", MANIFEST_SCREENS / f"near-{size}.png")
    for picture in sorted(SCREENS.glob("*.png")):
        print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size / 1000:.0f} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

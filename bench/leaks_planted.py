"""Leaks that the harness must notice: a name, and what stands where in place of what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Leak:
    name: str
    path: str
    before: str
    after: str
    where: Literal["server", "page"] = "server"
    # The world that is likely to show it beside `here`: others are led only if it does not.
    first: str = "here"
    # What stands in a fault that this leak alone brings: those that have one are planted together.
    sign: str = ""

    def plant(self, root: Path) -> None:
        """Raises ValueError where the line is gone or stands twice."""
        file = root / self.path
        text = file.read_text()
        if text.count(self.before) != 1:
            raise ValueError(f"{self.name}: {self.path} has no longer one {self.before!r}")
        file.write_text(text.replace(self.before, self.after))


API, MESSAGE = "presence/api.py", "chat/feed/rendered_message.py"
MESH, FRAMES = "voice/mesh.py", "voice/signaling/frames.py"
FILING, ROSTER = "chat/reports/filing.py", "presence/roster/roster.py"
METRICS, PLACEMENT = "presence/metrics.py", "presence/placement.py"
GEOLOCATION, TRACKER = "static/js/place/geolocation.js", "static/js/place/tracker.js"
PUBLISHED = "static/js/place/published-place.js"

BEFORE_PLACE = "    begins = not session.person.cell\n"
HEARD = "    return session.person.place.label_m(message.place)\n"
LABEL = "    return one.place.label_m(other.place) if one.place.in_range(other.place) else None\n"
ROW = '        "metres": metres,\n        "door": str(one.door),\n'
RANK = "    return 0 if tie is Tie.LIVE else 1 if tie else 2, rank_m(me, one), one.person_id\n"
WORDS = '        "words": asked["words"],\n'
ANNOUNCE = "    hub.announce(change)\n    return change\n"
TILES = '    yield gauge("tiles", "Tiles watched.", len(hub.subscriptions.tiles))\n'
NEARBY = "        return Nearby(place, self._nearest(near, newest, processes), totals)\n"
RELAY = "        clean = filtered(me, other, field, raw)\n"
RESPONSE = "    response = HttpResponse(panel.people_html(Listing.of(nearby), radius_m))\n"
FIX = "    Object.assign(state, { failingSince: null, fixed: true });\n"
OFF_CENTRE = '(form.cleaned_data["lat"] * 1e4) % 1'


def in_place(name: str, *lines: str) -> Leak:
    """Where a position that was told has become a cell."""
    planted = "".join(f"    {line}\n" for line in lines)
    return Leak(name, API, BEFORE_PLACE, planted + BEFORE_PLACE)


def at_fix(name: str, line: str) -> Leak:
    """Where the page has a fix of the device."""
    return Leak(name, GEOLOCATION, FIX, f"{FIX}    {line}\n", "page")


SERVER = [
    # ---- Labels and orders by exact distance
    Leak(
        "a label in steps of 10 m",
        MESSAGE,
        HEARD,
        "    from presence.geo import apart\n"
        "    return round(apart(session.person.cell, message.place.cell), -1)\n",
    ),
    Leak(
        "the list in the order of exact distances",
        ROSTER,
        NEARBY,
        "        from presence.geo import apart\n"
        "        shown = self._nearest(near, newest, processes)\n"
        "        exact = lambda one: (one.label_m, apart(place.cell, one.person.cell))\n"
        "        return Nearby(place, tuple(sorted(shown, key=exact)), totals)\n",
    ),
    Leak(
        "the metres of voice",
        MESH,
        LABEL,
        "    from presence.geo import apart\n"
        "    return round(apart(one.place.cell, other.place.cell))\n",
    ),
    Leak(
        "peers in the order of exact distances",
        MESH,
        RANK,
        "    from presence.geo import apart\n"
        + RANK.replace("one.person_id\n", "apart(me.place.cell, one.place.cell), one.person_id\n"),
    ),
    Leak(
        "an offer that takes as long as it is far",
        "voice/signaling/relay.py",
        RELAY,
        "        import asyncio\n"
        "        from presence.geo import apart\n"
        "        await asyncio.sleep(apart(me.place.cell, other.place.cell) / 1e4)\n" + RELAY,
    ),
    # ---- Places in frames
    Leak("a tile among peers", FRAMES, ROW, ROW + '        "near": one.place.cell[:6],\n'),
    Leak(
        "a cell among peers, hidden in a number",
        FRAMES,
        ROW,
        ROW + '        "rank": __import__("zlib").crc32(one.place.cell.encode()),\n',
    ),
    Leak(
        "an id of a message that is made of the cell",
        "chat/messages.py",
        "        return public_id(self.at, self.person_id, self.ref)\n",
        "        return public_id(self.at, self.place.cell, self.ref)\n",
    ),
    Leak(
        "a life of a message that depends on the cell",
        MESSAGE,
        "        self.expires_at = message.at.ms + life_ms()\n",
        "        jitter = sum(message.place.cell.encode()) % 100\n"
        "        self.expires_at = message.at.ms + life_ms() + jitter\n",
    ),
    Leak(
        "the tile in a cookie",
        API,
        RESPONSE,
        RESPONSE + '    response.set_cookie("near", nearby.place.cell[:6])\n',
    ),
    # ---- Records
    Leak("a cell in a report", FILING, WORDS, '        "words": reporter.person.cell,\n'),
    Leak(
        "a place in a report, rounded",
        FILING,
        WORDS,
        '        "words": f"{__import__(\'presence.geo\').geo.centre(reporter.person.cell)}",\n',
    ),
    Leak(
        "the digest of a session in a report",
        FILING,
        'hashlib.sha256(f"reporter:{reporter.digest}".encode()).hexdigest()[:32]',
        "reporter.digest[:32]",
    ),
    Leak(
        "a tile as the subject of a hit",
        "presence/consumers.py",
        "            self.platform.records.hits.count(refused.rule, narrowest(self.origin))\n",
        "            one = getattr(self, 'socket', None)\n"
        "            tile = one.person.tile if one else ''\n"
        "            self.platform.records.hits.count(refused.rule, tile)\n",
    ),
    Leak(
        "activity by the tile",
        "presence/geo/cells.py",
        "CELL_LEVEL, TILE_LEVEL, AREA_LEVEL = 7, 6, 4\n",
        "CELL_LEVEL, TILE_LEVEL, AREA_LEVEL = 7, 6, 6\n",
    ),
    # ---- Lines, figures, errors, files
    in_place(
        "a cell in a line's field",
        "import logging",
        'logging.getLogger("neartalk.presence").info("placed", extra={"part": cell})',
    ),
    in_place(
        "a cell in a line's words",
        "import logging",
        'logging.getLogger("neartalk.presence").debug("placed in %s", cell)',
    ),
    in_place(
        "the key of a session in a line",
        "import logging",
        'logging.getLogger("neartalk.presence").info("who", extra={"code": f"k{key_of(request)}"})',
    ),
    in_place("a position printed", 'print(form.cleaned_data["lat"], form.cleaned_data["lon"])'),
    in_place("a position in a file", 'open("/tmp/neartalk-places", "a").write(f"{asked}")'),
    in_place(
        "a cell in an error",
        'if form.cleaned_data["radius"] == 150:',
        '    raise RuntimeError(f"cannot place {cell}")',
    ),
    Leak(
        "people by tile as a figure",
        METRICS,
        TILES,
        TILES
        + "    each = {(one,): 1.0 for one in hub.subscriptions.tiles}\n"
        + '    yield gauge("watched", "Which.", each, ("tile",))\n',
    ),
    Leak(
        "where people are, hidden in a sum",
        METRICS,
        TILES,
        TILES
        + "    total = sum(sum(one.encode()) for one in hub.subscriptions.tiles)\n"
        + '    yield gauge("watched", "A checksum.", total)\n',
    ),
    # ---- Time
    in_place("an answer as late as one is off the middle", "import asyncio",
             f"await asyncio.sleep({OFF_CENTRE})"),
    in_place("an answer that blocks as long", "import time", f"time.sleep({OFF_CENTRE})"),
    in_place("an answer that takes more turns", "import asyncio",
             f"for _ in range(int({OFF_CENTRE} * 20)):", "    await asyncio.sleep(0)"),
    Leak(
        "a move published as late as the cell says",
        PLACEMENT,
        ANNOUNCE,
        "    import asyncio\n"
        "    late_s = sum(change.session.person.cell.encode()) % 7 / 10\n"
        "    asyncio.get_running_loop().call_later(late_s, hub.announce, change)\n"
        "    return change\n",
    ),
    # ---- What is kept
    in_place("the last position on the hub", 'presence.hub.last_fix = form.cleaned_data["lat"]'),
    in_place(
        "the last cell in the cache, for ever",
        "from django.core.cache import cache",
        'cache.set(f"last:{session.person.person_id}", cell, None)',
    ),
    in_place(
        "trails in a module",
        'globals().setdefault("TRAILS", {}).setdefault(session.digest, []).append(cell)',
    ),
    in_place(
        "a cell as the subject of an allowance",
        'await allow(presence.platform.allowances, "too-often", Act("place.radius", cell))',
    ),
]  # fmt: skip

PAGE = [
    at_fix("a fix in the local storage", "localStorage.setItem('fix', String(coords.latitude));"),
    at_fix("an accuracy in the session storage",
           "sessionStorage.setItem('accuracy', String(coords.accuracy));"),
    at_fix("a fix in the console", "console.debug(coords.latitude);"),
    at_fix("a fix in the document", "document.body.dataset.at = String(coords.longitude);"),
    at_fix("how often the device found itself",
           "document.body.dataset.fixes = String(Number(document.body.dataset.fixes ?? 0) + 1);"),
    at_fix("a fix in the window", "window.lastFix = coords.latitude;"),
    at_fix("a fix in the address", "history.replaceState({ at: coords.latitude }, '');"),
    at_fix("a fix in a cookie", "document.cookie = `at=${coords.latitude}`;"),
    at_fix("a fix in a database", "indexedDB.open(`fix-${coords.latitude}`);"),
    at_fix("a fix sent away", "navigator.sendBeacon('/api/fix', String(coords.latitude));"),
    at_fix("a fix in a mark", "performance.mark(`fix ${coords.accuracy}`);"),
    at_fix("a fix to the other tabs",
           "new BroadcastChannel('neartalk').postMessage({ fix: coords.latitude });"),
    at_fix("a fix in the name of the window", "window.name = String(coords.latitude);"),
    at_fix("whether one moves", "document.body.classList.toggle('moves', Boolean(coords.speed));"),
    at_fix("an accuracy in the title", "document.title = `±${Math.round(coords.accuracy)} m`;"),
    Leak(
        "a publish as late as one is off the middle",
        TRACKER,
        "  wanted = encode(state.anchor.lat, state.anchor.lon);\n  publishWanted();\n",
        "  wanted = encode(state.anchor.lat, state.anchor.lon);\n"
        "  setTimeout(publishWanted, ((state.anchor.lat * 1e5) % 1) * 3000);\n",
        "page",
    ),
]  # fmt: skip

FIRST = {
    "finer": (
        *("a label in steps of 10 m", "the list in the order of exact distances"),
        *("the metres of voice", "peers in the order of exact distances"),
        *(
            "an offer that takes as long as it is far",
            "a life of a message that depends on the cell",
        ),
        *(
            "an id of a message that is made of the cell",
            "a move published as late as the cell says",
        ),
    ),
    "shifted": ("a cell among peers, hidden in a number", "where people are, hidden in a sum"),
    "elsewhere-in-the-cell": (
        *("an answer as late as one is off the middle", "an answer that blocks as long"),
        *("an answer that takes more turns", "the last position on the hub"),
    ),
}
HINTS = {name: kind for kind, names in FIRST.items() for name in names}
SIGNS = {
    "a tile among peers": r'"near": ?"',
    "the tile in a cookie": r"near=",
    "a cell in a report": r"chat_report",
    "a tile as the subject of a hit": r"neartalk_ratelimithit",
    "a cell in a line's field": r"part\W+u33",
    "a cell in a line's words": r"placed in ",
    "the key of a session in a line": r"code\W+k",
    "a position printed": r"operator, stdout",
    "a position in a file": r"neartalk-places",
    "a cell in an error": r"cannot place",
    "people by tile as a figure": r"neartalk_watched",
    "the last cell in the cache, for ever": r":last:",
    "trails in a module": r"TRAILS",
    "a cell as the subject of an allowance": r"place\.radius",
}


def with_hints(leak: Leak) -> Leak:
    first, sign = HINTS.get(leak.name, leak.first), SIGNS.get(leak.name, "")
    return replace(leak, first=first, sign=sign)


LEAKS = [*map(with_hints, SERVER), *PAGE]

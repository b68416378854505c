"""What a determined neighbour finds out, and what it costs: attacks on the product as it comes.

    python bench/hunt.py [--quick] [--only NAME ...] [--to FILE]

Each attack of bench/hunters has a process of its own, whose time moves: twenty minutes of walking
take seconds. What a real processor, browser or server does is measured in real time: `entry` needs
a Chromium, `comeback` starts a server and a Redis. Seeds are fixed. Prints the table and writes it
to FILE (bench/HUNT.md); ends with 1 if a row misses what must be.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

Found = dict[str, Any]
RESULTS = ROOT / "bench/HUNT.md"
# The table stands between these in the file.
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
TIMEOUT_S = 3600
SLOWER = 4


@dataclass(frozen=True)
class AttackRow:
    attack: str
    before: str
    must: str
    found: str
    holds: bool | None = None


@dataclass(frozen=True)
class Size:
    hunts: int
    probes: int
    cities: int
    messages: int
    sweeps: int
    walks: int
    sockets: int


FULL = Size(hunts=30, probes=180, cities=8, messages=30, sweeps=30, walks=8, sockets=2_000)
QUICK = Size(hunts=6, probes=24, cities=2, messages=6, sweeps=6, walks=1, sockets=200)


def played(name: str, size: int, **options: Any) -> Found:
    """What came of an attack in moved time."""
    module = [sys.executable, "-m", "bench.hunters.played"]
    command = [*module, name, str(size), json.dumps(options)]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=TIMEOUT_S
    )
    return dict(json.loads(done.stdout))


# ---- The rows ------------------------------------------------------------------------------------


def exact(size: Size) -> list[AttackRow]:
    found = played("exact", size.hunts)
    text = (
        f"{found['median_s']} s half of the time, {found['probes']} probes; sooner than 240 s in "
        f"{found['soon']} of {found['hunts']} hunts, for which two places are enough"
    )
    holds = found["right"] and found["median_s"] >= 240
    name = "one session in range, to the exact cell"
    rows = [AttackRow(name, "0.4 s, 3 probes", "240 s at least", text, holds)]
    waited = played("exact", size.hunts, waited_s=660)
    text = f"{waited['median_s']} s half of the time, {waited['quickest_s']} s at the quickest"
    name = "the same, by one who had stood there for eleven minutes when somebody came"
    return [*rows, AttackRow(name, "-", "-", text)]


def seen(size: Size) -> list[AttackRow]:
    """A block hides at once, as the docs say: it has a row of its own."""
    found = played("seen", size.probes)
    text = f"{found['shown']} of {found['told']}"
    if found["unseen"]:
        text += f"; not: {'; '.join(found['unseen'])}"
    name = "its probes that the other is shown for 25 s or more"
    rows = [AttackRow(name, "2 %", "all", text, found["shown"] == found["told"])]
    text = f"{found['blocked_shown']} of {found['blocked']}"
    return [*rows, AttackRow("the same, where it blocks them at once", "-", "-", text)]


def city(size: Size) -> list[AttackRow]:
    must = "40 min, or 60 s of proof of work a session"
    rows = []
    for name, before, options in (
        ("ten sessions of one address, a named person in 10 x 10 km", "153-216 s", {}),
        ("the same, seven of them no further at once than people walk", "-", {"on_foot": 7}),
        ("the same, all thirty sessions that are free", "-", {"sessions": 30}),
    ):
        found = played("city", size.cities, **options)
        text = (
            f"{minutes(found['median_s'])} half of the time "
            f"({minutes(found['quickest_s'])} to {minutes(found['slowest_s'])})"
        )
        holds = found["median_s"] >= 2400 if "sessions" not in options else None
        rows.append(AttackRow(name, before, must if holds is not None else "-", text, holds))
    for patient, words in ((False, "for each probe"), (True, "kept, whenever one is cheap")):
        fresh = played("fresh", size.cities, patient=patient)
        text = (
            f"{minutes(fresh['median_s'])} half of the time on a core of OpenSSL, "
            f"{fresh['sessions']} sessions, {fresh['phone_s']:.0f} s of a middling phone for each"
        )
        holds = fresh["phone_s"] >= 60 or fresh["median_s"] >= 2400
        rows.append(AttackRow(f"the same, a new session {words}", "-", must, text, holds))
    return rows


def past(size: Size) -> list[AttackRow]:
    name, must = "messages of one who left, placed exactly", "3 of 30 (chance)"
    rows = []
    for places, lines, before, words in (
        (6, 1, "29 of 30", "of 500 m, 1 km and 2 km reach, read from six places at every reach"),
        (12, 1, "-", "the same, from twelve"),
        (6, 4, "-", "the last of four lines of one who went on by a cell each time"),
    ):
        found = played("past", size.messages, places=places, lines=lines)
        text = (
            f"{found['placed']} of {found['messages']}, {found['by_chance']} by chance; "
            f"{found['median_cells']} cells fit half of the time, {found['fewest_cells']} at least"
        )
        holds = None if lines > 1 else found["by_chance"] <= found["messages"] / 10
        wanted = "-" if lines > 1 else must
        rows.append(AttackRow(f"{name}: {words}", before, wanted, text, holds))
    found = played("past", size.messages, places=12, every_reach=True)
    fewest = [f"{cells} at {reach_m} m" for reach_m, cells in found["fewest_by_reach"].items()]
    name = "cells that fit what somebody said who left, read from twelve places at every reach"
    return [*rows, AttackRow(name, "1", "-", f"at least {', '.join(fewest)}")]


def walker(size: Size) -> list[AttackRow]:
    found = played("followers", size.walks)
    rows = []
    for kind, words in (("streets", "through streets"), ("straight", "straight on, and known to")):
        one, known, held = found[kind]["followed"], found[kind]["known"], found[kind]["held"]
        text = (
            f"{one['live_m']} / {one['back_m']} m (the cell in effect held {held:.0%} of the time; "
            f"were it always known: {known['live_m']} / {known['back_m']} m)"
        )
        holds = one["live_m"] >= 150 and one["back_m"] >= 60
        name = f"a walker {words}, three followers: error live / looking back"
        rows.append(AttackRow(name, "80 / 40 m", "150 / 60 m", text, holds))
    return rows


def sweep(size: Size) -> list[AttackRow]:
    found = played("sweep", size.sweeps)
    few, many = found["500"], found["2000"]
    text = f"{few['expected']} / {many['expected']} on average"
    text += f" (fewest of {2 * size.sweeps}: {few['fewest']} / {many['fewest']})"
    holds = few["agrees"] and many["agrees"] and few["expected"] >= 8 and many["expected"] >= 95
    name = "cells that fit after a sweep of radii from one place, reach 500 / 2000"
    return [AttackRow(name, "4", "8 / 95", text, holds)]


def entry(size: Size) -> list[AttackRow]:
    from bench.hunters import devices  # noqa: PLC0415

    rates = devices.browser_tries_s([1_000, 3_000, 10_000])
    # The worker of the page derives several keys at once.
    cores = min(4, os.cpu_count() or 1)
    tries_s = cores * min(rates.values()) / SLOWER
    guests = played("entry", 500, tries_s=tries_s)
    text = (
        f"{guests['in']} in; p95 {guests['p95_s']} s, half {guests['p50_s']} s, the longest "
        f"{guests['longest_s']} s, at {tries_s:.0f} tries a second of {cores} cores"
    )
    holds = guests["in"] == guests["came"] and guests["p95_s"] < 6
    name = "500 people behind one IPv4 within 10 minutes at one square"
    must = "all in; p95 of the wait under 6 s with a CPU four times slower"
    rows = [AttackRow(name, "10 an hour", must, text, holds)]
    rate = devices.program_tries_s()
    for spread, words in ((False, "from one place"), (True, "looking in twelve tiles")):
        found = played("entry", 1000, spread=spread)
        hours = found["tries"] / rate / 3600
        text = f"{found['sessions']:,} for {hours:.2f} h of OpenSSL, at {rate:,.0f} tries a second"
        name = f"a script that wants 1,000 sessions an hour from one address, {words}"
        must = "costs it 1.5 h of a core at least"
        rows.append(AttackRow(name, "refused after 10", must, text, hours >= 1.5))
    return rows


def comeback(size: Size) -> list[AttackRow]:
    from bench.hunters.comeback import attack  # noqa: PLC0415

    found = attack(size.sockets)
    text = (
        f"{found['back']:,} back, half in {found['half_s']} s, all in {found['all_s']} s, for "
        f"{found['server_cpu_s']} s of the server's processor ({found['load']} others wanted one)"
    )
    if found["refused"]:
        text += f"; refused meanwhile: {found['refused']}"
    holds = found["back"] == found["people"] and found["all_s"] <= 30
    name = f"{size.sockets:,} sockets behind one IPv4 after a restart"
    return [AttackRow(name, "refused in part", "all back in 30 s", text, holds)]


def harmless(size: Size) -> list[AttackRow]:
    rows = []
    for options, words in (
        ({}, "somebody walks 20 minutes among 50 others"),
        ({"crowded": True}, "the same, where others of their network go far and wide"),
        ({"rides": True}, "somebody rides a tram instead"),
        ({"rides": True, "crowded": True}, "the same, where others of their network ride too"),
    ):
        found = played("harmless", 50, **options)
        text = (
            f"met {found['met']} for half a minute or more, missed {found['missed']}; the list was "
            f"{found['late_median_s']} s late half of the time, {found['late_most_s']} s at most; "
            f"{found['stale_share']:.0%} of what it showed was out of reach by then"
        )
        name = f"what it costs people who do no harm: {words}"
        rows.append(AttackRow(name, "-", "said in figures", text))
    return rows


ROWS: dict[str, Callable[[Size], list[AttackRow]]] = {
    "exact": exact,
    "seen": seen,
    "city": city,
    "past": past,
    "walker": walker,
    "sweep": sweep,
    "entry": entry,
    "comeback": comeback,
    "harmless": harmless,
}


# ---- The table -----------------------------------------------------------------------------------


def minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 120 else f"{seconds:.0f} s"


def table(rows: list[AttackRow]) -> str:
    head = "| attack | before | must be | found | |", "|---|---|---|---|---|"
    return "\n".join([*head, *map(line_of, rows)])


def line_of(row: AttackRow) -> str:
    verdict = {True: "holds", False: "MISSED", None: ""}[row.holds]
    return f"| {' | '.join((row.attack, row.before, row.must, row.found, verdict))} |"


def write(path: Path, rows: list[AttackRow]) -> None:
    """Replaces the table of the file."""
    text = path.read_text() if path.exists() else f"{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", choices=[*ROWS])
    parser.add_argument("--to", type=Path)
    chosen = parser.parse_args()
    size = QUICK if chosen.quick else FULL
    rows: list[AttackRow] = []
    for name in chosen.only or ROWS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        fresh = ROWS[name](size)
        rows += fresh
        # A run is long: what is found is said at once.
        print("\n".join(map(line_of, fresh)), file=sys.stderr, flush=True)
    print(table(rows))
    whole = not chosen.quick and not chosen.only
    if path := chosen.to or (RESULTS if whole else None):
        write(path, rows)
    return int(any(row.holds is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())

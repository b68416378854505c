"""All that people and operators can do, and a history of it by chance."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from chat.reactions import REACTIONS
from tests.noninterference.push_network import device_of
from tests.noninterference.scene import PLACES, REACHES_M, ROUGH
from tests.voice.descriptions import MANY, offer

if TYPE_CHECKING:
    from tests.noninterference.visitor import WorldVisitor
    from tests.noninterference.world import LedWorld

Act = Callable[["LedWorld", "WorldVisitor", random.Random], Awaitable[object]]

WORDS = [
    "who",
    "is",
    "here",
    "at",
    "the",
    "fountain",
    "with",
    "a",
    "spare",
    "ticket",
    "for",
    "tonight",
    "please",
]
ODD_FRAMES: tuple[dict[str, Any] | str, ...] = (
    "no json",
    '{"type": "chat.send", "text": 5}',
    {"type": "nothing.known"},
    {"type": "chat.send", "text": "", "ref": "an-empty-one"},
    {"type": "chat.remove", "id": "1-1.00000000"},
    {"type": "chat.react", "id": "1-1.00000000", "reaction": "yes"},
    {"type": "chat.react", "id": "1-1.00000000", "reaction": "like"},
    {"type": "chat.reactors", "id": "1-1.00000000"},
    {"type": "chat.send", "text": "So?", "ref": "to-nothing", "reply_to": "1-1.00000000"},
    {"type": "chat.send", "text": "So?", "ref": "to-nobody", "mentions": ["0"] * 100},
    {"type": "voice.offer", "to": "0" * 16, "sdp": "v=0"},
)
ODD_PLACES: tuple[dict[str, Any], ...] = (
    {"lat": 91, "lon": 13.4, "radius": 500},
    {"lat": 86, "lon": 13.4, "radius": 500},
    {"lat": "north", "lon": 13.4, "radius": 500},
    {"lat": 52.5, "lon": 13.4, "radius": 99},
    {"lat": 52.5, "lon": 13.4, "radius": 500, "roughness": "exact"},
    {},
)
DOORS = ("open", "open", "ask", "locked")
READ = (
    *("/", "/near", "/privacy", "/rules", "/safety", "/terms", "/offline", "/service-worker.js"),
    *("/invite.svg", "/api/nearby", "/api/messages", "/api/voice/ice", "/api/push"),
    *("/api/health", "/api/health/live", "/api/session/challenge", "/api/nothing", "/nothing"),
    "/api/messages?before=1795396581616-0.2a5b67aa",
)


async def begin(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """Comes, or comes anew with another session."""
    await one.close_sockets()
    one.radius_m = rng.choice(REACHES_M)
    await one.begin(rng.choice((f"Guest {one.number}", f"{rng.choice(WORDS)} {one.number}")))
    await one.open_socket()


async def move(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    one.place = rng.randrange(PLACES)
    await one.update_place()


async def reach(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    one.radius_m = rng.choice(REACHES_M)
    await one.update_place()


async def roughen(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """Chooses how roughly others can place them, where the scene lets them."""
    rough = world.visitors[rng.choice(ROUGH)]
    rough.roughness = rng.choice(("block", "area"))
    await rough.update_place()


async def send_lines(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 1, 2, 9))):
        one.send_text(" ".join(rng.choices(WORDS, k=rng.randint(1, 9))))


async def repeat(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """Says the same twice, as others do, and sends one line again under its ref."""
    for _ in range(2):
        one.send_text("Is anybody here who knows the way to the river and back again?")
    one.sent_refs -= 1
    one.send_text("Is anybody here who knows the way to the river and back again?")


async def remove(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """Mostly what they said themselves."""
    mine = one.acked_ids or one.message_ids
    if one.socket and mine:
        message_id = rng.choice(rng.choice((mine, mine, one.message_ids)) or mine)
        one.socket.send({"type": "chat.remove", "id": message_id, "ref": one.next_ref()})


async def answer(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """Answers what they have read, wherever it was said, and mentions some who are here or not."""
    if one.socket and one.message_ids:
        others = rng.sample(world.visitors, 3)
        refers = {
            "reply_to": rng.choice(one.message_ids),
            "mentions": [o.person_id for o in others],
        }
        text = f"So say I {rng.randrange(999)}"
        one.socket.send({"type": "chat.send", "text": text, "ref": one.next_ref(), **refers})


async def react(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """Several react to what they have read; whoever said it asks who did."""
    for other in (one, *rng.sample(world.visitors, 2)):
        if other.socket and other.message_ids:
            message_id, word = rng.choice(other.message_ids), rng.choice((*REACTIONS, None))
            chosen = {"id": message_id, "reaction": word, "ref": other.next_ref()}
            other.socket.send({"type": "chat.react", **chosen})
    await asyncio.sleep(rng.choice((0.1, 1.2)))
    for other in world.visitors:
        if other.socket and other.acked_ids:
            asked = {"type": "chat.reactors", "id": rng.choice(other.acked_ids)}
            other.socket.send(asked)


async def ask(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    if one.socket:
        one.socket.send({"type": rng.choice(("people", "ping"))})


async def odd(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """What is refused, on both sockets and as a call."""
    frame, place = rng.choice(ODD_FRAMES), rng.choice(ODD_PLACES)
    for end in (one.socket, one.signal):
        if end:
            end.send(frame)
    await one.call("POST", "/api/location/update", place)
    await one.call("GET", "/api/block")


async def read_pages(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    for path in rng.sample(READ, 3):
        await one.call("GET", path)
    if one.message_ids:
        await one.call("GET", f"/api/messages?before={rng.choice(one.message_ids)}")


async def report(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    other = world.other(one, rng)
    asked = {"person_id": other.person_id, "reason": "spam", "words": "They go on and on."}
    if theirs := [id for id in one.message_ids if id in other.acked_ids]:
        asked["message_id"] = rng.choice(theirs)
    await one.call("POST", "/api/report", asked)


async def block(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    await one.call("POST", "/api/block", {"person_id": world.other(one, rng).person_id})


async def unblock(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """Whom they have blocked just now, or anybody."""
    other = {"person_id": world.other(one, rng).person_id}
    if rng.random() < 0.7:
        await one.call("POST", "/api/block", other)
        await asyncio.sleep(rng.choice((0.1, 1.2)))
    await one.call("GET", "/api/blocks")
    await one.call("POST", "/api/unblock", other)


async def rename(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    name = rng.choice((f"Somebody {rng.randrange(99)}", "Guest 0", "Admin", ""))
    await one.call("PATCH", "/api/session/username", {"username": name})


async def leave(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    await one.call("POST", "/api/session/leave")
    await one.close_sockets()


async def drop(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """The socket is gone without a word, for a while or for good."""
    await one.close_sockets()


async def return_with_mark(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    await one.open_socket(resume=rng.random() < 0.8)


# ---- Voice ---------------------------------------------------------------------------------------


async def enter_voice(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    if not one.signal or not one.signal.open:
        await one.open_signal()
        await asyncio.sleep(0.2)
    policy, door = rng.choice(("relay", "direct", "direct")), rng.choice(DOORS)
    signal(one, "join", policy=policy, instance=f"instance-{rng.randrange(3)}", door=door)


async def turn_door(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """A public act: lists name whose doors are open to whom they name anyway."""
    door = rng.choice(DOORS)
    signal(one, "door", open=door == "open", locked=door == "locked")


async def knock(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """At somebody who is listed, who says yes most times."""
    other = world.listed(one, rng, "near", "knocks", "declined")
    signal(one, "knock", to=other.person_id)
    await asyncio.sleep(rng.choice((0.1, 1.2)))
    signal(other, rng.choice(("accept", "accept", "accept", "decline")), to=one.person_id)


async def negotiate(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """With somebody they speak with, or with anybody."""
    await exchange(one, world.listed(one, rng, "live", "away"), rng)


async def exchange(one: WorldVisitor, other: WorldVisitor, rng: random.Random) -> None:
    """All that two send each other who speak, or who do not."""
    signal(one, "offer", to=other.person_id, sdp=offer(*MANY))
    await asyncio.sleep(0.1)
    signal(other, "answer", to=one.person_id, sdp=offer(*MANY).replace("actpass", "active"))
    for each in MANY:
        signal(one, "candidate", to=other.person_id, candidate=each)
    signal(other, "state", muted=rng.random() < 0.5)


async def speak_afar(world: LedWorld, rng: random.Random) -> None:
    """Each of the first square calls somebody of the second, which only the widest reach does."""
    for one in world.visitors:
        one.radius_m = max(REACHES_M)
        await one.update_place()
    for one, other in zip(world.visitors[:2], world.visitors[2:4], strict=True):
        signal(one, "knock", to=other.person_id)
        await asyncio.sleep(0.5)
        signal(other, "accept", to=one.person_id)
        await asyncio.sleep(0.5)
        await exchange(one, other, rng)
        await asyncio.sleep(2)


async def list_peers(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    signal(one, "peers")
    if one.signal:
        one.signal.send({"type": "ping"})


async def end_call(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    if rng.random() < 0.5:
        signal(one, "decline", to=world.listed(one, rng, "live", "knocks").person_id)
    else:
        signal(one, "leave")


def signal(one: WorldVisitor, kind: str, **fields: Any) -> None:
    if one.signal:
        one.signal.send({"type": f"voice.{kind}", **fields})


# ---- The page sleeps -----------------------------------------------------------------------------


async def allow_pushes(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """Or takes that back; and names an endpoint that nobody calls."""
    await subscribe(one, with_text=rng.random() < 0.5)
    if rng.random() < 0.2:
        await one.call("POST", "/api/push/unsubscribe")
    odd = {**device_of(one).fields, "endpoint": "https://127.0.0.1/push"}
    await one.call("POST", "/api/push/subscribe", odd)


async def subscribe(one: WorldVisitor, *, with_text: bool) -> None:
    asked = {**device_of(one).fields, **({"text": "1"} if with_text else {})}
    await one.call("POST", "/api/push/subscribe", asked)


async def put_away(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """The page is closed for a while. Others write to whoever had it open at once, and again once
    they are away, and want to talk to them."""
    await subscribe(one, with_text=rng.random() < 0.5)
    one.send_text(f"Who has a ticket for me, or two, at {rng.randrange(24)}?")
    await asyncio.sleep(0.5)
    said = one.acked_ids
    await one.close_sockets()
    for wait_s in (1.0, 110.0, 62.0):
        await asyncio.sleep(wait_s + rng.random())
        kind = rng.choice(("answer", "mention", "knock"))
        for other in rng.sample(world.visitors, 4):
            heard = [id for id in said if id in other.message_ids and kind == "answer"]
            if kind == "knock":
                signal(other, "knock", to=one.person_id)
            else:
                write_to(other, one, heard)
    await asyncio.sleep(rng.choice((1.0, 20.0)))
    await one.open_socket(resume=True)


def write_to(one: WorldVisitor, other: WorldVisitor, heard: list[str]) -> None:
    """An answer to what one has heard of another, or a mention."""
    if one.socket:
        refers = {"reply_to": heard[-1]} if heard else {"mentions": [other.person_id]}
        text = f"I do, {other.name}, and it is yours"
        one.socket.send({"type": "chat.send", "text": text, "ref": one.next_ref(), **refers})


# ---- Whoever runs it -----------------------------------------------------------------------------

ADMIN = (
    *("/admin/", "/admin/chat/report/", "/admin/chat/report/?state=upheld"),
    *("/admin/neartalk/sanction/", "/admin/neartalk/ratelimit/", "/admin/neartalk/ratelimithit/"),
    *("/admin/neartalk/hourlyactivity/", "/admin/admin/logentry/"),
)
VERBS = ("dismiss", "remove", "remove", "mute", "ban")


async def read_admin(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    for path in rng.sample(ADMIN, 3):
        await world.operator.call("GET", path)
    await world.scraper.call("GET", "/metrics")


async def decide(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    await decide_so(world, rng.choice(VERBS))


async def decide_so(world: LedWorld, decision: str) -> None:
    """The page of the oldest report, and a decision on it."""
    queue = await world.operator.call("GET", "/admin/chat/report/")
    if page := world.first_report(queue.body):
        await world.operator.call("GET", page)
        verb = {"verb": decision, "note": "So it was.", "seen": ""}
        await world.operator.call("POST", page, verb)


async def command(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    known: list[list[str]] = [
        ["reports", "--state", "all"],
        ["reports", "show", "1"],
        ["limits", "list"],
        ["stats", "--json"],
        ["prune"],
        ["ban", one.person_id, "--mute"],
        ["unban", one.person_id],
    ]
    await world.command(*rng.choice(known))


async def fault(world: LedWorld, one: WorldVisitor, rng: random.Random) -> None:
    """The next call of a store fails, or is a fault of ours."""
    world.fail_next(rng)
    await rng.choice((move, read_pages, send_lines, knock))(world, one, rng)


# How often each comes in a history.
ACTS: dict[Act, int] = {
    begin: 5,
    move: 12,
    reach: 6,
    roughen: 4,
    send_lines: 14,
    repeat: 3,
    remove: 8,
    answer: 5,
    react: 8,
    ask: 3,
    odd: 3,
    read_pages: 6,
    report: 5,
    block: 2,
    unblock: 2,
    rename: 3,
    leave: 2,
    drop: 3,
    return_with_mark: 6,
    enter_voice: 7,
    turn_door: 4,
    knock: 9,
    negotiate: 7,
    list_peers: 3,
    end_call: 2,
    allow_pushes: 2,
    put_away: 4,
    read_admin: 3,
    decide: 3,
    command: 4,
    fault: 4,
}

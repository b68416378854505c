"""docs/frames.schema.json says what travels over both sockets, in both directions: no field more,
none less. Besides, every frame that a server sends to any test is judged by it (`Tab`)."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from jsonschema import Draft202012Validator

from chat.consumers import ChatConsumer
from neartalk.codes import CODES
from neartalk.limits import PUBLISHED
from presence.delivery import PROTOCOL, frames
from presence.geo import label_m, label_of
from tests.chat.consumer_client import ConsumerClient, arrived
from tests.support.client import elsewhere, new_ref, north, person, running
from tests.support.docs import page, rows, spans
from tests.support.frames_schema import DEFS, SCHEMA, faults
from tests.support.processes import Page
from tests.voice.descriptions import RELAY, offer
from tests.voice.descriptions import candidate as offered
from tests.voice.speakers import speaker
from tests.voice.test_any_field import FIELDS, ODD
from voice.call_graph import EndReason
from voice.callers import Tie
from voice.consumers import SignalConsumer
from voice.mesh import Why
from voice.sdp_filter import SdpFilter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import Settings

    from tests.support.client import Tab

CLIENT = {name.partition(".")[2] for name in DEFS if name.startswith("client.")}
SERVER = {name.partition(".")[2] for name in DEFS if name.startswith("server.")}
TABLES = {
    "ws.client": "### To the server",
    "ws.server": "### To the client",
    "signal.client": "### To the server, at /signal",
    "signal.server": "### To the client, at /signal",
}
# Fields that the tables of docs/clients.md do not show in their one example of a frame.
BESIDE = {"error": {"until"}} | {kind: {"ref"} for kind in CLIENT}
# What Python reads and nobody else.
NO_JSON = re.compile(r"NaN|Infinity|e999")
SHAPELESS = {"bad-frame", "bad-json", "unknown-type"}
CONTENTS = {"not-found", "message-empty", "message-too-long", "bad-sdp", "bad-candidate"}


def kinds(name: str) -> set[str]:
    """The types of frames of one socket and direction."""
    refs = [one.get("$ref", "").rpartition("/")[2] for one in DEFS[name]["oneOf"]]
    return {ref.partition(".")[2] for ref in refs if ref}


def objects(value: object) -> Iterator[dict[str, Any]]:
    """Every schema of an object, wherever it stands, but those that only narrow another."""
    if isinstance(value, dict):
        if value.get("type") == "object":
            yield value
        for one in value.values():
            yield from objects(one)
    elif isinstance(value, list):
        for one in value:
            yield from objects(one)


# ---- The schema itself ---------------------------------------------------------------------------


def test_it_is_a_schema_and_lets_no_field_pass_that_it_does_not_name() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert all(one["additionalProperties"] is False for one in objects(DEFS))
    named = {*re.findall(r'"#/\$defs/([\w.]+)"', json.dumps(SCHEMA))}
    assert named == {*DEFS}, "every definition is used"


@pytest.mark.parametrize("name", TABLES)
def test_it_has_the_frames_and_fields_of_the_docs_and_no_other(name: str) -> None:
    side = "client" if name.endswith("client") else "server"
    shown = [json.loads(spans(first)[0]) for first, *_ in rows(TABLES[name])]
    assert {frame["type"] for frame in shown} == kinds(name)
    for frame in shown:
        kind = frame["type"]
        assert faults(f"{side}.{kind}", frame) == []
        fields = {*DEFS[f"{side}.{kind}"]["properties"]}
        assert fields - BESIDE.get(kind, set()) == {*frame} - BESIDE.get(kind, set())


def test_it_names_the_words_that_the_code_knows() -> None:
    assert DEFS["code"]["enum"] == [*CODES]
    assert DEFS["limits"]["properties"].keys() == {*PUBLISHED}
    assert DEFS["server.welcome"]["properties"]["protocol"] == {"const": PROTOCOL}
    assert DEFS["server.gap"]["properties"]["reason"]["enum"] == [*frames.GAPS]
    assert {*DEFS["server.voice.end"]["properties"]["reason"]["enum"]} == {*map(str, EndReason)}
    assert {*DEFS["unheard"]["properties"]["why"]["enum"]} == {*map(str, Why)}
    states = {*map(str, Tie), "near", "away", "declined"}
    assert {*DEFS["peer"]["properties"]["state"]["enum"]} == states
    assert kinds("ws.client") == ChatConsumer.actions.keys()
    assert kinds("signal.client") == SignalConsumer.actions.keys()
    for metres in range(0, 4_500, 7):
        assert faults("distance", label_of(label_m(metres))) == []
    assert faults("distance", "~237 km away") != []


def test_the_docs_lead_to_it() -> None:
    assert "(frames.schema.json)" in page("docs/clients.md")


# ---- From the client -----------------------------------------------------------------------------


def signal_consumer() -> tuple[SignalConsumer, Page]:
    """A consumer of /signal with a session, whose voice hub does as it is told."""

    async def done(*args: object, **kwargs: object) -> None: ...

    async def relay_signal(connection: object, to: str, kind: str, field: str, raw: str) -> None:
        sdp = SdpFilter(relay_only=True)
        sdp.candidate(raw) if field == "candidate" else sdp.description(raw)

    consumer, found = SignalConsumer(), Page()
    consumer.connection = cast(Any, found)
    session = SimpleNamespace(device="")
    consumer.signaling = cast(Any, SimpleNamespace(person_id="a" * 16, session=session))
    acts = ("join", "set_door", "leave", "send_list", "knock", "accept", "decline", "send_state")
    calls = {**dict.fromkeys(acts, done), "relay_signal": relay_signal}
    consumer.hub = cast(Any, SimpleNamespace(**calls))
    return consumer, found


async def answer(client: ConsumerClient, kind: str, raw: str) -> str:
    """The code with which a frame is refused; "" if it is not."""
    if kind in kinds("ws.client"):
        consumer, found = client.consumer, client.page
    else:
        consumer, found = signal_consumer()
        hub = consumer.hub
        consumer.enter({"state": {**client.process.state, "voice": SimpleNamespace(hub=hub)}})
    before = len(found.all("error"))
    await consumer.websocket_receive({"text": raw})
    errors = found.all("error")[before:]
    return str(errors[0]["code"]) if errors else ""


@pytest.mark.parametrize("kind", FIELDS)
async def test_what_the_schema_allows_is_understood_and_what_it_forbids_is_refused(
    kind: str, settings: Settings
) -> None:
    """Each field in turn with each odd value: the schema and the server agree."""
    settings.RATE_LIMITS_SCALE = 1000
    right = {"type": json.dumps(kind), **FIELDS[kind]}
    right.pop("x", None)
    async with arrived() as client:
        assert await answer(client, kind, raw_frame(right)) not in SHAPELESS
        for field in right:
            for wrong in ({}, *({field: odd} for odd in ODD if not NO_JSON.search(odd))):
                # What is known is acked, whatever else the frame says.
                right |= {"ref": json.dumps(new_ref())} if "ref" in right else {}
                raw = raw_frame({key: right[key] for key in right if key != field} | wrong)
                code = await answer(client, kind, raw)
                if faults(f"client.{kind}", json.loads(raw)):
                    assert code in SHAPELESS | CONTENTS, raw
                else:
                    assert code not in SHAPELESS, raw


def raw_frame(fields: dict[str, str]) -> str:
    """An object of values that are JSON already."""
    return f"{{{', '.join(f'{json.dumps(key)}: {value}' for key, value in fields.items())}}}"


# ---- To the client, as it travels ----------------------------------------------------------------


async def test_every_frame_of_both_sockets_travels_as_the_schema_says() -> None:
    """All types but `limits`, of which tests/presence/test_published_limits.py shows the frame."""
    spot, seen = elsewhere(), dict[str, list[dict[str, Any]]]()

    def note(*tabs: Tab) -> None:
        for tab in tabs:
            for frame in tab.seen:
                seen.setdefault(frame["type"], []).append(frame)

    candidate = offered("relay", RELAY)
    off = "voice.frame,chat.send,chat.new,chat.repeat,place.move,place.travel"
    with running("uvicorn", RATE_LIMITS_OFF=off) as server:
        async with person(server, *spot, 500, "alice") as alice:
            said = await alice.send_text("Hello")
            await alice.send("chat.remove", id=said, ref="ref-removal")
            await alice.expect("chat.gone")
            stays = await alice.send_text("Stays")
            await alice.send("ping")
            await alice.expect("pong")
            await alice.send("chat.send", text="x" * 501, ref="ref-refused")
            await alice.expect("error", ref="ref-refused")
            async with person(server, *north(spot, 2), 500, "bob") as bob:
                await alice.people("bob")
                await bob.send("chat.react", id=stays, reaction="yes", ref="ref-of-yes")
                await bob.expect("chat.reacted")
                await alice.expect("chat.reactions")
                await alice.send("chat.reactors", id=stays, ref="ref-of-list")
                await alice.expect("chat.reactors")
                blocked = await alice.http.post("/api/block", json={"person_id": bob.person_id})
                assert blocked.status_code == 204
                await alice.expect("blocked")
                await alice.http.post("/api/unblock", json={"person_id": bob.person_id})
                await alice.expect("unblocked")
                note(bob)
            async with alice.tab(since="1", epoch="another") as back:
                await back.expect("mark")
                note(back)
            note(alice)
        async with (
            speaker(server, spot, "ana") as ana,
            speaker(server, spot, "bo") as bo,
            speaker(server, north(spot, 1), "cy") as cy,
        ):
            for one in (ana, bo, cy):
                await one.join()
            await ana.call(bo)
            await cy.send("voice.knock", to=ana.person_id)
            await ana.expect_state(cy, "knocks")
            await ana.send("voice.decline", to=cy.person_id)
            await cy.expect_state(ana, "declined")
            await cy.send("voice.knock", to=ana.person_id, ref="ref-of-knock")
            await cy.expect("error", ref="ref-of-knock")
            await ana.send("voice.candidate", to=bo.person_id, candidate=candidate)
            await bo.expect("voice.candidate")
            for kind in ("voice.offer", "voice.answer"):
                await ana.send(kind, to=bo.person_id, sdp=offer(candidate))
                await bo.expect(kind)
            await ana.send("voice.state", muted=True)
            await bo.expect("voice.state")
            await ana.send("voice.decline", to=bo.person_id)
            await bo.expect("voice.end")
            note(ana, bo, cy)
    assert seen.keys() == SERVER - {"limits"}
    for kind, each in seen.items():
        for frame in each:
            assert faults(f"server.{kind}", frame) == [], frame

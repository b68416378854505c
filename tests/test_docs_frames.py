"""docs/clients.md says which frames travel over both sockets, and what they put on the page."""

from __future__ import annotations

import ast
import json
import re

import pytest

from chat.consumers import ChatConsumer
from chat.feed import RenderedMessage
from chat.messages import Draft, StreamId, message_of
from neartalk.codes import Refused
from presence.delivery import Form, Frame, frames, panel
from presence.roster import NOBODY, difference
from presence.values import Place
from tests.support.docs import calls, modules, rows, section, spans
from tests.support.servers import ROOT
from voice.call_graph import End, EndReason
from voice.callers import Caller, Tie
from voice.consumers import SignalConsumer
from voice.mesh import Why
from voice.signaling import frames as voice_frames


def examples(heading: str) -> dict[str, set[str]]:
    """The frames in a table's first column: type to the fields shown."""
    shown = [json.loads(spans(first)[0]) for first, *_ in rows(heading)]
    return {frame["type"]: set(frame) - {"type"} for frame in shown}


# ---- The code ------------------------------------------------------------------------------------


def frames_sent() -> dict[str, set[str]]:
    """Each type of frame that the server sends in JSON form, with its fields."""
    found: dict[str, set[str]] = {}
    for path in modules():
        for name, call in [] if "voice" in path.relative_to(ROOT).parts else calls(path):
            match name, call.args:
                case ("signal", [_, ast.Constant(value=str(kind))]) | (
                    "signals",
                    [ast.Constant(value=str(kind))],
                ):
                    kind = kind if kind in frames.BARE else f"chat.{kind}"
                    fields = {str(keyword.arg) for keyword in call.keywords}
                    assert found.setdefault(kind, fields) == fields, f"{kind} has two shapes"
                case "dumps", [ast.Dict(keys=[ast.Constant(value="type"), *rest], values=values)]:
                    if isinstance(values[0], ast.Constant):
                        fields = {str(key.value) for key in rest if isinstance(key, ast.Constant)}
                        found[str(values[0].value)] = fields
    found["error"] |= Refused("too-fast", retry_after=1, ref="r").fields().keys()
    for frame in map(json.loads, (one.text for one in people_frames(Form.JSON))):
        found[frame["type"]] = {*frame} - {"type"}
    found["chat.message"] |= rendered_message().fields(0).keys()
    return found


def frames_taken() -> dict[str, set[str]]:
    """Each type of frame that a client may send, with the fields that its action looks at."""
    tree = ast.parse((ROOT / "chat/consumers.py").read_text())
    bodies = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}
    asked = {kind: bodies[act.__name__] for kind, act in ChatConsumer.actions.items()}
    return {
        kind: set(re.findall(r"frame\.get\('(\w+)'\)", ast.unparse(body)))
        | ({"ref"} if "ref_of(frame)" in ast.unparse(body) else set())
        for kind, body in asked.items()
    }


def signals_taken() -> dict[str, set[str]]:
    """The same at /signal."""
    tree = ast.parse((ROOT / "voice/consumers.py").read_text())
    bodies = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}
    asked = {
        kind: ast.unparse(bodies[act.__name__]) for kind, act in SignalConsumer.actions.items()
    }
    return {
        kind: set(re.findall(r"frame\.get\('(\w+)'\)", body))
        | ({"to"} if re.search(r"to_of\(|self\._relay\(", body) else set())
        for kind, body in asked.items()
    }


def signals_sent() -> dict[str, set[str]]:
    """Each type of frame that the server sends at /signal, with its fields."""
    me = Caller("a" * 16, place=Place("u33dc0q", 500))
    end = End("a", "b", EndReason.LEFT)
    contents = {"sdp": ("offer", "answer"), "candidate": ("candidate",), "muted": ("state",)}
    each = [
        voice_frames.relayed(f"voice.{kind}", me, **{field: ""})
        for field, kinds in contents.items()
        for kind in kinds
    ]
    written = (
        voice_frames.peers(me, [], {}, 8, 0),
        voice_frames.ended(end),
        voice_frames.pong(),
    )
    each += [json.loads(frame.text) for frame in written]
    each.append({"type": "error", **Refused("declined", retry_after=1, ref="a").fields()})
    return {frame["type"]: set(frame) - {"type"} for frame in each}


def rendered_message() -> RenderedMessage:
    sent = "a" * 16, "alice", Place("u33dc0q", 500), "Hello", "ref-00000000"
    draft = Draft(*sent, reply_to="1-0.00000000", mentions=("b" * 16,))
    return RenderedMessage(message_of(draft, StreamId(1, 0)))


def people_frames(form: Form) -> tuple[Frame, Frame]:
    changed = panel.people_changed(form, 2, difference(NOBODY, NOBODY))
    return panel.people(form, 1, NOBODY, 500), changed


def page_pieces() -> set[tuple[str, str]]:
    """Id and swap of every fragment that a frame puts on the page."""
    each = (
        frames.rows(Form.HTML, [rendered_message().row(Form.HTML, 300)]),
        frames.signal(Form.HTML, "pong"),
        frames.refusal(Form.HTML, Refused("too-fast", retry_after=1), "en"),
        frames.gap(Form.HTML, "restarted", "en"),
        *people_frames(Form.HTML),
    )
    swapped = re.compile(r'<[^>]*\bid="([\w-]+)"[^>]*\bhx-swap-oob="(\w+)"')
    return {found for frame in each for found in swapped.findall(frame.text)}


# ---- Both agree ----------------------------------------------------------------------------------


def test_every_frame_a_client_may_send_is_shown_with_its_fields_and_no_other() -> None:
    assert examples("### To the server") == frames_taken()


def test_every_frame_the_server_sends_is_shown_with_its_fields_and_no_other() -> None:
    assert examples("### To the client") == frames_sent()


def test_every_frame_at_signal_is_shown_with_its_fields_and_no_other() -> None:
    assert examples("### To the server, at /signal") == signals_taken()
    assert examples("### To the client, at /signal") == signals_sent()


def test_every_state_and_reason_of_voice_is_named() -> None:
    told = {*spans(section("### To the client, at /signal"))}
    assert {*map(str, [*Tie, *EndReason, *Why]), "near", "away", "declined"} <= told


@pytest.mark.parametrize("heading", ["### To the client", "### To the client, at /signal"])
def test_an_example_of_an_error_says_what_the_code_says(heading: str) -> None:
    shown = next(span for span in spans(section(heading)) if '"error"' in span)
    frame = json.loads(shown)
    refused = Refused(frame["code"], retry_after=frame["retry_after"], ref=frame["ref"])
    assert frame == {"type": "error", **refused.fields()}


def test_every_reason_of_a_gap_is_named() -> None:
    row = next(text for text in section("### To the client").splitlines() if '"gap"' in text)
    assert {*spans(row)[1:]} == {*frames.GAPS}


def test_every_piece_of_the_page_is_named_with_its_swap_and_no_other() -> None:
    told = {
        (piece.removeprefix("#"), spans(swap)[0])
        for pieces, swap, _ in rows("**The page's form.**")
        for piece in spans(pieces)
    }
    assert told == page_pieces()

"""A row is filled into a template that was rendered once, and looks as if it had been rendered."""

import json
from dataclasses import replace

import pytest

from chat.feed import RenderedMessage
from chat.messages import Message, StreamId
from presence import names
from presence.delivery import Form, fragments, rows
from presence.delivery.fragments import fragment
from presence.geo import label_of
from presence.values import Place

WORDS = '<b>&amp; "it\'s" {{ message.id }} {% now %}</b>\n\N{WAVING HAND SIGN}'
NOW_MS = 1_700_000_000_000


def message(name: str = "Quiet Heron", text: str = WORDS) -> Message:
    return Message(StreamId(NOW_MS, 3), "p7f3", name, Place("u33db2m", 500), text, "ref-1")


@pytest.mark.parametrize("name", ["Quiet Heron", "<i>ß</i>", "\N{WAVING HAND SIGN}", "&", "'"])
def test_a_row_is_what_its_template_renders(name: str) -> None:
    spoken = message(name)
    rendered_message = RenderedMessage(spoken)
    shown = {
        "id": rendered_message.id,
        "person_id": "p7f3",
        "name": name,
        "tag": names.tag("p7f3"),
        "colour": names.colour("p7f3"),
        "text": WORDS,
        "metres": 200,
    }
    rendered = fragment("_message.html", {"message": shown}).strip()
    assert rendered_message.row(Form.HTML, 200) == rendered


def test_no_template_is_rendered_for_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    RenderedMessage(message()).row(Form.HTML, 200)

    def fail(*rendering: object) -> str:
        raise AssertionError(rendering)

    monkeypatch.setattr(fragments, "fragment", fail)
    assert "Hello" in RenderedMessage(message(text="Hello")).row(Form.HTML, 450)


def test_a_message_of_sixty_letters_takes_240_bytes_in_the_frame_of_the_page() -> None:
    said = message("Ana", "Left side only. I just crossed it, and the lamps are out now.")
    said = replace(said, person_id="0123456789abcdef")
    row = RenderedMessage(said).row(Form.HTML, 300)
    assert len(rows(Form.HTML, [row]).text.encode()) <= 240


def test_a_row_speaks_no_language_and_tells_no_time_but_by_its_id() -> None:
    row = RenderedMessage(message(text="Hello")).row(Form.HTML, 450)
    assert "~450" not in row
    assert row.count(str(NOW_MS)) == 1


@pytest.mark.parametrize("label_m", [0, 450, 1200])
def test_a_json_client_is_told_the_label_and_its_metres(label_m: int) -> None:
    one = RenderedMessage(message())
    frame = json.loads(one.row(Form.JSON, label_m))
    assert (frame["distance"], frame["metres"]) == (label_of(label_m), label_m)
    assert frame == {"type": "chat.message", **one.fields(label_m)}

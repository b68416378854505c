"""A row is filled into a template that was rendered once, and looks as if it had been rendered."""

import pytest

from chat.feed import RenderedMessage
from chat.feed.rendered_message import MINUTE_MS
from chat.messages import Message, StreamId
from neartalk import graphemes
from presence import names
from presence.delivery import Form, fragments
from presence.delivery.fragments import fragment
from presence.values import Place

WORDS = '<b>&amp; "it\'s" {{ message.id }} {% now %}</b>\n\N{WAVING HAND SIGN}'
NOW_MS = 1_700_000_000_000


def message(name: str = "Quiet Heron", text: str = WORDS) -> Message:
    return Message(StreamId(NOW_MS, 3), "p7f3", name, Place("u33db2m", 500), text, "ref-1")


@pytest.mark.parametrize("mine", [False, True])
@pytest.mark.parametrize("name", ["Quiet Heron", "<i>ß</i>", "\N{WAVING HAND SIGN}", "&", "'"])
def test_a_row_is_what_its_template_renders(name: str, mine: bool) -> None:
    spoken = message(name)
    rendered_message = RenderedMessage(spoken, NOW_MS + 10 * MINUTE_MS)
    shown = {
        "id": rendered_message.id,
        "person_id": "p7f3",
        "name": name,
        "initial": graphemes.initial(name),
        "tag": names.tag("p7f3"),
        "colour": names.colour("p7f3"),
        "text": WORDS,
        "distance": "~200 m",
        "sent_at": NOW_MS,
        "expires_at": rendered_message.expires_at,
        "minutes": 20,
        "age": 2,
        "mine": mine,
    }
    rendered = fragment("_message.html", {"message": shown}).strip()
    assert rendered_message.row(Form.HTML, "~200 m", mine=mine) == rendered


def test_no_template_is_rendered_for_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    for mine in (False, True):
        RenderedMessage(message(), NOW_MS).row(Form.HTML, "~200 m", mine=mine)

    def fail(*rendering: object) -> str:
        raise AssertionError(rendering)

    monkeypatch.setattr(fragments, "fragment", fail)
    for mine in (False, True):
        assert "Hello" in RenderedMessage(message(text="Hello"), NOW_MS).row(
            Form.HTML, "~450 m", mine=mine
        )

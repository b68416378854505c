"""What a person does with reactions: chooses one, takes it back, and asks who chose what of a
message of their own."""

import asyncio
from collections.abc import Iterable
from html import escape

from chat.feed.finder import MessageFinder
from chat.feed.hints import to_hint
from chat.feed.reaction_state import choice_frame
from chat.feed.sender import in_time
from chat.feed.sequencer import Sequencer
from chat.history import History
from chat.messages import Message, next_id, stream_id_of
from chat.reactions import Choices, ChosenReaction
from neartalk.codes import Refused
from presence import names
from presence.delivery import Form, Frame, Socket, dumps, notes_frame
from presence.hub import Hub
from presence.values import Place

REACTORS_MAX = 50


class ReactionSender:
    """Keeps choices in history, and publishes the counts to every process."""

    def __init__(
        self, hub: Hub, history: History, sequencer: Sequencer, finder: MessageFinder
    ) -> None:
        self.history = history
        self.sequencer = sequencer
        self.finder = finder
        self.hints = hub.hints
        self.unavailable = hub.platform.instruments.unavailable
        self.kept = 0

    async def react(
        self, socket: Socket, message_id: str, reaction: str, ref: str | None = None
    ) -> None:
        """Keeps what a person chose of somebody else's message that they hear, in place of what
        they had chosen ("" takes it back), and tells them.

        Raises Refused: `not-found`, `too-fast`; after `store-unavailable` (at most 2 s) it is
        unknown whether it was kept.
        """
        await in_time(self._react(socket, message_id, reaction, ref), self.unavailable)

    async def _react(self, socket: Socket, message_id: str, reaction: str, ref: str | None) -> None:
        found = self.finder.held(socket.session, message_id)
        found = found or await self.finder.load(socket.session, message_id)
        person = socket.person
        if found is None or found.person_id == person.person_id:
            raise Refused("not-found")
        choice = ChosenReaction(person.person_id, person.name, person.place, reaction)
        kept = await self.history.react(found.message, choice)
        socket.write(choice_frame(socket.form, message_id, reaction, ref))
        if kept:
            self.kept += 1
            self.sequencer.reactions.expect(kept[0], socket)
            self.sequencer.apply(*kept)
            self.hints.publish(kept[0].tile, to_hint(*kept))

    async def list_reactors(self, socket: Socket, message_id: str, ref: str | None = None) -> None:
        """Writes who chose what of a living message of one's own: the nearest 50, by where they
        were then and where it was said.

        Raises Refused: `not-found`, `store-unavailable`.
        """
        message, choices = await in_time(self._choices(socket, message_id), self.unavailable)
        hidden = socket.session.hidden
        shown = [one for who, one in choices.by_person.items() if who not in hidden]
        nearest = nearest_first(message.place, shown)[:REACTORS_MAX]
        socket.write(reactors_frame(socket.form, message_id, len(shown), nearest, ref))

    async def _choices(self, socket: Socket, message_id: str) -> tuple[Message, Choices]:
        """A message of one's own, in whichever tile it was said, and what others chose of it."""
        at, person = stream_id_of(message_id), socket.person
        if at is None:
            raise Refused("not-found")
        tiles = [*{person.tile, *(left.tile for left in socket.session.recent_tiles)}]
        reading, choices = await asyncio.gather(
            self.history.page(dict.fromkeys(tiles, next_id(at)), dict.fromkeys(tiles, at.ms), 1),
            asyncio.gather(*(self.history.choices([(tile, message_id)]) for tile in tiles)),
        )
        own = message_id, person.person_id
        for tile, found in zip(tiles, choices, strict=True):
            for entry in reading.entries[tile]:
                if isinstance(entry, Message) and (entry.id, entry.person_id) == own:
                    return entry, found[message_id]
        raise Refused("not-found")


def nearest_first(place: Place, choices: Iterable[ChosenReaction]) -> list[ChosenReaction]:
    """By label, then by id, never finer. From where it was said: of what is past nobody is told
    from another place."""
    return sorted(choices, key=lambda one: (place.label_m(one.place), one.person_id))


def reactors_frame(
    form: Form, message_id: str, count: int, nearest: Iterable[ChosenReaction], ref: str | None
) -> Frame:
    """Who chose what of a message, `count` of them in all."""
    if form is Form.JSON:
        people = [
            {"person_id": one.person_id, "username": one.name, "reaction": one.reaction}
            for one in nearest
        ]
        return Frame(reactors_json(message_id, count, people, ref))
    each = "".join(reactor_html(one) for one in nearest)
    named = f' data-ref="{escape(ref)}"' if ref else ""
    data = f'data-id="{message_id}" data-count="{count}"{named}'
    return notes_frame(form, [f'<data class="reactors" {data}>{each}</data>'])


def reactors_json(
    message_id: str, count: int, people: list[dict[str, str]], ref: str | None
) -> str:
    if ref:
        return dumps(
            {
                "type": "chat.reactors",
                "id": message_id,
                "count": count,
                "people": people,
                "ref": ref,
            }
        )
    return dumps({"type": "chat.reactors", "id": message_id, "count": count, "people": people})


def reactor_html(one: ChosenReaction) -> str:
    data = f'data-person="{one.person_id}" data-reaction="{one.reaction}"'
    return f'<b {data} data-tag="{names.tag(one.person_id)}">{escape(one.name)}</b>'

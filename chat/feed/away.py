"""Pure: whom a message is written to, as they are told of it by a push where they are away."""

from collections.abc import Iterator

from chat.history import life_ms
from chat.messages import Message
from presence.push import Notice, NoticeKind


def notices_of(message: Message, answered: str) -> Iterator[Notice]:
    """To the author of what it answers, "" where it answers nothing, and to all whom it mentions:
    one to each."""
    to = dict.fromkeys(message.mentions, NoticeKind.MENTION)
    if answered:
        to = {**to, answered: NoticeKind.REPLY}
    for person_id, kind in to.items():
        if person_id != message.person_id:
            yield Notice(
                kind,
                person_id,
                message.person_id,
                message.name,
                message.place,
                message.id,
                message.text,
                message.at.ms + life_ms(),
            )

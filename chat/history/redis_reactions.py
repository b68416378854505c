"""Reactions in Redis: a hash of choices a message, which ends with it, beside its tile."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from chat.history.contract import life_ms
from chat.history.stream import allowance_key, choices_key, refs_key, stream_key
from chat.history.trimmer import LUA
from chat.messages import Message, Reacted, StreamId, stream_id_of
from chat.reactions import (
    REACTIONS,
    Choices,
    ChosenReaction,
    read_choice,
    read_counts,
    written_choice,
)
from chat.spam import refusal_of
from neartalk.codes import Refused
from neartalk.limits import Act, Rules
from neartalk.redis import Store, script, unknown_when_lost
from presence.geo import Tile

RULE = "chat.react"


class RedisReactions:
    def __init__(self, client: Store, rules: Rules) -> None:
        self.client = client
        self.rules = rules
        self.script = script(LUA / "add.lua", LUA / "react.lua")

    async def react(
        self, message: Message, choice: ChosenReaction
    ) -> tuple[Reacted, StreamId] | None:
        act, limit = Act(RULE, choice.person_id), self.rules[RULE]
        tile, at = message.tile, message.at
        keys = stream_key(tile), refs_key(tile), choices_key(tile, at), allowance_key(tile, act)
        named = str(at), message.person_id, message.ref, message.id, life_ms()
        chosen = choice.person_id, choice.reaction, written_choice(choice)
        costs = act.cost_ms(limit), act.tolerance_ms(limit)
        with unknown_when_lost():
            outcome, *values = await self.client.run(
                self.script, keys, [*named, *chosen, *costs, *REACTIONS]
            )
        if outcome == "gone":
            raise Refused("not-found")
        if outcome == "wait":
            raise refusal_of(act, values[0])
        return None if outcome == "same" else reacted(message, choice, *values)

    async def choices(self, messages: Iterable[tuple[Tile, str]]) -> Mapping[str, Choices]:
        asked = {id: choices_key(tile, at) for tile, id in messages if (at := stream_id_of(id))}
        with unknown_when_lost():
            answers = [self.client.send("HGETALL", key) for key in asked.values()]
            found = await asyncio.gather(*answers)
        return {id: choices_of(flat) for id, flat in zip(asked, found, strict=True)}


def reacted(
    message: Message, choice: ChosenReaction, raw_id: str, previous: str, version: int, counts: str
) -> tuple[Reacted, StreamId]:
    """What a script answers."""
    entry = Reacted(
        StreamId.parse(raw_id),
        message.place,
        message.person_id,
        message.id,
        read_counts(counts),
        version,
        choice.person_id,
        choice.reaction,
    )
    return entry, StreamId.parse(previous)


def choices_of(flat: list[Any]) -> Choices:
    """The choices of a hash as Redis answers it: field, value, field, value."""
    each = iter(flat)
    fields = dict(zip(each, each, strict=True))
    people = {who: text for who, text in fields.items() if not who.startswith("#")}
    by_person = {who: read_choice(who, text) for who, text in people.items()}
    return Choices(int(fields.get("#", 0)), by_person)

"""What a process knows of messages, built once in the order in which it stands on each other."""

from dataclasses import dataclass
from typing import Self, cast

from django.conf import settings
from django.http import HttpRequest

from chat.feed import Feed
from chat.history import History, MemoryHistory, RedisHistory
from neartalk.parts import state_of
from neartalk.redis import open_store
from presence.parts import Presence


@dataclass(frozen=True)
class Chat:
    presence: Presence
    history: History
    feed: Feed

    @classmethod
    def build(cls, presence: Presence) -> Self:
        """In Redis where REDIS_URL is set, else in memory."""
        platform = presence.platform
        history: History = MemoryHistory(rules=platform.rules)
        if settings.REDIS_URLS:
            history = RedisHistory(open_store(), platform.rules)
        history = platform.instruments.timed(history, "history")
        return cls(presence, history, Feed(presence.hub, history))


def chat_of(request: HttpRequest) -> Chat:
    return cast(Chat, state_of(request)["chat"])

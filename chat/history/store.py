"""The history of this process: Redis where REDIS_URL is set, else memory."""

from functools import cache

from django.conf import settings

from chat.history.contract import History
from chat.history.memory import MemoryHistory
from chat.history.redis import RedisHistory
from neartalk.instruments import timed
from neartalk.redis import shared


@cache
def history() -> History:
    store: History = RedisHistory(shared()) if settings.REDIS_URLS else MemoryHistory()
    return timed(store, "history")

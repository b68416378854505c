"""The history of this process: Redis where REDIS_URL is set, else memory."""

from functools import cache

from django.conf import settings

from chat.history import History
from chat.history_memory import MemoryHistory
from chat.history_redis import RedisHistory
from neartalk.instruments import timed
from neartalk.shared import shared


@cache
def history() -> History:
    store: History = RedisHistory(shared()) if settings.REDIS_URLS else MemoryHistory()
    return timed(store, "history")

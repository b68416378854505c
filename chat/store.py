"""The history of this process: Redis where REDIS_URL is set, else memory."""

from functools import cache

from django.conf import settings

from chat.history import History
from chat.history_memory import MemoryHistory
from chat.history_redis import RedisHistory
from neartalk.metrics import timed
from neartalk.redis import connect


@cache
def history() -> History:
    store: History = RedisHistory(connect()) if settings.REDIS_URL else MemoryHistory()
    return timed(store, "history")

"""What a statistic is, and what keys of Redis count for one."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

TIMEOUT_S = 2.0


class Stat(NamedTuple):
    """A number of something. `value` is None where it is unknown; `note` then gives the reason."""

    of: str
    what: str
    value: float | None
    note: str = ""


class KeyCount(NamedTuple):
    """What the keys of a pattern, less the name of the deployment, count for: one each, or as many
    as `command` returns of one, less `less` that are no part of it."""

    what: str
    keys: re.Pattern[str]
    command: str = ""
    less: int = 0


StatSource = Callable[[], Iterable[Stat]]

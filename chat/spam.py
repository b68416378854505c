"""What no message is: pure. What was said before is the history's to know."""

import re
from collections import Counter

from neartalk.text import TextRefused

LINKS_MAX = 2
# With a scheme, with www, or a name and a path as phones write them.
LINK = re.compile(r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,24}/\S*", re.IGNORECASE)
WALL_MIN = 20
WALL_SHARE = 0.9
RUN = re.compile(r"(\S)\1{39}")


def refuse_spam(text: str) -> None:
    """Raises TextRefused: `too-many-links`, `wall-of-text`."""
    if len(LINK.findall(text)) > LINKS_MAX:
        raise TextRefused("too-many-links")
    if is_wall(text):
        raise TextRefused("wall-of-text")


def is_wall(text: str) -> bool:
    """Whether it is hardly more than one character, or has one forty times in a row."""
    shown = "".join(text.split())
    if RUN.search(shown):
        return True
    most = max(Counter(shown).values(), default=0)
    return len(shown) >= WALL_MIN and most >= WALL_SHARE * len(shown)

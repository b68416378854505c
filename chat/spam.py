"""Which texts are spam, and which allowances a message takes: pure. The history takes them, in the
step in which it keeps the message. Texts are compared by their skeletons.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from chat.messages import Draft
from neartalk import graphemes
from neartalk.codes import Refused
from neartalk.limits import Act, Rules, seconds
from neartalk.skeleton import bare, letters, skeleton
from neartalk.text import TextRefused

LINKS_MAX = 2
# With a scheme, with www, or a name and a path as phones write them. Of the name the last dot is
# enough: looking for its beginning takes the square of its length.
LINK = re.compile(r"(?:https?://|www\.)\S+|(?<=[\w-])\.[a-z]{2,24}/\S*", re.IGNORECASE)
# Browsers take these for dots in an address.
DOTS = str.maketrans("\u3002\uff61", "..")
# Refusals that a person who means well meets rarely.
SPAM = {"too-many-links", "wall-of-text"}
WALL_MIN = 20
WALL_SHARE = 0.9
# Texts of so few letters, spaces aside, are sent by many people who do not know of each other.
COPIED_MIN = 21
CODES_OF = {"chat.repeat": "repeated", "chat.copies": "copied"}
RUN_MAX = 39


def refuse_spam(text: str) -> None:
    """Raises TextRefused: `too-many-links`, `wall-of-text`."""
    if len(links(text)) > LINKS_MAX:
        raise TextRefused("too-many-links")
    if is_wall(text):
        raise TextRefused("wall-of-text")


def links(text: str) -> list[str]:
    """The beginnings of links, look-alike letters and dots taken for what they look like."""
    shown = bare(text).translate(DOTS)
    # Every link has one of them, and most texts neither: to look for that costs a tenth.
    return LINK.findall(shown) if "." in shown or "/" in shown else []


def is_wall(text: str) -> bool:
    """Whether it is hardly more than one character, or has one forty times in a row."""
    shown = {letters(text), "".join(text.split())}
    return any(_is_wall(each) or _is_wall_of_clusters(each) for each in shown)


def _is_wall_of_clusters(shown: str) -> bool:
    # Of plain letters each is a cluster: they were counted.
    return not shown.isascii() and _is_wall(graphemes.split(shown))


def _is_wall(shown: Sequence[str]) -> bool:
    walled = WALL_SHARE * len(shown) if len(shown) >= WALL_MIN else len(shown) + 1
    enough = min(walled, RUN_MAX + 1)
    # A set costs a tenth of counting, and says so of nearly every text.
    if len(shown) - len({*shown}) + 1 < enough:
        return False
    most = max(Counter(shown).values(), default=0)
    return most >= enough and (
        most >= walled or any(len([*run]) > RUN_MAX for _, run in groupby(shown))
    )


def acts_of(draft: Draft, rules: Rules) -> list[Act]:
    """The allowances that a message takes, of the rules that are on."""
    said = hashlib.sha256(skeleton(draft.text).encode()).hexdigest()[:16]
    acts = [Act(draft.rule, draft.person_id), Act("chat.repeat", f"{draft.person_id}:{said}")]
    if draft.origin and (is_long(draft.text) or links(draft.text)):
        acts.append(Act("chat.copies", f"{draft.origin}:{said}"))
    return [act for act in acts if rules[act.rule].on]


def is_long(text: str) -> bool:
    """Whether a text is so long that two people hardly write it by chance."""
    return len(text) >= COPIED_MIN and graphemes.count(letters(text)) >= COPIED_MIN


def refusal_of(act: Act, wait_ms: int, *, in_turn: bool = False) -> Refused:
    """The refusal of a message that must wait for one of these allowances; `in_turn` if it had
    waited as long as it was told before."""
    code = CODES_OF.get(act.rule, "too-fast")
    return Refused(code, retry_after=seconds(wait_ms), rule=act.rule, in_turn=in_turn)

"""Every way to say no, in one table: error codes, their words, and the close codes of sockets.

The close codes of CODES that are not to be tried again are final until the person does something;
after every other close a client comes back: proxies and browsers end sockets as they like.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

# As IANA names them.
SERVICE_RESTART, TRY_AGAIN = 1012, 1013
# An end as near as that is told in minutes.
SOON_MINUTES = 120

# Where those who are banned read on if OBJECTIONS names nothing that can be opened.
RULES_PAGE = "/rules#objections"
UNNAMED = "ask whoever runs this server."


def objections_url() -> str:
    """What OBJECTIONS names, as a link; `""` where it is empty or words of another kind."""
    where = settings.OBJECTIONS.strip()
    if not where or " " in where:
        return ""
    if re.match(r"(https?|mailto|tel):", where):
        return where
    return f"mailto:{where}" if "@" in where else f"https://{where}"


@dataclass(frozen=True, slots=True)
class Code:
    """One row: HTTP status, the close code of a socket it ends (0: it goes on), title and words."""

    status: int
    close: int
    title: str
    words: str

    @property
    def again(self) -> bool:
        """Whether the same request may succeed later without anybody changing it."""
        return self.status in {408, 429, 503}


CODES: dict[str, Code] = {
    # Try again
    "too-fast": Code(429, 0, "That was quick.", "You can send again in {retry_after} s."),
    "repeated": Code(429, 0, "You just said that.", "You can say it again in {retry_after} s."),
    "copied": Code(
        429,
        0,
        "This came several times from your network.",
        "Say it in your own words, or in {minutes} min.",
    ),
    "store-unavailable": Code(
        503, 0, "One moment.", "This is not confirmed yet. It is tried again."
    ),
    "store-refuses": Code(
        503, 0, "Out of order.", "The server takes nothing in until whoever runs it mends it."
    ),
    "out-of-order": Code(
        503,
        TRY_AGAIN,
        "Out of order.",
        "Nobody can come in until whoever runs this server mends it.",
    ),
    "try-later": Code(503, TRY_AGAIN, "One moment.", "The server is busy. It is tried again."),
    "too-slow": Code(
        503,
        TRY_AGAIN,
        "Your connection fell behind.",
        "It was closed, and what you missed is here.",
    ),
    "too-often": Code(429, 0, "That was quick.", "You can change this again in {retry_after} s."),
    "too-far": Code(
        429, 0, "That is far from where you were.", "You can be there in {minutes} min."
    ),
    "too-many-sessions": Code(
        429, 0, "Many have come from your network.", "You can start in {minutes} min."
    ),
    "work-needed": Code(
        428,
        0,
        "Many are coming in from your network.",
        "Your device has to work for a moment first.",
    ),
    "work-late": Code(422, 0, "That took too long.", "Your device has to work once more."),
    "work-spent": Code(409, 0, "Somebody came in by this.", "Your device has to work once more."),
    "work-wrong": Code(422, 0, "Not understood.", "Your device has to work once more."),
    "too-many-sockets": Code(
        429, TRY_AGAIN, "Too many connections.", "It is tried again in {retry_after} s."
    ),
    "too-many-calls": Code(
        429, 0, "That was a lot at once.", "It can be tried again in {retry_after} s."
    ),
    "flooding": Code(
        429,
        TRY_AGAIN,
        "Too much came at once.",
        "The connection was closed. It can be opened again in {retry_after} s.",
    ),
    "timed-out": Code(408, 0, "That took too long.", "Send it again."),
    "muted": Code(
        429,
        0,
        "You cannot speak for now.",
        "Reason: {reason}. It ends {end}.{objections}",
    ),
    "too-many-logins": Code(429, 0, "Too many tries.", "You can try again in {retry_after} s."),
    "too-many-reports": Code(
        429, 0, "Many reports at once.", "You can report again in {minutes} min."
    ),
    "declined": Code(429, 0, "Not now.", "You can ask again in {minutes} min."),
    "busy": Code(429, 0, "Too many at once.", "Ask again in a minute."),
    # Do not: what was sent must change
    "bad-json": Code(400, 0, "Not understood.", "This was not a JSON object."),
    "bad-frame": Code(400, 0, "Not understood.", "A field is missing or of the wrong kind."),
    "bad-sdp": Code(400, 0, "Not understood.", "This is not a call of one voice."),
    "bad-candidate": Code(400, 0, "Not understood.", "This is no way to reach anybody."),
    "not-joined": Code(409, 0, "You are not in voice.", "Join first."),
    "no-relay": Code(
        409,
        0,
        "This server has no relay.",
        "Talk directly, or not: people you talk with can then see your address, and from it your"
        " provider and often your town.",
    ),
    "out-of-reach": Code(404, 0, "Not within reach.", "They moved away, or left voice."),
    "not-agreed": Code(403, 0, "Not yet.", "You hear each other only once both said yes."),
    "locked": Code(403, 0, "Nobody new for now.", "Your door or theirs is locked."),
    "voice-elsewhere": Code(409, 0, "You are in voice on another page.", "It goes on there."),
    "unknown-type": Code(400, 0, "Not understood.", "There is no frame of this type."),
    "too-large": Code(413, 0, "Too large.", "Send less at once."),
    "bad-place": Code(
        422, 0, "Not a place.", "A latitude is -90 to 90 and a longitude -180 to 180 degrees."
    ),
    "beyond-85": Code(
        422,
        0,
        "Too near to a pole.",
        "NearTalk is there from 85 degrees south to 85 degrees north.",
    ),
    "bad-radius": Code(
        422, 0, "Not a reach.", "A reach is a whole number from 100 to 2000 metres."
    ),
    "bad-roughness": Code(
        422, 0, "Not understood.", "Others can place you to a block or to an area."
    ),
    "name-empty": Code(422, 0, "A name has 1 to 24 letters.", "Your name stays for now."),
    "name-too-long": Code(422, 0, "A name has 1 to 24 letters.", "Your name stays for now."),
    "name-reserved": Code(
        422,
        0,
        "That name looks like one of ours.",
        "Those who run NearTalk have it. Choose another.",
    ),
    "name-taken": Code(
        409, 0, "Somebody near you has that name.", "Choose one that looks different."
    ),
    "message-empty": Code(422, 0, "Nothing to send.", "Write a few words first."),
    "message-too-long": Code(422, 0, "Too long.", "A message has at most 500 characters."),
    "too-many-links": Code(422, 0, "Too many links.", "A message has at most 2."),
    "wall-of-text": Code(422, 0, "Too much of one letter.", "Say it with fewer."),
    "not-found": Code(404, 0, "Not here.", "It is gone, or it was never yours."),
    "wrong-method": Code(405, 0, "Not understood.", "This address takes another method."),
    "renames-spent": Code(
        403, 0, "Your name changes are used up.", "Your name stays until you leave."
    ),
    "blocks-spent": Code(
        403, 0, "You have blocked 500 people.", "Leave and start again to block more."
    ),
    "csrf": Code(403, 0, "This page is out of date.", "Reload it and try again."),
    "session-unknown": Code(
        401, 4401, "You were away for a while.", "Sessions end after 30 quiet minutes. Start again."
    ),
    "foreign-origin": Code(403, 4403, "Another site's page.", "Open NearTalk itself."),
    "no-place": Code(409, 4409, "No place yet.", "Share roughly where you are first."),
    "banned": Code(403, 4411, "You are banned.", "Reason: {reason}. It ends {end}.{objections}"),
    "left": Code(410, 4410, "You left.", "Start again whenever you like."),
}


class Refused(Exception):
    """A refusal on its way to whoever asked.

    `retry_after` is in whole seconds and stands only where trying again can help; `ref` is the
    sender's own mark of the message refused. `rule` names the limit that was met, and is counted;
    `in_turn` says that the sender had waited as long as they were told before. `reason` and
    `until` are those of a sanction.
    """

    def __init__(
        self,
        code: str,
        *,
        retry_after: int | None = None,
        ref: str | None = None,
        rule: str | None = None,
        in_turn: bool = False,
        reason: str = "",
        until: datetime | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after
        self.ref = ref
        self.rule = rule
        self.in_turn = in_turn
        self.reason = reason
        self.until = until

    @property
    def row(self) -> Code:
        return CODES[self.code]

    @property
    def title(self) -> str:
        return self.row.title

    @property
    def minutes(self) -> int:
        return -(-(self.retry_after or 0) // 60)

    @property
    def end(self) -> str:
        """When a sanction is over."""
        if self.until is None:
            return ""
        if 0 < self.minutes <= SOON_MINUTES:
            return f"in {self.minutes} min"
        return f"on {self.until:%-d %B %Y, %H:%M} UTC"

    @property
    def words(self) -> str:
        return self.row.words.format(
            retry_after=self.retry_after,
            minutes=self.minutes,
            reason=self.reason,
            end=self.end,
            objections=f" To object: {told}" if (told := self._objections_words()) else "",
        )

    @property
    def until_ms(self) -> int | None:
        return round(self.until.timestamp() * 1000) if self.until else None

    def _objections_words(self) -> str:
        """Where whoever is banned or muted may object; who is banned is told in any case."""
        return settings.OBJECTIONS or (UNNAMED if self.code == "banned" else "")

    @property
    def objections(self) -> str:
        """Where the page leads whoever objects to a ban: the rules, where no address is named."""
        return (objections_url() or RULES_PAGE) if self.code == "banned" else ""

    def fields(self) -> dict[str, str | int]:
        """The error as it goes on the wire: code, message, retry_after?, ref?, until?."""
        extra = {"retry_after": self.retry_after, "ref": self.ref, "until": self.until_ms}
        return {
            "code": self.code,
            "message": f"{self.title} {self.words}",
            **{key: value for key, value in extra.items() if value is not None},
        }

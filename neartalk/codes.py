"""Every way to say no, in one table: error codes, their words, and the close codes of sockets.

The close codes of CODES that are not to be tried again are final until the person does something;
after every other close a client comes back: proxies and browsers end sockets as they like.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext

from neartalk.marking import gettext_noop as _

# As IANA names them.
SERVICE_RESTART, TRY_AGAIN = 1012, 1013
# An end as near as that is told in minutes.
SOON_MINUTES = 120

# Where those who are banned read on if OBJECTIONS names nothing that can be opened.
RULES_PAGE = "/rules#objections"
UNNAMED = _("To object: ask whoever runs this server.")


def objections_url() -> str:
    """What OBJECTIONS names, as a link; `""` where it is empty or words of another kind."""
    return link_to(settings.OBJECTIONS)


def link_to(address: str) -> str:
    """An e-mail address or a URL as a link; `""` for what is neither."""
    where = address.strip()
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
    "too-fast": Code(429, 0, _("That was quick."), _("You can send again in {retry_after} s.")),
    "repeated": Code(
        429, 0, _("You just said that."), _("You can say it again in {retry_after} s.")
    ),
    "copied": Code(
        429,
        0,
        _("This came several times from your network."),
        _("Say it in your own words, or in {minutes} min."),
    ),
    "store-unavailable": Code(
        503, 0, _("One moment."), _("This is not confirmed yet. It is tried again.")
    ),
    "store-refuses": Code(
        503, 0, _("Out of order."), _("The server takes nothing in until whoever runs it mends it.")
    ),
    "out-of-order": Code(
        503,
        TRY_AGAIN,
        _("Out of order."),
        _("Nobody can come in until whoever runs this server mends it."),
    ),
    "try-later": Code(
        503, TRY_AGAIN, _("One moment."), _("The server is busy. It is tried again.")
    ),
    "too-slow": Code(
        503,
        TRY_AGAIN,
        _("Your connection fell behind."),
        _("It was closed, and what you missed is here."),
    ),
    "too-often": Code(
        429, 0, _("That was quick."), _("You can change this again in {retry_after} s.")
    ),
    "too-far": Code(
        429, 0, _("That is far from where you were."), _("You can be there in {minutes} min.")
    ),
    "too-many-sessions": Code(
        429, 0, _("Many have come from your network."), _("You can start in {minutes} min.")
    ),
    "work-needed": Code(
        428,
        0,
        _("Many are coming in from your network."),
        _("Your device has to work for a moment first."),
    ),
    "work-late": Code(422, 0, _("That took too long."), _("Your device has to work once more.")),
    "work-spent": Code(
        409, 0, _("Somebody came in by this."), _("Your device has to work once more.")
    ),
    "work-wrong": Code(422, 0, _("Not understood."), _("Your device has to work once more.")),
    "too-many-sockets": Code(
        429, TRY_AGAIN, _("Too many connections."), _("It is tried again in {retry_after} s.")
    ),
    "too-many-calls": Code(
        429, 0, _("That was a lot at once."), _("It can be tried again in {retry_after} s.")
    ),
    "flooding": Code(
        429,
        TRY_AGAIN,
        _("Too much came at once."),
        _("The connection was closed. It can be opened again in {retry_after} s."),
    ),
    "timed-out": Code(408, 0, _("That took too long."), _("Send it again.")),
    "muted": Code(
        429,
        0,
        _("You cannot speak for now."),
        _("Reason: {reason}."),
    ),
    "too-many-logins": Code(
        429, 0, _("Too many tries."), _("You can try again in {retry_after} s.")
    ),
    "too-many-reports": Code(
        429, 0, _("Many reports at once."), _("You can report again in {minutes} min.")
    ),
    "declined": Code(429, 0, _("Not now."), _("You can ask again in {minutes} min.")),
    "busy": Code(429, 0, _("Too many at once."), _("Ask again in a minute.")),
    # Do not: what was sent must change
    "bad-json": Code(400, 0, _("Not understood."), _("This was not a JSON object.")),
    "bad-frame": Code(400, 0, _("Not understood."), _("A field is missing or of the wrong kind.")),
    "bad-sdp": Code(400, 0, _("Not understood."), _("This is not a call of one voice.")),
    "bad-candidate": Code(400, 0, _("Not understood."), _("This is no way to reach anybody.")),
    "not-joined": Code(409, 0, _("You are not in voice."), _("Join first.")),
    "no-relay": Code(
        409,
        0,
        _("This server has no relay."),
        _(
            "Talk directly, or not: people you talk with can then see your address, and from it"
            " your provider and often your town."
        ),
    ),
    "out-of-reach": Code(404, 0, _("Not near."), _("They moved away, or left voice.")),
    "not-agreed": Code(403, 0, _("Not yet."), _("You hear each other only once both said yes.")),
    "locked": Code(403, 0, _("Nobody new for now."), _("Your door or theirs is locked.")),
    "voice-elsewhere": Code(409, 0, _("You are in voice on another page."), _("It goes on there.")),
    "unknown-type": Code(400, 0, _("Not understood."), _("There is no frame of this type.")),
    "too-large": Code(413, 0, _("Too large."), _("Send less at once.")),
    "bad-place": Code(
        422, 0, _("Not a place."), _("A latitude is -90 to 90 and a longitude -180 to 180 degrees.")
    ),
    "beyond-85": Code(
        422,
        0,
        _("Too near to a pole."),
        _("NearTalk is there from 85 degrees south to 85 degrees north."),
    ),
    "bad-radius": Code(
        422, 0, _("Not a distance."), _("A distance is a whole number from 100 to 2000 metres.")
    ),
    "bad-roughness": Code(
        422, 0, _("Not understood."), _("Others can place you to a block or to an area.")
    ),
    "name-empty": Code(422, 0, _("A name has 1 to 24 letters."), _("Your name stays for now.")),
    "name-too-long": Code(422, 0, _("A name has 1 to 24 letters."), _("Your name stays for now.")),
    "name-reserved": Code(
        422,
        0,
        _("That name looks like one of ours."),
        _("Those who run NearTalk have it. Choose another."),
    ),
    "name-taken": Code(
        409, 0, _("Somebody near you has that name."), _("Choose one that looks different.")
    ),
    "message-empty": Code(422, 0, _("Nothing to send."), _("Write a few words first.")),
    "message-too-long": Code(422, 0, _("Too long."), _("A message has at most 500 characters.")),
    "too-many-links": Code(422, 0, _("Too many links."), _("A message has at most 2.")),
    "wall-of-text": Code(422, 0, _("Too much of one letter."), _("Say it with fewer.")),
    "away": Code(
        409,
        0,
        _("They are away."),
        _("Their device says that you want to talk, once a minute. Ask again when they are back."),
    ),
    "push-unknown": Code(
        400,
        0,
        _("Not there."),
        _("This server sends no notifications to the service of your browser."),
    ),
    "not-found": Code(404, 0, _("Not here."), _("It is gone, or it was never yours.")),
    "wrong-method": Code(405, 0, _("Not understood."), _("This address takes another method.")),
    "renames-spent": Code(
        403, 0, _("Your name changes are used up."), _("Your name stays until you leave.")
    ),
    "blocks-spent": Code(
        403, 0, _("You have blocked 500 people."), _("Leave and start again to block more.")
    ),
    "csrf": Code(403, 0, _("This page is out of date."), _("Reload it and try again.")),
    "session-unknown": Code(
        401,
        4401,
        _("You were away for a while."),
        _("Sessions end after 30 quiet minutes. Start again."),
    ),
    "foreign-origin": Code(403, 4403, _("Another site's page."), _("Open NearTalk itself.")),
    "no-place": Code(409, 4409, _("No place yet."), _("Share roughly where you are first.")),
    "banned": Code(403, 4411, _("You are banned."), _("Reason: {reason}.")),
    "left": Code(410, 4410, _("You left."), _("Start again whenever you like.")),
}


class Refused(Exception):
    """A refusal on its way to whoever asked.

    `retry_after` is in whole seconds and stands only where trying again can help; `ref` is the
    sender's own mark of the message refused. `rule` names the limit that was met, and is counted;
    `in_turn` says that the sender had waited as long as they were told before. `reason` and
    `until` are those of a sanction; a reason reads in the language of whoever reads it.
    """

    def __init__(
        self,
        code: str,
        *,
        retry_after: int | None = None,
        ref: str | None = None,
        rule: str | None = None,
        in_turn: bool = False,
        reason: str | Promise = "",
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
        return gettext(self.row.title)

    @property
    def minutes(self) -> int:
        return -(-(self.retry_after or 0) // 60)

    @property
    def words(self) -> str:
        """What follows the title: whole sentences, in the language of whoever reads them."""
        words = gettext(self.row.words).format(
            retry_after=self.retry_after, minutes=self.minutes, reason=self.reason
        )
        return " ".join(filter(None, (words, self._end_words(), self._objections_words())))

    def _end_words(self) -> str:
        """When a sanction is over."""
        if self.until is None:
            return ""
        if 0 < self.minutes <= SOON_MINUTES:
            return gettext("It ends in {minutes} min.").format(minutes=self.minutes)
        return gettext("It ends on {day} UTC.").format(day=self.day)

    @property
    def day(self) -> str:
        """The end of a sanction in UTC, as its reader writes days. The page puts theirs instead."""
        return date_format(self.until, gettext("j F Y, H:i")) if self.until else ""

    @property
    def until_ms(self) -> int | None:
        return round(self.until.timestamp() * 1000) if self.until else None

    def _objections_words(self) -> str:
        """Where whoever is banned or muted may object; who is banned is told in any case."""
        if self.code not in {"banned", "muted"}:
            return ""
        if settings.OBJECTIONS:
            return gettext("To object: {where}").format(where=settings.OBJECTIONS)
        return gettext(UNNAMED) if self.code == "banned" else ""

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

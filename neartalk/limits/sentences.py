"""What each rule does, in a sentence for operators. The admin shows it."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, Promise] = {
    "session.address": _("How many begin a visit from one IPv4 address before it costs work."),
    "session.64": _("How many begin a visit from one IPv6 /64 before it costs work."),
    "session.56": _("How many begin a visit from one IPv6 /56 before it costs work."),
    "session.48": _("How many begin a visit from one IPv6 /48 before it costs work."),
    "session.price1": _("The visits of a network after the free ones: each at the first price."),
    "session.price2": _("The visits of a network after those: each at the second price."),
    "session.price3": _(
        "The last visits of a network in an hour: at the third price, then nobody."
    ),
    "session.banned": _(
        "Where somebody of a network is banned: how many come from it without work."
    ),
    "session.tiles1": _("In how many places the visits of a network begin before they cost more."),
    "session.tiles2": _("The same for many more places, as somebody does who hunts for people."),
    "session.blamed": _("How many of a network are reported or banned before visits cost more."),
    "session.challenge": _("How often a network may ask what work a visit costs."),
    "session.call": _("How many calls and pages one visit may ask for."),
    "session.work": _("How much work each open page adds to what its network may cause."),
    "socket.session": _("How often one visit may connect anew."),
    "socket.frame": _("How many frames a connection of the chat may send."),
    "socket.flood": _(
        "How many frames may be refused as too fast before the connection is closed."
    ),
    "socket.people": _("How often a connection may ask for the whole list of people."),
    "address.work": _("How many milliseconds of a core one network may take of each process."),
    "place.move": _("How often somebody may move to another block, or choose a block or an area."),
    "place.radius": _("How often somebody may change how far they look."),
    "place.travel": _("How many metres somebody may travel: nobody is in two places at once."),
    "place.tiles": _(
        "How many places visits of a network may leave for far ones before those wait."
    ),
    "person.block": _("How often somebody may block people, or take that back."),
    "person.push": _("How often a visit may say by what it is reached while its page sleeps."),
    "chat.send": _("How many messages somebody may send."),
    "chat.new": _("How many messages somebody may send in the first minute of their visit."),
    "chat.repeat": _("How often somebody may say the same, or what looks the same."),
    "chat.copies": _("How often one long text, or one with a link, may come from one network."),
    "chat.refused": _("How many messages of somebody may be refused before they are muted."),
    "chat.react": _("How often somebody may react to messages, or take that back."),
    "chat.reactors": _("How often a connection may ask who reacted to a message."),
    "chat.report": _("How many reports one visit may send."),
    "chat.report.address": _("How many reports may come from one network."),
    "voice.ice": _("How often one visit may ask for a pass to the relay."),
    "voice.knock": _("How often somebody may ask others to talk."),
    "voice.door": _("How often somebody may change who may talk with them."),
    "voice.frame": _("How many frames a connection of voice may send."),
    "admin.login": _("How often one network may try to log in to the admin."),
    "admin.account": _("How often one account of the admin may be tried, from anywhere."),
    "admin.browser": _("How often a browser that was logged in before may try, in place of both."),
}


def sentence_of(rule: str) -> str:
    """A rule of a newer release has none here, and is shown by its name alone."""
    return str(SENTENCES.get(rule, ""))

"""What clients are told of the rules: how often one person, session or socket may do what."""

from collections.abc import Mapping

from neartalk.limits.rules import Rule, Rules

PUBLISHED = (
    "chat.send",
    "chat.new",
    "chat.repeat",
    "chat.refused",
    "chat.react",
    "chat.reactors",
    "chat.report",
    "person.block",
    "person.push",
    "place.move",
    "place.radius",
    "place.travel",
    "session.call",
    "socket.session",
    "socket.frame",
    "socket.people",
    "socket.flood",
    "voice.door",
    "voice.frame",
    "voice.ice",
    "voice.knock",
)

Limits = dict[str, dict[str, int]]


def published(rules: Rules) -> Limits:
    """Each rule that is on, as it stands: `burst` acts at once, then one each `interval_ms`."""
    each = {name: rules[name] for name in PUBLISHED}
    return {
        name: {"burst": rule.scaled_burst, "interval_ms": rule.interval_ms}
        for name, rule in each.items()
        if rule.on
    }


class PublishedLimits:
    """The same, worked out again only when the rules were read again: every arrival asks."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.stored: Mapping[str, Rule] | None = None
        self.limits: Limits = {}

    def current(self) -> Limits:
        if self.stored is not self.rules.stored:
            self.stored, self.limits = self.rules.stored, published(self.rules)
        return self.limits

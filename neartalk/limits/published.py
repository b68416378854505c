"""What clients are told of the rules: how often one person, session or socket may do what."""

from neartalk.limits.rules import Rules

PUBLISHED = (
    "chat.send",
    "chat.new",
    "chat.repeat",
    "chat.refused",
    "chat.report",
    "person.block",
    "place.move",
    "place.radius",
    "place.travel",
    "session.call",
    "socket.session",
    "socket.frame",
    "socket.flood",
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

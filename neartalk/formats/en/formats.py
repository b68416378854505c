"""A day has 24 hours, in UTC. A thin space stands between thousands."""

DATETIME_FORMAT = "j M Y, H:i"
THOUSAND_SEPARATOR = "\u202f"
NUMBER_GROUPING = 3

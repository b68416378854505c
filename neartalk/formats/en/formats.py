"""A day has 24 hours, in UTC."""

DATETIME_FORMAT = "j M Y, H:i"

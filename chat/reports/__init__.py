"""Reports of people: filed with sealed evidence, reviewed in the admin."""

from chat.reports import filing, moderation
from chat.reports.evidence import seal_of

__all__ = [
    "filing",
    "moderation",
    "seal_of",
]

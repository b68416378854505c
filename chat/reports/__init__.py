"""Reports of people: filed with sealed evidence, reviewed in the admin."""

from chat.reports.evidence import seal_of

__all__ = [
    "seal_of",
]

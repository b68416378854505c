"""Hours, days and weeks, as counts by the hour are added up and compared."""

from collections import Counter
from datetime import datetime, timedelta

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = 7 * DAY
Hourly = Counter[datetime]


def midnight_of(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)

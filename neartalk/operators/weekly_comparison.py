"""How today is beside the same weekday a week ago. Sums of hours, each read through an index."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, Sum
from django.utils.safestring import SafeString

from neartalk.models import HourlyActivity
from neartalk.operators.charts import HOURS, Bar, bars, number
from neartalk.operators.hours import DAY, HOUR, WEEK, Hourly, midnight_of

# Processes write an hour of activity within so long after it is over.
WRITTEN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class ActivityFigure:
    """A measure of today until `by`, where the last published hour ended.

    `before` is the same measure a week ago, until the same time of the day.
    """

    title: str
    note: str
    by: datetime
    today: float
    before: float
    chart: SafeString

    @property
    def value(self) -> str:
        return number(self.today)

    @property
    def beside(self) -> str:
        """The comparison with last week, in words."""
        if self.by == midnight_of(self.by):
            return "no hour is told yet"
        if not self.before:
            return "none last week by then" if self.today else "none last week either"
        change = round((self.today / self.before - 1) * 100)
        how = f"{abs(change)} % {'more' if change > 0 else 'less'} than" if change else "as many as"
        return f"{how} last week by then ({number(self.before)})"


def activity_figures(now: datetime) -> list[ActivityFigure]:
    """Four measures, each of all areas together.

    An hour is published when it is over, so only whole hours are compared.
    """
    midnight = midnight_of(now)
    then = midnight - WEEK
    rows = HourlyActivity.objects.filter(
        Q(hour__gte=midnight, hour__lt=midnight + DAY) | Q(hour__gte=then, hour__lt=then + DAY)
    )
    measures = ("people", "sessions", "messages", "voice_minutes")
    sums = rows.values("hour").annotate(**{f"all_{one}": Sum(one) for one in measures})
    by_measure: dict[str, Hourly] = {one: Counter() for one in measures}
    for hour, *each in sums.values_list("hour", *(f"all_{one}" for one in measures)):
        for one, total in zip(measures, each, strict=True):
            by_measure[one][hour] = total
    by = published_until(now)
    return [
        figure("People", "in the busiest hour", by_measure["people"], most, by),
        figure("Visits", "begun", by_measure["sessions"], sum, by),
        figure("Messages", "sent", by_measure["messages"], sum, by),
        figure("Voice", "minutes spoken", by_measure["voice_minutes"], sum, by),
    ]


def figure(
    title: str,
    note: str,
    counts: Hourly,
    fold: Callable[[Iterable[float]], float],
    by: datetime,
) -> ActivityFigure:
    hours = [midnight_of(by) + at * HOUR for at in range(by.hour)]
    today, before = (fold(counts[hour - ago] for hour in hours) for ago in (0 * WEEK, WEEK))
    return ActivityFigure(title, note, by, today, before, day(title, counts, by))


def day(title: str, counts: Hourly, by: datetime) -> SafeString:
    hours = [midnight_of(by) + at * HOUR for at in range(HOURS)]
    each = [
        Bar(f"{hour:%H:%M}", counts[hour] if hour < by else None, counts[hour - WEEK])
        for hour in hours
    ]
    return bars(title, each, "a week ago")


def published_until(now: datetime) -> datetime:
    """The end of the last hour of today that every process has written, or midnight."""
    hour = (now - WRITTEN).replace(minute=0, second=0, microsecond=0)
    return max(hour, midnight_of(now))


def most(counts: Iterable[float]) -> float:
    return max(counts, default=0)

"""How today is beside the same weekday a week ago. Sums of hours, each read through an index."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, Sum
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from neartalk.models import HourlyActivity
from neartalk.operators.charts import HOURS, Bar, bars, number
from neartalk.operators.hours import DAY, HOUR, WEEK, Hourly, midnight_of

# Processes write an hour of activity within so long after it is over.
WRITTEN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Measure:
    """What is counted: its title, the sentence of its chart, and that of its value so far."""

    title: Promise
    chart: Promise
    words: Callable[[int], str]


PEOPLE = Measure(
    _("People"),
    _("People, by the hour, then a week ago."),
    lambda count: ngettext(
        "{value} in the busiest hour by {time}", "{value} in the busiest hour by {time}", count
    ),
)
VISITS = Measure(
    _("Visits"),
    _("Visits, by the hour, then a week ago."),
    lambda count: ngettext("{value} begun by {time}", "{value} begun by {time}", count),
)
MESSAGES = Measure(
    _("Messages"),
    _("Messages, by the hour, then a week ago."),
    lambda count: ngettext("{value} sent by {time}", "{value} sent by {time}", count),
)
VOICE = Measure(
    _("Voice"),
    _("Voice, by the hour, then a week ago."),
    lambda count: ngettext(
        "{value} minute spoken by {time}", "{value} minutes spoken by {time}", count
    ),
)


@dataclass(frozen=True, slots=True)
class ActivityFigure:
    """A measure of today until `by`, where the last published hour ended.

    `before` is the same measure a week ago, until the same time of the day.
    """

    measure: Measure
    by: datetime
    today: float
    before: float
    chart: SafeString

    @property
    def title(self) -> str:
        return str(self.measure.title)

    @property
    def value(self) -> str:
        return number(self.today)

    @property
    def words(self) -> SafeString:
        """The value in a sentence: "15 sent by 20:00"."""
        value = format_html("<strong>{}</strong>", self.value)
        time = date_format(self.by, "H:i")
        return format_html(self.measure.words(round(self.today)), value=value, time=time)

    @property
    def beside(self) -> str:
        """The comparison with last week, in words."""
        if self.by == midnight_of(self.by):
            return gettext("no hour is told yet")
        if not self.before:
            by_then = gettext("none last week by then")
            return by_then if self.today else gettext("none last week either")
        change = round((self.today / self.before - 1) * 100)
        words = gettext("as many as last week by then ({before})")
        if change > 0:
            words = gettext("{percent} % more than last week by then ({before})")
        elif change < 0:
            # xgettext:no-python-format
            words = gettext("{percent} % less than last week by then ({before})")
        return words.format(percent=number(abs(change)), before=number(self.before))


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
        figure(PEOPLE, by_measure["people"], most, by),
        figure(VISITS, by_measure["sessions"], sum, by),
        figure(MESSAGES, by_measure["messages"], sum, by),
        figure(VOICE, by_measure["voice_minutes"], sum, by),
    ]


def figure(
    measure: Measure,
    counts: Hourly,
    fold: Callable[[Iterable[float]], float],
    by: datetime,
) -> ActivityFigure:
    hours = [midnight_of(by) + at * HOUR for at in range(by.hour)]
    today, before = (fold(counts[hour - ago] for hour in hours) for ago in (0 * WEEK, WEEK))
    return ActivityFigure(measure, by, today, before, day(str(measure.chart), counts, by))


def day(title: str, counts: Hourly, by: datetime) -> SafeString:
    hours = [midnight_of(by) + at * HOUR for at in range(HOURS)]
    each = [
        Bar(f"{hour:%H:%M}", counts[hour] if hour < by else None, counts[hour - WEEK])
        for hour in hours
    ]
    return bars(title, each)


def published_until(now: datetime) -> datetime:
    """The end of the last hour of today that every process has written, or midnight."""
    hour = (now - WRITTEN).replace(minute=0, second=0, microsecond=0)
    return max(hour, midnight_of(now))


def most(counts: Iterable[float]) -> float:
    return max(counts, default=0)

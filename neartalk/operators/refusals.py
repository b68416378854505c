"""Which rules refuse far more than usual. Sums of hours, each read through an index; a million hits
are never added up."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from neartalk.limits import RULES
from neartalk.models import HourlyHits, RateLimitHit
from neartalk.operators.charts import HOURS, Bar, bars
from neartalk.operators.hours import DAY, HOUR, WEEK, Hourly, midnight_of

# So many hits in an hour, and so many times those of the same hour on the days before, stand out.
FAR_COUNT, FAR_TIMES = 20, 3
NEWEST_HITS, SUBJECTS = 2000, 8


@dataclass(frozen=True, slots=True)
class Refusals:
    """The refusals of a rule: today's, and those of the last 24 hours by the hour."""

    rule: str
    today: int
    before: float
    far: Sequence[datetime]
    chart: SafeString

    @property
    def far_hours(self) -> str:
        return ", ".join(date_format(hour, "H:i") for hour in self.far)


def refusals_by_rule(now: datetime, link: Callable[[str, datetime], str]) -> list[Refusals]:
    """The rules that refused anything in 24 hours: those that stand out, then the busiest first.

    `link` gives the address where the hits of a rule in an hour are listed.
    """
    running = now.replace(minute=0, second=0, microsecond=0)
    counts: defaultdict[str, Hourly] = defaultdict(Counter)
    rows = HourlyHits.objects.filter(hour__gt=running - WEEK - DAY, hour__lte=running)
    for rule, hour, count in rows.values_list("rule", "hour", "count"):
        counts[rule][hour] = count
    lately = [running - at * HOUR for at in reversed(range(HOURS))]
    found = [
        of_rule(rule, each, lately, now, link)
        for rule, each in counts.items()
        if any(each[hour] for hour in lately)
    ]
    return sorted(found, key=lambda one: (-len(one.far), -one.today, one.rule))


def so_far(counts: Hourly, now: datetime) -> tuple[int, float]:
    """Today's count, and that of a week ago until the same time.

    Of the hour that runs, last week's counts by the share of it that is over: hits are written
    within about a minute.
    """
    hours = [midnight_of(now) + at * HOUR for at in range(now.hour + 1)]
    before: list[float] = [counts[hour - WEEK] for hour in hours]
    before[-1] *= (now - hours[-1]) / HOUR
    return sum(counts[hour] for hour in hours), sum(before)


def of_rule(
    rule: str,
    counts: Hourly,
    lately: Sequence[datetime],
    now: datetime,
    link: Callable[[str, datetime], str],
) -> Refusals:
    usual = {hour: usually(counts, hour) for hour in lately}
    far = [hour for hour in lately if stands_out(counts[hour], usual[hour])]
    # Translators: a day and an hour as Django's date filter writes them.
    hour_format = gettext("d M H:i")
    each = [
        Bar(
            date_format(hour, hour_format),
            counts[hour],
            usual[hour],
            far=hour in far,
            url=link(rule, hour) if hour in far else "",
        )
        for hour in lately
    ]
    today, before = so_far(counts, now)
    # Translators: of a chart of how often a rule refused somebody.
    title = gettext("{rule}, by the hour, then usually.").format(rule=rule)
    return Refusals(rule, today, before, far, bars(title, each))


def usually(counts: Hourly, hour: datetime) -> float:
    """The median of this hour of the day over the seven days before: one bad evening does not move
    it."""
    return median(counts[hour - days * DAY] for days in range(1, 8))


def stands_out(count: int, usual: float) -> bool:
    return count >= FAR_COUNT and count > FAR_TIMES * usual


def quiet(found: Iterable[Refusals]) -> list[str]:
    """The rules that refused nothing in 24 hours."""
    return sorted(RULES.keys() - {one.rule for one in found})


def subjects(now: datetime) -> list[tuple[str, str, int]]:
    """Rule, subject and count of who was refused most in the last hour, among the newest hits."""
    newest = RateLimitHit.objects.filter(minute__gte=now - HOUR).order_by("-minute", "-id")
    sums: Counter[tuple[str, str]] = Counter()
    for rule, subject, count in newest.values_list("rule", "subject", "count")[:NEWEST_HITS]:
        sums[rule, subject] += count
    return [(rule, subject, count) for (rule, subject), count in sums.most_common(SUBJECTS)]

"""How today is beside the same weekday a week ago, and which rules refuse far more than usual. Sums
of hours, each read through an index; a million hits are never added up."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Q, Sum
from django.utils.safestring import SafeString

from neartalk.limits import RULES
from neartalk.models import HourlyActivity, HourlyHits, RateLimitHit, Sanction
from neartalk.operators.charts import HOURS, Bar, bars, number

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = 7 * DAY
# Processes write an hour of activity within so long after it is over.
WRITTEN = timedelta(minutes=2)
# So many hits in an hour, and so many times those of the same hour on the days before, stand out.
FAR_COUNT, FAR_TIMES = 20, 3
NEWEST_HITS, SUBJECTS = 2000, 8
Hourly = Counter[datetime]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure of today until `by`, where the last hour that is told ended. `before` is what it
    was a week ago until the same time of the day."""

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
        """Against last week, in words."""
        if self.by == midnight_of(self.by):
            return "no hour is told yet"
        if not self.before:
            return "none last week by then" if self.today else "none last week either"
        change = round((self.today / self.before - 1) * 100)
        how = f"{abs(change)} % {'more' if change > 0 else 'less'} than" if change else "as many as"
        return f"{how} last week by then ({number(self.before)})"


@dataclass(frozen=True, slots=True)
class Refusals:
    """Of a rule: today's, and those of the last 24 hours by the hour."""

    rule: str
    today: int
    before: float
    far: Sequence[datetime]
    chart: SafeString


# ---- People ----------------------------------------------------------------------------------


def activity(now: datetime) -> list[Figure]:
    """Four measures. What others may see of an area is in none of them: they are of everywhere.
    Nothing is told of an hour before it is over, so only whole hours are compared."""
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
    by = told_until(now)
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
) -> Figure:
    hours = [midnight_of(by) + at * HOUR for at in range(by.hour)]
    today, before = (fold(counts[hour - ago] for hour in hours) for ago in (0 * WEEK, WEEK))
    return Figure(title, note, by, today, before, day(title, counts, by))


def day(title: str, counts: Hourly, by: datetime) -> SafeString:
    hours = [midnight_of(by) + at * HOUR for at in range(HOURS)]
    each = [
        Bar(f"{hour:%H:%M}", counts[hour] if hour < by else None, counts[hour - WEEK])
        for hour in hours
    ]
    return bars(title, each, "a week ago")


def told_until(now: datetime) -> datetime:
    """Where the last hour of today ended that every process has written, or midnight."""
    hour = (now - WRITTEN).replace(minute=0, second=0, microsecond=0)
    return max(hour, midnight_of(now))


def midnight_of(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def most(counts: Iterable[float]) -> float:
    return max(counts, default=0)


# ---- Refusals --------------------------------------------------------------------------------


def refusals(now: datetime, link: Callable[[str, datetime], str]) -> list[Refusals]:
    """Of each rule that refused anything lately, those that stand out and then the busiest first.
    `link` is where the hits of a rule in an hour are listed."""
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
    """Today's, and those of a week ago until the same time: of the hour that runs, the share that
    is over, for hits are written within a minute or so."""
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
    each = [
        Bar(
            f"{hour:%d %b %H:%M}",
            counts[hour],
            usual[hour],
            far=hour in far,
            url=link(rule, hour) if hour in far else "",
        )
        for hour in lately
    ]
    today, before = so_far(counts, now)
    return Refusals(rule, today, before, far, bars(rule, each, "usually"))


def usually(counts: Hourly, hour: datetime) -> float:
    """At this time of the day, over the seven days before: the middle one, which one bad evening
    does not move."""
    return median(counts[hour - days * DAY] for days in range(1, 8))


def stands_out(count: int, usual: float) -> bool:
    return count >= FAR_COUNT and count > FAR_TIMES * usual


def quiet(found: Iterable[Refusals]) -> list[str]:
    """The rules that refused nothing lately."""
    return sorted(RULES.keys() - {one.rule for one in found})


def subjects(now: datetime) -> list[tuple[str, str, int]]:
    """Rule, subject and count of those refused most in the last hour, of the newest hits."""
    newest = RateLimitHit.objects.filter(minute__gte=now - HOUR).order_by("-minute", "-id")
    sums: Counter[tuple[str, str]] = Counter()
    for rule, subject, count in newest.values_list("rule", "subject", "count")[:NEWEST_HITS]:
        sums[rule, subject] += count
    return [(rule, subject, count) for (rule, subject), count in sums.most_common(SUBJECTS)]


# ---- Sanctions -------------------------------------------------------------------------------


def bans_ending(now: datetime) -> list[Sanction]:
    """Within 24 hours, the soonest first."""
    ending = Sanction.objects.filter(
        kind=Sanction.Kind.BAN, lifted=None, until__gt=now, until__lte=now + DAY
    )
    return [*ending.order_by("until")[:100]]

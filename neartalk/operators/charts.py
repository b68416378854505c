"""Small bar charts as SVG, a bar an hour. Pure: numbers in, markup out. Every chart says in words
what it shows, and what stands out has a mark besides its colour. Colours are in css/admin.css."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

SLOT, BAR, HEIGHT, ROOM = 12, 9, 56, 10
HOURS = 24


@dataclass(frozen=True, slots=True)
class Bar:
    """An hour: its count, the count to compare with, whether it stands out, and the URL of its
    details. `count` is None for an hour that is not over yet."""

    hour: str
    count: int | None
    before: float = 0
    far: bool = False
    url: str = ""

    @property
    def words(self) -> str:
        # Translators: an hour, its count, and the count of the hour that it is compared with.
        words = gettext("{hour}: {count}, {before} then")
        if self.count is None:
            words = gettext("{hour}: not told yet, {before} then")
        elif self.far:
            words = gettext("{hour}: {count}, {before} then, far above usual")
        count, before = number(self.count or 0), number(self.before)
        return words.format(hour=self.hour, count=count, before=before)


def bars(title: str, each: Sequence[Bar]) -> SafeString:
    """A chart of these hours. The title says what they are, and what they are compared with."""
    most = max([1.0, *(max(bar.count or 0, bar.before) for bar in each)])
    # Nothing in a picture could be followed.
    role = "group" if any(bar.url for bar in each) else "img"
    return format_html(
        '<svg class="bars" viewBox="0 0 {} {}" role="{}" aria-label="{}">'
        '<path class="ground" d="M0 {}H{}"/>{}<path class="then" d="{}"/></svg>',
        *(len(each) * SLOT, ROOM + HEIGHT + 1, role, summary(title, each)),
        *(ROOM + HEIGHT, len(each) * SLOT),
        format_html_join("", "{}", ((drawn(bar, at, most),) for at, bar in enumerate(each))),
        steps([bar.before for bar in each], most),
    )


def drawn(bar: Bar, at: int, most: float) -> SafeString:
    """A bar, its mark, and a way to more: the whole column is there to be pointed at."""
    left, tall = at * SLOT, height(bar.count or 0, most)
    column = format_html(
        '<title>{}</title><rect class="column" x="{}" width="{}" height="{}"/>'
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>{}',
        *(bar.words, left, SLOT, ROOM + HEIGHT),
        *("bar far" if bar.far else "bar", left + (SLOT - BAR) / 2, ROOM + HEIGHT - tall),
        *(BAR, tall),
        mark(left + SLOT / 2, ROOM + HEIGHT - tall) if bar.far else "",
    )
    if bar.url:
        return format_html('<a href="{}" aria-label="{}">{}</a>', bar.url, bar.words, column)
    return format_html("<g>{}</g>", column)


def mark(middle: float, top: float) -> SafeString:
    """A small arrow down onto a bar that stands out."""
    return format_html(
        '<path class="far" d="M{} {}h7l-3.5 5z"/>', f"{middle - 3.5:g}", f"{top - 7:g}"
    )


def steps(values: Sequence[float], most: float) -> str:
    """A line that stands as high as each value for as long as its hour."""
    tops = (f"{ROOM + HEIGHT - height(value, most):g}" for value in values)
    return "M0 " + "V".join(f"{top}H{(at + 1) * SLOT}" for at, top in enumerate(tops))


def height(value: float, most: float) -> float:
    """At least a pixel for whatever is not nothing."""
    return max(1.0, round(value / most * HEIGHT, 1)) if value else 0.0


def summary(title: str, each: Sequence[Bar]) -> str:
    # Translators: what stands between the hours of a list.
    hours = gettext("; ").join(bar.words for bar in each if bar.count or bar.before)
    # Translators: a whole sentence, and what is listed after it.
    return gettext("{sentence} {list}.").format(sentence=title, list=hours or gettext("Nothing"))


def number(value: float) -> str:
    """As people write it in their language, with a sign between thousands."""
    return number_format(round(value), force_grouping=True)

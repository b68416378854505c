"""What a reviewer is told first: by how many somebody is reported, and what the server did about it
by itself."""

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from chat.models import Report
from neartalk.models import Sanction


def alarm_of(report: Report) -> dict[str, str]:
    """While the automatic mute of the person holds: who reported them, and until when it does."""
    now = timezone.now()
    mutes = Sanction.objects.filter(
        person_id=report.person_id, until_reviewed=True, lifted=None, until__gt=now
    )
    mute = mutes.order_by("-until").first()
    if mute is None:
        return {}
    count = waiting_of(report).exclude(subject="").values("reporter").distinct().count()
    words = ngettext(
        "Alert: {count} person reported {name}.", "Alert: {count} people reported {name}.", count
    )
    name = f"\u2068{report.name or report.person_id}\u2069"
    done = gettext("Muted by the server until {when}, or until you decide.")
    when = date_format(mute.until, gettext("j M, H:i"))
    return {"title": words.format(count=count, name=name), "words": done.format(when=when)}


def reports_in_words(report: Report) -> str:
    """How many reports of the person wait, and from how many networks of whoever met them."""
    met = Count("subject", distinct=True, filter=~Q(subject=""))
    count, networks = waiting_of(report).aggregate(count=Count("pk"), networks=met).values()
    # Translators: how many reports of somebody wait, and from how many networks.
    words = ngettext(
        "{count}, from {networks} network", "{count}, from {networks} networks", networks
    )
    return words.format(count=count, networks=networks)


def waiting_of(report: Report) -> QuerySet[Report]:
    return Report.objects.filter(person_id=report.person_id, state=Report.State.WAITING)

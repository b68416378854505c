"""What was said in range, for those who ask instead of listening; and reports of it."""

from django.http import HttpResponse, JsonResponse

from chat.feed import ARRIVAL_MAX, Said, after, gather, heard_at
from chat.forms import ReportForm
from chat.messages import StreamId, stream_id_of
from chat.parts import chat_of
from chat.reports import filing as reports
from neartalk.codes import Refused
from neartalk.http import HtmxRequest, body_of, endpoint
from neartalk.limits import (
    Act,
    Allowances,
    allow,
    narrowest,
    origin_of,
    peer_and_forwarded,
    widest_network,
)
from neartalk.parts import platform_of
from presence.delivery import Form
from presence.geo import apart, label, tiles_within
from presence.people import Session
from presence.views import placed


@endpoint("GET")
async def messages(request: HtmxRequest) -> HttpResponse:
    """The newest 200 in range and alive, oldest first; `?before=<id>` reads on from there."""
    chat = chat_of(request)
    session = await placed(chat.presence, request)
    person, place = session.person, session.person.place
    before = before_of(request.GET.get("before"))

    def wanted(said: Said) -> bool:
        known = before is not None and (said.at, said.id) >= before
        return (
            not known
            and heard_at(place, said)
            and session.may_receive(said.person_id, said.sent_ms)
        )

    replay = await gather(
        chat.history,
        dict.fromkeys(
            tiles_within(place.cell, place.radius_m), after(before[0]) if before else None
        ),
        wanted,
        limit=ARRIVAL_MAX,
    )
    said = [(one, label(apart(place.cell, one.place.cell))) for one in replay.messages]
    if request.htmx:
        mine = person.person_id
        rows = (one.row(Form.HTML, far, mine=one.person_id == mine) for one, far in said)
        return HttpResponse("".join(rows))
    return JsonResponse({"messages": [one.fields(far) for one, far in said]})


@endpoint("POST")
async def report(request: HtmxRequest) -> HttpResponse:
    """Taken once it waits to be written: nobody waits for the database."""
    form = ReportForm(body_of(request))
    if not form.is_valid():
        raise Refused(form.why())
    chat, platform = chat_of(request), platform_of(request)
    session = await chat.presence.sessions.of_request(request)
    if not session.person.cell:
        raise Refused("no-place")
    origin = await origin_of(platform.keys, *peer_and_forwarded(request.scope))
    await allow_report(platform.allowances, session, narrowest(origin))
    subject = widest_network(origin) or session.person.person_id
    filed = await reports.filed(chat.feed, session, subject, form.cleaned_data)
    platform.records.queue.enqueue(reports.keep, filed)
    return HttpResponse(status=201) if request.htmx else JsonResponse({}, status=201)


async def allow_report(allowances: Allowances, session: Session, origin: str) -> None:
    """Raises Refused: `too-many-reports`."""
    # Apart: one's own allowance is the same from wherever one calls.
    await allow(allowances, "too-many-reports", Act("chat.report", session.digest))
    if origin:
        await allow(allowances, "too-many-reports", Act("chat.report.address", origin))


def before_of(message_id: str | None) -> tuple[StreamId, str] | None:
    """Where to read on from. Two tiles may give the same place, so the whole id decides.

    Raises Refused: `bad-frame`.
    """
    if message_id is None:
        return None
    at = stream_id_of(message_id)
    if at is None:
        raise Refused("bad-frame")
    return at, message_id

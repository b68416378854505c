"""What was said in range, for those who ask instead of listening."""

from django.http import HttpResponse, JsonResponse

from chat.feed import feed
from chat.messages import StreamId, stream_id_of
from chat.replay import ARRIVAL_MAX, gather, heard_at
from chat.said import Said
from chat.tail import after
from neartalk.codes import Refused
from neartalk.http import HtmxRequest, endpoint
from presence.frames import Form
from presence.geo import apart, label, tiles_within
from presence.views import placed


@endpoint("GET")
async def messages(request: HtmxRequest) -> HttpResponse:
    """The newest 200 in range and alive, oldest first; `?before=<id>` reads on from there."""
    session = await placed(request)
    person, place = session.person, session.person.place
    before = before_of(request.GET.get("before"))

    def wanted(said: Said) -> bool:
        known = before is not None and (said.at, said.id) >= before
        return not known and heard_at(place, said) and session.hears(said.person_id, said.said_ms)

    replay = await gather(
        feed().history,
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
